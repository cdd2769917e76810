"""The OpenPose reader: frames, people, layouts, and what is wrong with a file."""

import json

import numpy as np
import pytest
from make_openpose import write_openpose

from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["openpose"]


def read_all(path):
    source = Source.open(path)
    return [READER.read(source, entry) for entry in READER.find(source)]


@pytest.mark.parametrize(
    ("joints", "layout"), [(25, "openpose-25"), (18, "openpose-18"), (17, "coco-17")]
)
def test_round_trip(tmp_path, joints, layout):
    values = write_openpose(tmp_path, ["jump", "walk"], joints=joints)
    jump, walk = read_all(tmp_path)
    assert (jump.name, walk.name) == ("jump/jump", "walk/walk")
    assert walk.skeleton.name == layout and walk.fps == 30
    assert walk.present.tolist() == [[True, True, False], [False, True, False]]
    for t, frame in enumerate(values["walk"]):
        for m, body in enumerate(frame):
            np.testing.assert_array_equal(walk.poses[m, t], -body[:, :2])
            np.testing.assert_array_equal(walk.confidence[m, t], body[:, 2])
    assert not np.signbit(walk.poses[0, 0, 3]).any()  # the joint that was not seen


def test_one_clip_is_named_by_its_files_or_its_folder(tmp_path):
    write_openpose(tmp_path / "videos", ["jump"])
    assert [clip.name for clip in read_all(tmp_path)] == ["jump"]
    for file in (tmp_path / "videos/jump").iterdir():
        file.rename(file.with_name(file.name.removeprefix("jump_")))
    assert [clip.name for clip in read_all(tmp_path)] == ["jump"]
    assert [clip.name for clip in read_all(tmp_path / "videos/jump")] == ["jump"]


def test_a_missing_file_is_a_frame_with_nobody(tmp_path):
    write_openpose(tmp_path, ["walk"], [1] * 4)
    (tmp_path / "walk/walk_000000000002_keypoints.json").unlink()
    (tmp_path / "walk/walk_000000000000_keypoints.json").unlink()
    (clip,) = read_all(tmp_path)
    assert clip.present.tolist() == [[True, False, True]]


def test_the_tracker_s_ids_make_tracks(tmp_path):
    write_openpose(tmp_path, ["walk"], [2, 1, 2])
    for number, ids in enumerate(([7, 3], [3], [3, 7])):
        file = tmp_path / f"walk/walk_{number:012d}_keypoints.json"
        value = json.loads(file.read_text())
        for person, own in zip(value["people"], ids, strict=True):
            person["person_id"] = [own]
        file.write_text(json.dumps(value))
    (clip,) = read_all(tmp_path)
    assert clip.present.tolist() == [[True, False, True], [True, True, True]]


GOOD = [1.0] * 75


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not JSON"),
        ("[" * 10**5, "is not JSON"),
        ("[]", "no list 'people'"),
        ('{"people": 3}', "no list 'people'"),
        (json.dumps({"people": [3]}), r"person 0 \(from 0\): 'pose_keypoints_2d' must be"),
        (json.dumps({"people": [{"pose_keypoints_2d": GOOD[:-1]}]}), "person 0"),
        (json.dumps({"people": [{"pose_keypoints_2d": ["1"] * 75}]}), "person 0"),
        (json.dumps({"people": [{"pose_keypoints_2d": [[1]] * 75}]}), "person 0"),
        (json.dumps({"people": [{"pose_keypoints_2d": [None] * 75}]}), "person 0"),
        (json.dumps({"people": [{"pose_keypoints_2d": [1e39] * 75}]}), "person 0"),
        (json.dumps({"people": [{"pose_keypoints_2d": [10**400] * 75}]}), "person 0"),
        (json.dumps({"people": [{"pose_keypoints_2d": [float("nan")] * 75}]}), "person 0"),
        (
            json.dumps({"people": [{"pose_keypoints_2d": GOOD[:54]}]}),
            "people of 18 joints .* of 25",
        ),
        (json.dumps({"people": [{"pose_keypoints_2d": GOOD}] * 101}), "more than 100 people"),
    ],
)
def test_faults_are_named_with_the_file(tmp_path, text, sentence):
    write_openpose(tmp_path, ["walk"], [1, 1])
    (tmp_path / "walk/walk_000000000001_keypoints.json").write_text(text)
    with pytest.raises(LabanError, match=sentence) as raised:
        read_all(tmp_path)
    assert "walk" in str(raised.value) and "\n" not in str(raised.value)


def test_files_that_are_no_one_clip(tmp_path):
    write_openpose(tmp_path, ["walk"], [1, 1])
    last = tmp_path / "walk/walk_000000000001_keypoints.json"
    far = last.rename(last.with_name("walk_000009000001_keypoints.json"))
    with pytest.raises(LabanError, match="the frame before it is number 0, is this one clip"):
        read_all(tmp_path)
    far.rename(last.with_name("walk_0_keypoints.json"))
    with pytest.raises(LabanError, match="another file of the clip has this frame's number"):
        read_all(tmp_path)
