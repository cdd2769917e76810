"""The Northwestern-UCLA reader: made-up files, faults, then the real archive."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_nw_ucla import write_nw_ucla

from laban.benchmarks import BENCHMARKS
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.nw_ucla import _poses
from laban.readers.source import Source

READER = READERS["nw-ucla"]
NAMES = ["a01_s02_e03_v01", "a12_s10_e00_v03"]
GOOD = json.dumps({"file_name": "x", "skeletons": np.ones((3, 20, 3)).tolist()})


def test_round_trip(tmp_path):
    joints = write_nw_ucla(tmp_path, NAMES)
    source = Source.open(tmp_path)
    first, second = (READER.read(source, entry) for entry in READER.find(source))
    assert [first.name, second.name] == NAMES
    assert [first.label, second.label] == ["pick up with one hand", "carry"]
    assert first.facts == {"subject": "2", "trial": "3", "camera": "1"}
    np.testing.assert_array_equal(first.poses, joints[NAMES[0]][None])
    assert first.skeleton.name == "kinect-v1"


def test_other_json_files_are_not_clips(tmp_path):
    write_nw_ucla(tmp_path, NAMES)
    (tmp_path / "labels.json").write_text("[]")
    assert len(READER.find(Source.open(tmp_path))) == 2


def frames_with(frame):
    """JSON with a good frame 0 and that frame 1."""
    return json.dumps({"skeletons": [np.ones((20, 3)).tolist(), frame]}).encode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "f is not JSON"),
        (GOOD.encode()[:-9], "f is not JSON"),
        (b"\xff\xfe", "f is not JSON"),
        (b"[" * 100_000, "f is not JSON"),
        (b"[]", "no list 'skeletons'"),
        (b'{"skeletons": 3}', "no list 'skeletons'"),
        (b'{"skeletons": []}', "f has 0 frames"),
        (b'{"skeletons": [1, 2]}', "frame 0: give 20 joints of 3 numbers"),
        (frames_with([]), "f, frame 1: give 20 joints"),
        (frames_with([[0, 0]] * 20), "f, frame 1: give 20 joints"),
        (frames_with([["1", "2", "3"]] * 20), "f, frame 1: give 20 joints"),
        (frames_with([[None, 0, 0]] * 20), "f, frame 1: give 20 joints"),
        (frames_with([[10**400, 0, 0]] * 20), "f, frame 1: give 20 joints"),
        (frames_with([{"x": 1}] * 20), "f, frame 1: give 20 joints"),
        (frames_with([[0, 0, 0]] * 3 + [[0, float("nan"), 0]] * 17), "f, frame 1: joint head has"),
        (frames_with([[1e39, 0, 0]] * 20), "f, frame 1: joint hip-centre has"),
    ],
)
def test_faults(data, sentence):
    with pytest.raises(LabanError, match=sentence):
        _poses(data, "f", 20)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=3))
@settings(deadline=None)
def test_changed_bytes_give_poses_or_a_sentence(changes):
    data = bytearray(GOOD.encode())
    for place, byte in changes:
        data[place] = byte
    try:
        poses = _poses(bytes(data), "f", 20)
    except LabanError as fault:
        assert "\n" not in str(fault)
    else:
        assert poses.shape[1:] == (20, 3)
        assert np.isfinite(poses).all()


@pytest.mark.real
def test_the_real_archive_has_the_counts_of_the_protocol(real_data):
    source = Source.open(real_data("nw-ucla.zip"))
    entries = READER.find(source)
    benchmark = BENCHMARKS["nw-ucla-xview"]
    splits = Counter(benchmark.split(entry.facts) for entry in entries)
    assert splits == {"train": 1020, "test": 464}
    assert len({entry.facts["subject"] for entry in entries}) == 10
    for entry in entries[::25]:
        raw = json.loads(source.read(entry.path))
        clip = READER.read(source, entry)
        np.testing.assert_array_equal(clip.poses[0], np.float32(raw["skeletons"]))
        assert benchmark.label(clip.label) == raw["label"] - 1


@pytest.mark.real
def test_95_real_test_clips_repeat_training_clips(real_data):
    source = Source.open(real_data("nw-ucla.zip"))
    actions = ("pick up with two hands", "drop trash")
    poses = {
        e.name: READER.read(source, e).poses for e in READER.find(source) if e.label in actions
    }
    doubles = [
        name
        for name in poses
        if name.endswith("v03") and np.array_equal(poses[name], poses.get(name[:-1] + "2"))
    ]
    assert len(doubles) == 95
