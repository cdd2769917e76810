"""The BVH reader: forward kinematics against the definition, faults, the real archive."""

import numpy as np
import pytest
from make_bvh import RIG, write_bvh

from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.bvh import Bvh
from laban.readers.source import Source

READER = READERS["bvh"]


def read_all(path, reader=READER):
    source = Source.open(path)
    return [reader.read(source, entry) for entry in reader.find(source)]


def naive(row):
    """Places of all joints of one frame, by 4 x 4 matrices as the format is defined."""
    world, column = {}, 0
    for name, parent, offset, channels in RIG:
        shift, turn = list(offset), np.eye(4)
        for channel in channels.split():
            axis, value = "XYZ".index(channel[0]), row[column]
            column += 1
            if channel.endswith("position"):
                shift[axis] = value
                continue
            c, s = np.cos(np.radians(value)), np.sin(np.radians(value))
            about = np.eye(4)
            about[:3, :3] = (
                [[1, 0, 0], [0, c, -s], [0, s, c]],
                [[c, 0, s], [0, 1, 0], [-s, 0, c]],
                [[c, -s, 0], [s, c, 0], [0, 0, 1]],
            )[axis]
            turn = turn @ about
        move = np.eye(4)
        move[:3, 3] = shift
        world[name] = (world[parent] if parent else np.eye(4)) @ move @ turn
    return {name: matrix[:3, 3] for name, matrix in world.items()}


def test_places_are_those_of_the_definition(tmp_path):
    values = write_bvh(tmp_path, ["one"], frames=5)
    (clip,) = read_all(tmp_path)
    assert clip.skeleton.joints == ("Hips", "Neck", "LeftArm", "LeftArm-end", "RightArm")
    for t, row in enumerate(values["one"]):
        expected = naive(row)
        for place, joint in zip(clip.poses[0, t], clip.skeleton.joints, strict=True):
            np.testing.assert_allclose(place, expected[joint] / 100, atol=1e-5)


def test_layout_rate_unit_and_names(tmp_path):
    write_bvh(tmp_path / "deep", ["walk/1", "run/1"])
    run, walk = read_all(tmp_path)
    assert [run.name, walk.name] == ["run/1", "walk/1"]
    assert run.fps == 30 and run.label is None and run.present.all()
    skeleton = run.skeleton
    assert skeleton == walk.skeleton and skeleton.name == "bvh-5"
    parents = {j: skeleton.joints[skeleton.parents[i]] for i, j in enumerate(skeleton.joints)}
    assert parents["LeftArm-end"] == "LeftArm" and parents["Hips"] == "Hips"
    assert skeleton.joints[skeleton.mirror[skeleton.index("LeftArm")]] == "RightArm"
    assert skeleton.spine == ("Hips", "Neck") and skeleton.across == ("RightArm", "LeftArm")
    np.testing.assert_allclose(read_all(tmp_path, Bvh(unit=1.0))[0].poses, run.poses * 100, 1e-6)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t[: t.index("MOTION")], "there are no lines MOTION"),
        (lambda t: t.replace("Frames:\t2", "Frames: x"), "there are no lines MOTION"),
        (lambda t: t.replace("Frames:\t2", "Frames: 3"), "says 3 frames and has 2"),
        (lambda t: t.replace("0.0333333", "0.0"), "frame time is 0.0"),
        (lambda t: t.replace("0.0333333", "e"), "frame time is e"),
        (lambda t: t.replace("}", "", 1), "not whole|brace|depth"),
        (lambda t: t.replace("{", "", 1), "line 4: a brace is missing"),
        (lambda t: t.replace("Neck", "Hips"), "line 6: joint 'Hips' must have a name of its own"),
        (lambda t: t.replace("90.0", "high"), "line 4: an offset must be three numbers"),
        (lambda t: t.replace("CHANNELS 6", "CHANNELS 5"), "line 5: channels must be a count"),
        (lambda t: t.replace("CHANNELS 6", "CHANNELS \u00b2"), "line 5: channels must be a count"),
        (lambda t: t.replace("Xposition", "Wposition"), "line 5: channels must be a count"),
        (lambda t: t.replace("OFFSET", "offset", 1), "line 4: 'offset 3.0 90.0 -2.0' does not"),
        (lambda t: t.rstrip() + " 7\n", "line 34 has 14 fields where 13"),
        (lambda t: t.rstrip()[:-2] + "x\n", "line 34: .* is not a number"),
    ],
)
def test_faults_are_named_with_file_and_line(tmp_path, change, sentence):
    write_bvh(tmp_path, ["a"], frames=2)
    text = (tmp_path / "a.bvh").read_bytes().decode().replace("\r", "")
    changed = change(text)
    assert changed != text
    (tmp_path / "a.bvh").write_text(changed)
    with pytest.raises(LabanError, match=f"a.bvh.*({sentence})") as raised:
        read_all(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.real
def test_the_real_archive_keeps_bones_rigid_and_people_upright(real_data):
    source = Source.open(real_data("bandai-namco-2-subset.zip"))
    entries = READER.find(source)
    assert len(entries) == 560
    for entry in entries[::80]:
        clip = READER.read(source, entry)
        assert (len(clip.skeleton), clip.fps) == (22, 30)
        place = {j: clip.poses[0, :, i] for i, j in enumerate(clip.skeleton.joints)}
        for limb in (("UpperLeg_L", "LowerLeg_L"), ("LowerArm_R", "Hand_R"), ("Hips", "Spine")):
            lengths = np.linalg.norm(place[limb[0]] - place[limb[1]], axis=-1)
            np.testing.assert_allclose(lengths, lengths[0], atol=1e-5)
        heights = {joint: float(np.median(place[joint][:, 1])) for joint in place}
        assert 1.2 < heights["Head"] < 1.9 and heights["Toes_L"] < 0.3 < heights["Hips"] < 1.1
