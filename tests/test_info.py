"""What `info` says of a store: counts that are right, benchmarks that fit, a page for people."""

import json
from dataclasses import replace

import pytest
from make_flawed import faulty, healthy
from rich.console import Console

from laban.benchmarks import Benchmark
from laban.clip import Segment
from laban.errors import LabanError
from laban.info import describe, info
from laban.store import Store


def test_a_healthy_store_is_described_and_has_no_problem(tmp_path):
    clips = [healthy(i, persons=1 + i // 9, frames=10 + i) for i in range(10)]
    clips[0].label = "carry"
    clips += [replace(healthy(10 + i), label="carry") for i in range(5)]
    store = Store.write(tmp_path / "s.arrow", clips, info={"format": "nw-ucla"})
    found = describe(store)
    assert found["problems"] == []
    assert found["clips"] == 15
    assert found["frames"] == sum(clip.frames for clip in clips)
    assert found["frames_per_clip"]["max"] == 20
    assert found["frames_per_clip"]["min"] == 10
    assert found["classes"] == {"carry": 6, "sit down": 9}
    assert found["skeleton"] == "kinect-v1"
    assert found["channels"] == 3
    assert found["persons"] == {"1": 14, "2": 1}
    assert found["fps"] == {"30": 15}
    assert found["subjects"] == [str(i) for i in range(12)]
    assert found["cameras"] == ["1", "2", "3"]
    assert found["benchmarks"] == ["nw-ucla-xview"]
    assert json.loads(json.dumps(found)) == found


def test_segments_are_counted_and_found_by_benchmarks(tmp_path):
    clips = [
        replace(
            healthy(i),
            label=None,
            facts={"subject": str(i)},
            segments=(Segment("action 8", 0, 3), Segment("action 1", 5, 9)),
        )
        for i in (1, 2)
    ]
    facts = describe(Store.write(tmp_path / "s.arrow", clips))
    assert facts["segments"] == {"action 1": 2, "action 8": 2}
    assert facts["benchmarks"] == ["precog"]


@pytest.mark.parametrize(
    ("labels", "cameras", "fits"),
    [
        (["carry", "throw"], ["1", "3"], True),
        (["carry", "throw"], ["1", "2"], False),
        (["carry", "juggle"], ["1", "3"], False),
        (["carry", None], ["1", "3"], False),
        (["carry", "throw"], ["1", None], False),
    ],
)
def test_a_benchmark_fits_where_both_splits_and_all_labels_are(tmp_path, labels, cameras, fits):
    clips = [
        replace(healthy(i), label=label, facts={"camera": camera} if camera else {})
        for i, (label, camera) in enumerate(zip(labels, cameras, strict=True))
    ]
    store = Store.write(tmp_path / "s.arrow", clips)
    assert describe(store)["benchmarks"] == (["nw-ucla-xview"] if fits else [])


def test_the_parts_of_an_own_split_are_counted(tmp_path):
    clips = [replace(healthy(i), facts={"subject": str(i % 3)}) for i in range(6)]
    store = Store.write(tmp_path / "s.arrow", clips)
    own = {"name": "own", "classes": ["sit down", "x"], "train": {"subject": [0]}}
    one = Benchmark.from_json(own | {"test": {"subject": [7]}})
    assert describe(store, one)["split"] == {"train": 2, "test": 0, "neither": 4}
    assert describe(store)["split"] == {}
    (tmp_path / "b.json").write_text(json.dumps(own | {"test": {"subject": [1]}}))
    console = Console(width=200)
    with console.capture() as said:
        console.print(info(store.path, benchmark=str(tmp_path / "b.json")).text)
    assert "train (2), test (2), neither (2)" in said.get()
    both = Benchmark.from_json(own | {"test": {"subject": [0]}})
    with pytest.raises(LabanError, match="subject 0 both trains and tests"):
        describe(store, both)


def test_benchmarks_of_another_dataset_are_not_named_and_folds_are_one_word(tmp_path):
    """SHREC'17 and DHG have the same gestures, and subjects with the same numbers."""
    clips = [
        replace(healthy(i), label="Grab (1)", facts={"subject": str(1 + i % 20), "split": part})
        for i, part in enumerate(["train", "test"] * 20)
    ]
    paths = [tmp_path / f"{origin}.arrow" for origin in ("shrec17", "dhg", "pyskl")]
    for path in paths:
        Store.write(path, clips, info={"format": path.stem})
    shrec, dhg, both = (describe(Store(path))["benchmarks"] for path in paths)
    assert shrec == ["shrec17-14", "shrec17-28"]
    assert len(dhg) == 40 and dhg[0] == "dhg-14:1"
    assert both == shrec + dhg
    console = Console(width=200)
    with console.capture() as said:
        console.print(info(paths[2]).text)
    assert "shrec17-14, shrec17-28, dhg-14:1 to 20, dhg-28:1 to 20" in said.get()


def test_json_is_returned_and_nothing_shown(tmp_path, capsys):
    store = Store.write(tmp_path / "s.arrow", [healthy(0)])
    assert info(store.path).value == describe(store)
    assert capsys.readouterr() == ("", "")


def test_the_page_for_people_names_what_it_found(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    clips = [replace(healthy(i), name=f"[bold]{i}") for i in range(9)]
    origin = {"format": "table", "mapping": "own to kinect-v1: 20 joints taken"}
    Console().print(info(Store.write(tmp_path / "s.arrow", clips, info=origin).path).text)
    out = capsys.readouterr().out
    assert "nothing looks wrong" in out
    assert "own to kinect-v1: 20 joints taken" in out
    assert "sit down (9)" in out
    clips.append(replace(faulty("empty"), name="[bold]x"))
    Console().print(info(Store.write(tmp_path / "t.arrow", clips).path).text)
    out = capsys.readouterr().out
    assert "what looks wrong" in out and "[bold]x" in out and "nobody is there" in out
