"""The doctor: counts that are right, and each problem found in a made-up store and only there."""

import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from laban.clip import Clip, Segment
from laban.info import REMEDIES, describe, info
from laban.skeletons import SKELETONS
from laban.store import Store

SKELETON = SKELETONS["kinect-v1"]
SPINE = [SKELETON.index(joint) for joint in SKELETON.spine]


def healthy(number: int, *, persons: int = 1, frames: int = 20) -> Clip:
    rng = np.random.default_rng(number)
    body = rng.standard_normal((persons, 1, len(SKELETON), 3)) + 10
    body[:, :, SPINE[1]] = body[:, :, SPINE[0]] + [0, 0.5 + 0.01 * (number % 5), 0]
    sway = rng.standard_normal((persons, frames, 1, 3)) * 0.02
    jitter = rng.standard_normal((persons, frames, len(SKELETON), 3)) * 0.001
    facts = {"subject": str(number % 12), "camera": str(number % 3 + 1)}
    return Clip(f"c{number}", body + sway + jitter, SKELETON, label="sit down", facts=facts)


def changed(clip: Clip, where: tuple, value: object) -> Clip:
    poses = clip.poses.copy()
    poses[where] = value
    return replace(clip, poses=poses, present=None)


def problems(tmp_path, clips: list[Clip]) -> dict[str, dict]:
    store = Store.write(tmp_path / "s.arrow", clips, overwrite=True)
    return {problem["kind"]: problem for problem in describe(store)["problems"]}


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


def faulty(kind: str) -> Clip:
    clip = healthy(50, frames=20)
    match kind:
        case "empty":
            return changed(clip, (...,), 0)
        case "zero-joints":
            return changed(clip, (0, slice(None), 7), 0)
        case "constant-joints":
            return changed(clip, (0, slice(None), 7), 1.5)
        case "lost-frames":
            return changed(clip, (0, slice(4, 6)), 0)
        case "jumps":
            return changed(clip, (0, slice(9, 12)), clip.poses[0, 9:12] + 2)
        case "short":
            return healthy(50, frames=7)
        case "unlabelled":
            return replace(clip, label=None)
        case "scale":
            return replace(clip, poses=clip.poses * 1.6)
        case "duplicates":
            return replace(healthy(3), name="c50")
    raise AssertionError(kind)


CLIP_KINDS = [kind for kind in REMEDIES if kind not in ("damaged", "units", "imbalance")]


@pytest.mark.parametrize("kind", CLIP_KINDS)
def test_each_problem_is_found_alone_and_named(tmp_path, kind):
    found = problems(tmp_path, [healthy(i) for i in range(10)] + [faulty(kind)])
    assert list(found) == [kind]
    assert found[kind]["count"] == 1
    name = "c50 = c3" if kind == "duplicates" else "c50"
    assert found[kind]["examples"] == [name]
    assert found[kind]["remedy"] == REMEDIES[kind]


def test_at_most_five_examples_are_given_and_all_are_counted(tmp_path):
    found = problems(tmp_path, [replace(healthy(i), label=None) for i in range(8)])
    assert found["unlabelled"]["count"] == 8
    assert found["unlabelled"]["examples"] == [f"c{i}" for i in range(5)]


def test_clips_with_segments_are_labelled(tmp_path):
    long = replace(healthy(0), label=None, segments=(Segment("wave", 2, 9),))
    assert problems(tmp_path, [long]) == {}


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


def test_a_second_person_who_leaves_is_not_lost_but_one_who_returns_is(tmp_path):
    pair = healthy(0, persons=2)
    assert problems(tmp_path, [changed(pair, (1, slice(8, None)), 0)]) == {}
    assert list(problems(tmp_path, [changed(pair, (1, slice(8, 9)), 0)])) == ["lost-frames"]


def test_a_walk_through_a_gap_is_not_a_jump(tmp_path):
    clip = healthy(0, frames=40)
    far = clip.poses[0, 30:] + 5
    clip = changed(clip, (0, slice(30, None)), far)
    assert "jumps" in problems(tmp_path, [clip])
    assert "jumps" not in problems(tmp_path, [changed(clip, (0, slice(10, 30)), 0)])


def test_millimetres_are_noticed(tmp_path):
    clips = [replace(clip, poses=clip.poses * 1000) for clip in map(healthy, range(6))]
    found = problems(tmp_path, clips)
    assert list(found) == ["units"]
    assert found["units"]["count"] == 6


def test_damage_on_the_disk_is_noticed(tmp_path):
    store = Store.write(tmp_path / "s.arrow", [healthy(i) for i in range(3)])
    whole = store.path.read_bytes()
    at = whole.index(store[1].poses.tobytes())
    (tmp_path / "t.arrow").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    (problem,) = describe(Store(tmp_path / "t.arrow"))["problems"]
    assert (problem["kind"], problem["examples"]) == ("damaged", ["c1"])


def test_rare_classes_are_noticed(tmp_path):
    clips = [replace(healthy(i), label=f"k{i // 10}") for i in range(30)]
    clips += [replace(healthy(40), label="rare")]
    found = problems(tmp_path, clips)
    assert list(found) == ["imbalance"]
    assert found["imbalance"]["examples"] == ["rare (1)"]


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


def test_json_is_returned_and_nothing_shown(tmp_path, capsys):
    store = Store.write(tmp_path / "s.arrow", [healthy(0)])
    assert info(store.path).value == describe(store)
    assert capsys.readouterr() == ("", "")


def test_the_page_for_people_names_what_it_found(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    clips = [replace(healthy(i), name=f"[bold]{i}") for i in range(9)]
    Console().print(info(Store.write(tmp_path / "s.arrow", clips).path).text)
    out = capsys.readouterr().out
    assert "nothing looks wrong" in out
    assert "sit down (9)" in out
    clips.append(replace(faulty("empty"), name="[bold]x"))
    Console().print(info(Store.write(tmp_path / "t.arrow", clips).path).text)
    out = capsys.readouterr().out
    assert "what looks wrong" in out and "[bold]x" in out and "nobody is there" in out
