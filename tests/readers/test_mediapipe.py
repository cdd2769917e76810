"""The MediaPipe reader: every form that programs give its results, and faults."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_mediapipe import write_mediapipe

from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["mediapipe"]
POINTS = np.random.default_rng(0).uniform(0.1, 1, (33, 4)).tolist()
DICTS = [dict(zip(("x", "y", "z", "visibility"), p, strict=True)) for p in POINTS]
BARE = [{k: p[k] for k in "xyz"} for p in DICTS]


def read_all(path):
    source = Source.open(path)
    return [READER.read(source, entry) for entry in READER.find(source)]


def read_value(tmp_path, value):
    (tmp_path / "a.json").write_text(json.dumps(value))
    (clip,) = read_all(tmp_path)
    assert clip.name == "a"
    return clip


@pytest.mark.parametrize(("joints", "layout"), [(33, "mediapipe-33"), (21, "hand-21")])
def test_round_trip(tmp_path, joints, layout):
    values = write_mediapipe(tmp_path, ["a", "b"], joints=joints)
    a, b = read_all(tmp_path)
    assert (a.name, b.name, a.skeleton.name, a.fps) == ("a", "b", layout, 25)
    expected = values["b"][..., :3].astype(np.float32) * np.float32([-1, -1, 1])
    np.testing.assert_array_equal(b.poses[0], expected)
    np.testing.assert_array_equal(b.confidence[0], values["b"][..., 3].astype(np.float32))


@pytest.mark.parametrize(
    "frame",
    [
        DICTS,
        POINTS,
        [DICTS],
        [POINTS],
        {"landmark": DICTS},
        [{"landmark": DICTS}],
        {"pose_landmarks": {"landmark": DICTS}},
        {"pose_landmarks": DICTS, "pose_world_landmarks": []},
        {"pose_landmarks": [BARE], "pose_world_landmarks": [DICTS]},
        {"landmarks": [[*point, 0.5] for point in POINTS]},
    ],
)
def test_forms_of_a_frame(tmp_path, frame):
    clip = read_value(tmp_path, [None, frame, []])
    assert clip.present.tolist() == [[False, True, False]] and clip.fps == 30
    np.testing.assert_allclose(clip.poses[0, 1, :, 1], [-p[1] for p in POINTS], 1e-6)
    np.testing.assert_allclose(clip.poses[0, 1, :, 2], [p[2] for p in POINTS], 1e-6)
    np.testing.assert_allclose(clip.confidence[0, 1], [p[3] for p in POINTS], 1e-6)


def test_two_persons_and_no_visibility(tmp_path):
    clip = read_value(tmp_path, {"frames": [[BARE, BARE], {"pose_landmarks": []}, [BARE]]})
    assert clip.present.tolist() == [[True, False, True], [True, False, False]]
    assert clip.confidence is None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "give a list of frames"),
        (3, "give a list of frames"),
        ({"frames": None}, "give a list of frames"),
        ({"frames": [None], "fps": 0}, "'fps' is 0"),
        ({"frames": [None], "fps": "25"}, "'fps' is 25"),
        ([3], "frame 0: give a list of at most"),
        ([{"face": []}], "frame 0: there is none of the fields pose_world_landmarks"),
        ([DICTS, DICTS[:-1]], r"frame 1, person 0 \(from 0\): give 33 landmarks"),
        ([DICTS, [DICTS, "ab"]], r"frame 1, person 1 \(from 0\): give 33 landmarks"),
        ([[{"x": 1}] * 33], "frame 0, person 0 .*: a landmark must be x, y, z"),
        ([[[1, 2]] * 33], "frame 0, person 0 .*: a landmark must be"),
        ([[[1, 2, "3"]] * 33], "a landmark must be"),
        ([[[1, 2, 10**400]] * 33], "a landmark must be"),
        ([[[1, 2, float("nan")]] * 33], "a landmark must be"),
        ([[[1, 2, 1e31]] * 33], "a landmark must be"),
        ([[[1, 2, 3, float("inf")]] * 33], "a landmark must be"),
        ([DICTS, [[1, 2, 3]] * 21], "bodies and hands"),
    ],
)
def test_faults_are_named_with_file_and_frame(tmp_path, value, sentence):
    with pytest.raises(LabanError, match=f"a.json.*{sentence}") as raised:
        read_value(tmp_path, value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "[" * 10**5, "\xff"])
def test_what_is_not_json(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(LabanError, match="a.json is not JSON"):
        read_all(tmp_path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.just(DICTS),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["x", "frames", "landmark", "landmarks", "pose_landmarks"]), inner
            )
        ),
    )
)
def test_any_json_gives_a_clip_or_a_sentence(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("mediapipe")
    try:
        read_value(folder, {"frames": [value]})
    except LabanError as fault:
        assert "\n" not in str(fault)
