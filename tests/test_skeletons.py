"""The joint layouts: trees, mirrors and parts hang together."""

import pytest

from laban.skeletons import SKELETONS


@pytest.mark.parametrize("name", SKELETONS)
def test_a_layout_hangs_together(name):
    skeleton = SKELETONS[name]
    assert skeleton.name == name and name.endswith(("v1", "v2", str(len(skeleton))))
    assert [j for j, p in enumerate(skeleton.parents) if j == p] == [skeleton.root]
    for joint, twin in zip(skeleton.joints, skeleton.mirror, strict=True):
        sides = {"left", "right"} & set(joint.split("-"))
        assert (skeleton.joints[twin] != joint) == bool(sides)
    # A mirrored tree is the same tree.
    for joint, parent in enumerate(skeleton.parents):
        assert skeleton.parents[skeleton.mirror[joint]] == skeleton.mirror[parent]
    assert sorted(j for part in skeleton.parts.values() for j in part) == list(range(len(skeleton)))
    assert len(skeleton.parts) in (5, 6)
    for joint in (*(skeleton.spine or ()), *(skeleton.across or ())):
        skeleton.index(joint)


@pytest.mark.parametrize(
    ("layout", "places"),
    [
        ("openpose-18", {"neck": 1, "wrist-right": 4, "hip-left": 11, "ear-left": 17}),
        ("openpose-25", {"hip-centre": 8, "eye-right": 15, "big-toe-left": 19, "heel-right": 24}),
        ("coco-17", {"nose": 0, "ear-right": 4, "wrist-left": 9, "ankle-right": 16}),
        (
            "mediapipe-33",
            {"ear-left": 7, "thumb-right": 22, "hip-left": 23, "foot-index-right": 32},
        ),
        ("hand-21", {"wrist": 0, "thumb-tip": 4, "index-base": 5, "little-tip": 20}),
        ("hand-20", {"palm": 0, "thumb-tip": 3, "index-tip": 7, "little-tip": 19}),
    ],
)
def test_joints_stand_where_the_sources_number_them(layout, places):
    assert {joint: SKELETONS[layout].index(joint) for joint in places} == places
