"""Layouts of one's own: what names tell of sides, parts and spine."""

import pytest

from laban.errors import LabanError
from laban.own_layout import own_skeleton


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("LeftForeArm", "RightForeArm"),
        ("hand-left", "hand-right"),
        ("UpperArm_L", "UpperArm_R"),
        ("l_knee", "r_knee"),
        ("lShldr", "rShldr"),
        ("LThumb1", "RThumb1"),
        ("mixamorig:LeftUpLeg", "mixamorig:RightUpLeg"),
        ("leftfoot", "rightfoot"),
    ],
)
def test_sides_are_told_from_names(left, right):
    skeleton = own_skeleton(
        "x", {"pelvis": "pelvis", "neck": "pelvis", left: "neck", right: "neck"}
    )
    assert skeleton.mirror == (0, 1, 3, 2)
    assert skeleton.spine == ("pelvis", "neck")
    (limb,) = (part for part, joints in skeleton.parts.items() if joints == (2,))
    assert limb in ("arm-left", "leg-left")


def test_names_that_tell_nothing_leave_it_unsaid():
    skeleton = own_skeleton("x", {"a": "b", "b": "b", "left over": "a"})
    assert skeleton.mirror == (0, 1, 2) and skeleton.parents == (1, 1, 0)
    assert not skeleton.parts and skeleton.spine is None and skeleton.across is None


def test_what_is_given_goes_before_names():
    parents = {"m": "m", "x": "m", "y": "m"}
    skeleton = own_skeleton(
        "own", parents, mirror={"x": "y"}, parts={"all": ["m", "y"]}, spine=("m", "x"),
        across=("y", "x"),
    )  # fmt: skip
    assert skeleton.mirror == (0, 2, 1) and skeleton.parts == {"all": (0, 2)}
    assert (skeleton.spine, skeleton.across) == (("m", "x"), ("y", "x"))


@pytest.mark.parametrize(
    ("parents", "options", "sentence"),
    [
        ({"a": "a"}, {}, "layout x has 1 joints"),
        ({"hip": "hip", "head": "hips"}, {}, "unknown joint of layout x 'hips': did you mean hip"),
        ({"a": "b", "b": "a"}, {}, "loop"),
        ({"a": "a", "b": "a"}, {"spine": ("a", "c")}, "unknown joint of layout x 'c'"),
        ({"a": "a", "b": "a"}, {"mirror": {"a": "c"}}, "unknown joint of layout x 'c'"),
        ({"a": "a", "b": "a"}, {"parts": {"p": ["c"]}}, "unknown joint of layout x 'c'"),
    ],
)
def test_faults(parents, options, sentence):
    with pytest.raises(LabanError, match=sentence):
        own_skeleton("x", parents, **options)
