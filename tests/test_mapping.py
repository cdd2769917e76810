"""Mapping between layouts: places against hand-made ones, what is missing, what is said."""

import numpy as np
import pytest

from laban.clip import Clip
from laban.errors import LabanError
from laban.mapping import map_clip, mapping_between
from laban.skeletons import SKELETONS, Skeleton

BODIES = ["kinect-v1", "kinect-v2", "openpose-18", "openpose-25", "coco-17", "mediapipe-33"]


def clip_of(layout, channels=3, **options):
    skeleton = SKELETONS[layout]
    poses = np.random.default_rng(0).normal(size=(2, 4, len(skeleton), channels))
    return Clip("c", poses, skeleton, **options)


def at(clip, joint):
    return clip.poses[..., clip.skeleton.index(joint), :]


@pytest.mark.parametrize("target", BODIES)
@pytest.mark.parametrize("source", BODIES)
@pytest.mark.parametrize("missing", ["interpolate", "mask"])
def test_shared_limbs_are_taken_as_they_are(source, target, missing):
    clip = clip_of(source, label="x", facts={"subject": "1"}, fps=15)
    mapped = map_clip(clip, SKELETONS[target], missing=missing)
    for limb in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        for side in ("left", "right"):
            np.testing.assert_array_equal(at(mapped, f"{limb}-{side}"), at(clip, f"{limb}-{side}"))
    assert (mapped.label, mapped.fps, mapped.facts) == ("x", 15, {"subject": "1"})
    mapping = mapping_between(SKELETONS[source], SKELETONS[target], missing=missing)
    names = [*mapping.taken, *mapping.made, *mapping.masked]
    assert sorted(names) == sorted(SKELETONS[target].joints)
    assert not (missing == "mask" and mapping.made)
    for joint in mapping.masked:
        place = mapped.skeleton.index(joint)
        assert not at(mapped, joint).any() and not mapped.confidence[..., place].any()
    if source == target:
        np.testing.assert_array_equal(mapped.poses, clip.poses)


def test_kinect_v1_to_v2_by_hand():
    clip = clip_of("kinect-v1")
    mapped = map_clip(clip, SKELETONS["kinect-v2"])
    pairs = {"spine-base": "hip-centre", "spine-mid": "spine", "spine-shoulder": "shoulder-centre"}
    for new, old in (pairs | {"head": "head", "foot-left": "foot-left"}).items():
        np.testing.assert_array_equal(at(mapped, new), at(clip, old))
    neck = (at(clip, "shoulder-centre") + at(clip, "head")) / 2
    np.testing.assert_allclose(at(mapped, "neck"), neck, atol=1e-6)
    assert not at(mapped, "thumb-left").any()
    back = map_clip(mapped, SKELETONS["kinect-v1"])
    np.testing.assert_array_equal(back.poses, clip.poses)


def test_coco_to_kinect_v2_by_hand():
    clip = clip_of("coco-17", channels=2)
    mapped = map_clip(clip, SKELETONS["kinect-v2"])
    shoulders = (at(clip, "shoulder-left") + at(clip, "shoulder-right")) / 2
    hips = (at(clip, "hip-left") + at(clip, "hip-right")) / 2
    head = (at(clip, "ear-left") + at(clip, "ear-right")) / 2
    for joint, place in {
        "spine-shoulder": shoulders,
        "spine-base": hips,
        "spine-mid": (shoulders + hips) / 2,
        "head": head,
        "neck": (shoulders + head) / 2,
    }.items():
        np.testing.assert_allclose(at(mapped, joint), place, atol=1e-6)


def test_along_the_chain_by_distance():
    """a - b - c - d - e, of which the source has a and d: b and c at thirds, e beyond the end."""
    line = Skeleton("line", tuple("abcde"), (0, 0, 1, 2, 3))
    ends = Skeleton("ends", ("d", "a"), (0, 0))
    clip = Clip("c", np.array([[[[3.0, 6.0], [1.0, 2.0]]]]), ends)
    mapped = map_clip(clip, line)
    expected = [[1, 2], [5 / 3, 10 / 3], [7 / 3, 14 / 3], [3, 6], [0, 0]]
    np.testing.assert_allclose(mapped.poses[0, 0], expected, atol=1e-6)
    assert mapped.confidence[0, 0].tolist() == [1, 1, 1, 1, 0]
    said = str(mapping_between(ends, line))
    assert said == "ends to line: 2 joints taken; made: b from d and a, c from d and a; masked: e"
    assert map_clip(clip, line, missing="mask").confidence[0, 0].tolist() == [1, 0, 0, 1, 0]


def test_what_is_missing_in_a_frame_is_missing_in_what_is_made_of_it():
    clip = clip_of("coco-17", confidence=np.full((2, 4, 17), 0.5))
    clip.poses[0, 1, clip.skeleton.index("hip-left")] = 0
    clip.poses[1, 2] = 0
    clip.present[1, 2] = False
    clip.confidence[0, 0, clip.skeleton.index("hip-right")] = 0.2
    mapped = map_clip(clip, SKELETONS["kinect-v1"])
    base = mapped.skeleton.index("hip-centre")
    assert not mapped.poses[0, 1, base].any() and mapped.confidence[0, 1, base] == 0
    assert mapped.poses[0, 0, base].all()
    np.testing.assert_allclose(mapped.confidence[0, 0, base], 0.2)
    np.testing.assert_allclose(mapped.confidence[1, 1, base], 0.5)
    assert mapped.present.tolist() == clip.present.tolist()
    assert not mapped.poses[1, 2].any()


def test_the_next_choice_is_taken_where_the_first_is_missing():
    clip = clip_of("coco-17")
    for frame, gone in enumerate(["", "ear-left", "ear-right eye-left", "ear-left eye-left nose"]):
        for joint in gone.split():
            clip.poses[:, frame, clip.skeleton.index(joint)] = 0
    head = at(map_clip(clip, SKELETONS["kinect-v1"]), "head")
    ears, eyes = ((at(clip, f"{w}-left") + at(clip, f"{w}-right")) / 2 for w in ("ear", "eye"))
    expected = [ears[:, 0], eyes[:, 1], at(clip, "nose")[:, 2], 0 * ears[:, 3]]
    np.testing.assert_allclose(head, np.stack(expected, 1), atol=1e-6)


def test_layouts_without_a_common_joint_and_an_unknown_word():
    with pytest.raises(LabanError, match="hand-22 and kinect-v2 have no joint in common"):
        mapping_between(SKELETONS["hand-22"], SKELETONS["kinect-v2"])
    with pytest.raises(LabanError, match="missing is 'guess': choose interpolate or mask"):
        mapping_between(SKELETONS["coco-17"], SKELETONS["kinect-v2"], missing="guess")
