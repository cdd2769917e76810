"""The Kinetics-Skeleton reader: made-up files and faults."""

import json

import numpy as np
import pytest
from make_kinetics import kinetics_value, write_kinetics

from laban.benchmarks import BENCHMARKS
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["kinetics"]
CLIPS = {"--3ouPhoy2A": ("train", "eating spaghetti"), "_aZ": ("val", "zumba")}


def test_round_trip(tmp_path):
    values = write_kinetics(tmp_path, CLIPS, people=(1, 0, 5, 2))
    source = Source.open(tmp_path)
    entries = READER.find(source)
    assert [entry.facts for entry in entries] == [{"split": "train"}, {"split": "test"}]
    for entry in entries:
        clip = READER.read(source, entry)
        assert (clip.poses.shape, clip.fps, clip.label) == ((5, 4, 18, 2), 30, CLIPS[clip.name][1])
        for frame in values[clip.name]["data"]:
            t = frame["frame_index"] - 1
            assert clip.present[:, t].sum() == len(frame["skeleton"])
            for m, body in enumerate(frame["skeleton"]):
                for v in range(18):
                    x, y = body["pose"][2 * v : 2 * v + 2]
                    np.testing.assert_allclose(clip.poses[m, t, v], [-x, -y], rtol=1e-6)
                np.testing.assert_allclose(clip.confidence[m, t], body["score"], rtol=1e-6)


def test_the_benchmark_has_400_classes_in_the_order_of_the_label_index():
    benchmark = BENCHMARKS["kinetics"]
    assert len(benchmark.classes) == 400
    assert [benchmark.label(x) for x in ("abseiling", "zumba")] == [0, 399]
    assert sorted(benchmark.classes, key=str.lower) == list(benchmark.classes)
    assert benchmark.split({"split": "test"}) == "test"


def test_without_lists_the_folder_gives_the_split_and_the_file_the_label(tmp_path):
    write_kinetics(tmp_path, CLIPS)
    for path in tmp_path.glob("*_label.json"):
        path.unlink()
    source = Source.open(tmp_path)
    entries = READER.find(source)
    assert [(entry.facts["split"], entry.label) for entry in entries] == [
        ("train", None),
        ("test", None),
    ]
    assert READER.read(source, entries[1]).label == "zumba"


def test_frames_that_the_file_leaves_out_are_empty_and_may_count_from_0(tmp_path):
    write_kinetics(tmp_path, dict([("a", ("train", "yoga"))]))
    value = kinetics_value([1, 1, 2], "yoga")
    path = tmp_path / "kinetics_train/a.json"
    source = Source.open(tmp_path)
    (entry,) = READER.find(source)
    for numbers, present in (((1, 3, 4), [1, 0, 1, 1]), ((0, 1, 3), [1, 1, 0, 1])):
        for frame, number in zip(value["data"], numbers, strict=True):
            frame["frame_index"] = number
        path.write_text(json.dumps(value))
        assert READER.read(source, entry).present[0].tolist() == [bool(p) for p in present]


def broken(*path, value):
    """A clip's JSON with another value at that path."""
    whole = kinetics_value([1, 2], "yoga")
    place = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(whole)


def frame(number, *people):
    return {"frame_index": number, "skeleton": people}


FIRST = ("data", 1, "skeleton", 0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "there is no list 'data'"),
        ("{", "is not JSON"),
        (broken("data", value=[]), "has 0 frames"),
        (broken("label", value=3), "'label' is '3'"),
        (broken("label", value="zumba"), "says 'zumba', the list of labels 'yoga'"),
        (broken("data", 1, value=7), "the entry 1 of 'data' has the frame_index None"),
        (broken("data", 1, "frame_index", value=1), "frame_index 1, give each frame its own"),
        (broken("data", 1, "frame_index", value=10**9), "frame_index 1000000000"),
        (broken("data", 1, "frame_index", value=True), "frame_index True"),
        (broken("data", 1, "skeleton", value={}), "frame 2: there is no list 'skeleton'"),
        (broken(*FIRST, value=None), "frame 2: give 36 numbers 'pose'"),
        (broken(*FIRST, "pose", value=[0.5] * 35), "frame 2: give 36 numbers 'pose'"),
        (broken(*FIRST, "score", value=["1"] * 18), "frame 2: 'pose' and 'score' must hold"),
        (broken(*FIRST, "score", value=[[1]] * 18), "frame 2: 'pose' and 'score' must hold"),
        (broken(*FIRST, "score", value=[10**400] * 18), "frame 2: 'pose' and 'score' must hold"),
        (broken(*FIRST, "score", value=[float("nan")] * 18), "frame 2: a number is not finite"),
        (json.dumps(kinetics_value([0, 0], "yoga")), "has nobody in any frame"),
        (
            json.dumps({"data": [frame(1, {"pose": [[1]] * 36, "score": [[1]] * 18})]}),
            "frame 1: 'pose' and 'score' must hold",
        ),
        (broken("data", 1, "skeleton", value=[{}] * 300_000), "300000 persons in 2 frames"),
    ],
)
def test_faults(tmp_path, text, sentence):
    write_kinetics(tmp_path, dict([("a", ("train", "yoga"))]))
    (tmp_path / "kinetics_train/a.json").write_text(text)
    source = Source.open(tmp_path)
    with pytest.raises(LabanError, match=sentence):
        READER.read(source, READER.find(source)[0])


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', '{"a": {"label": 4}}'])
def test_a_faulty_list_is_named(tmp_path, text):
    write_kinetics(tmp_path, CLIPS)
    (tmp_path / "kinetics_val_label.json").write_text(text)
    with pytest.raises(LabanError, match="^kinetics_val_label.json: "):
        READER.find(Source.open(tmp_path))
