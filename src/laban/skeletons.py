"""Joint layouts as data: the only place with joint numbers; elsewhere joints are named.

Conventions: joints count from 0; *left* and *right* are the person's own; a bone points from the
parent to the child; the root is its own parent, so its bone is zero.

>>> skeleton = SKELETONS["kinect-v2"]
>>> skeleton.index("spine-shoulder")
20
>>> skeleton.joints[skeleton.parents[5]]
'shoulder-left'
>>> skeleton.joints[skeleton.mirror[4]]
'shoulder-right'
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from laban.errors import LabanError, unknown_name

__all__ = ["SKELETONS", "Skeleton", "skeleton_named"]


@dataclass(frozen=True)
class Skeleton:
    """A joint layout.

    Attributes:
        name: The layout's word, such as ``kinect-v2``.
        joints: Joint names in the order of the arrays' V axis.
        parents: For each joint the index of its parent; a root is its own parent.
        mirror: For each joint the index of its left-right counterpart, itself on the midline.
        parts: Body parts by name, each a tuple of joint indices.
        spine: Names of the two joints whose bone gives a body its upright direction and its size.
        across: Names of two joints that lie on a left-to-right line, from the person's right to
            the left; None where the layout has no such line.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror: tuple[int, ...] = ()
    parts: Mapping[str, tuple[int, ...]] = field(default_factory=dict, hash=False)
    spine: tuple[str, str] | None = None
    across: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        count = len(self.joints)
        if len(set(self.joints)) != count or count == 0:
            raise LabanError(f"skeleton '{self.name}': joint names must be there and differ")
        if not self.mirror:
            object.__setattr__(self, "mirror", tuple(range(count)))
        for what, numbers in (("parents", self.parents), ("mirror", self.mirror)):
            if len(numbers) != count or not all(0 <= n < count for n in numbers):
                raise LabanError(
                    f"skeleton '{self.name}': {what} must give one joint index for each of "
                    f"the {count} joints"
                )
        if any(self.mirror[self.mirror[j]] != j for j in range(count)):
            raise LabanError(f"skeleton '{self.name}': mirror must be its own inverse")
        _ = self.order

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """The place of a named joint on the V axis."""
        if joint not in self.joints:
            raise unknown_name(f"joint of skeleton {self.name}", joint, self.joints)
        return self.joints.index(joint)

    @property
    def root(self) -> int:
        """The first joint that is its own parent."""
        return next(j for j, parent in enumerate(self.parents) if j == parent)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All joints, parents before children."""
        placed: list[int] = [j for j, parent in enumerate(self.parents) if j == parent]
        seen = set(placed)
        for _ in self.joints:
            fresh = [j for j, p in enumerate(self.parents) if j not in seen and p in seen]
            placed += fresh
            seen.update(fresh)
        if len(placed) != len(self.joints):
            raise LabanError(f"skeleton '{self.name}': parents form a loop without a root")
        return tuple(placed)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """Pairs (parent, child), one for every joint that is not a root."""
        return tuple((p, j) for j, p in enumerate(self.parents) if p != j)

    def to_json(self) -> dict:
        """A JSON value that `from_json` turns back into an equal skeleton."""
        return {
            "name": self.name,
            "joints": list(self.joints),
            "parents": list(self.parents),
            "mirror": list(self.mirror),
            "parts": {part: list(joints) for part, joints in self.parts.items()},
            "spine": list(self.spine) if self.spine else None,
            "across": list(self.across) if self.across else None,
        }

    @classmethod
    def from_json(cls, value: Mapping) -> "Skeleton":
        """The skeleton that `to_json` wrote."""
        return cls(
            name=value["name"],
            joints=tuple(value["joints"]),
            parents=tuple(value["parents"]),
            mirror=tuple(value["mirror"]),
            parts={part: tuple(joints) for part, joints in value["parts"].items()},
            spine=tuple(value["spine"]) if value["spine"] else None,
            across=tuple(value["across"]) if value["across"] else None,
        )


def _layout(
    name: str,
    parents_by_name: Mapping[str, str],
    parts: Mapping[str, str],
    *,
    spine: tuple[str, str],
    across: tuple[str, str] | None,
) -> Skeleton:
    """A skeleton from joint: parent in V order, and parts as blank-separated joint names."""
    joints = tuple(parents_by_name)
    swap = {"left": "right", "right": "left"}

    def twin(joint: str) -> str:
        return "-".join(swap.get(word, word) for word in joint.split("-"))

    return Skeleton(
        name=name,
        joints=joints,
        parents=tuple(joints.index(parent) for parent in parents_by_name.values()),
        mirror=tuple(joints.index(twin(joint)) for joint in joints),
        parts={part: tuple(joints.index(j) for j in text.split()) for part, text in parts.items()},
        spine=spine,
        across=across,
    )


# Both Kinect trees hang from the joint between the shoulders, and version 2's hand tip from the
# thumb: the graph of ST-GCN, 2s-AGCN and ST-TR (its `ntu_gen_bones.py`) and PSTL's joint degrees.
KINECT_V2 = _layout(
    "kinect-v2",
    {
        "spine-base": "spine-mid",
        "spine-mid": "spine-shoulder",
        "neck": "spine-shoulder",
        "head": "neck",
        "shoulder-left": "spine-shoulder",
        "elbow-left": "shoulder-left",
        "wrist-left": "elbow-left",
        "hand-left": "wrist-left",
        "shoulder-right": "spine-shoulder",
        "elbow-right": "shoulder-right",
        "wrist-right": "elbow-right",
        "hand-right": "wrist-right",
        "hip-left": "spine-base",
        "knee-left": "hip-left",
        "ankle-left": "knee-left",
        "foot-left": "ankle-left",
        "hip-right": "spine-base",
        "knee-right": "hip-right",
        "ankle-right": "knee-right",
        "foot-right": "ankle-right",
        "spine-shoulder": "spine-shoulder",
        "hand-tip-left": "thumb-left",
        "thumb-left": "hand-left",
        "hand-tip-right": "thumb-right",
        "thumb-right": "hand-right",
    },
    {
        "trunk": "spine-base spine-mid neck head spine-shoulder",
        "arm-left": "shoulder-left elbow-left wrist-left hand-left hand-tip-left thumb-left",
        "arm-right": "shoulder-right elbow-right wrist-right hand-right hand-tip-right thumb-right",
        "leg-left": "hip-left knee-left ankle-left foot-left",
        "leg-right": "hip-right knee-right ankle-right foot-right",
    },
    spine=("spine-base", "spine-shoulder"),
    across=("shoulder-right", "shoulder-left"),
)

KINECT_V1 = _layout(
    "kinect-v1",
    {
        "hip-centre": "spine",
        "spine": "shoulder-centre",
        "shoulder-centre": "shoulder-centre",
        "head": "shoulder-centre",
        "shoulder-left": "shoulder-centre",
        "elbow-left": "shoulder-left",
        "wrist-left": "elbow-left",
        "hand-left": "wrist-left",
        "shoulder-right": "shoulder-centre",
        "elbow-right": "shoulder-right",
        "wrist-right": "elbow-right",
        "hand-right": "wrist-right",
        "hip-left": "hip-centre",
        "knee-left": "hip-left",
        "ankle-left": "knee-left",
        "foot-left": "ankle-left",
        "hip-right": "hip-centre",
        "knee-right": "hip-right",
        "ankle-right": "knee-right",
        "foot-right": "ankle-right",
    },
    {
        "trunk": "hip-centre spine shoulder-centre head",
        "arm-left": "shoulder-left elbow-left wrist-left hand-left",
        "arm-right": "shoulder-right elbow-right wrist-right hand-right",
        "leg-left": "hip-left knee-left ankle-left foot-left",
        "leg-right": "hip-right knee-right ankle-right foot-right",
    },
    spine=("hip-centre", "shoulder-centre"),
    across=("shoulder-right", "shoulder-left"),
)

_FINGERS = ("thumb", "index", "middle", "ring", "little")
_KNUCKLES = ("base", "first", "second", "tip")

_FINGER_PARTS = {f: " ".join(f"{f}-{knuckle}" for knuckle in _KNUCKLES) for f in _FINGERS}


def _fingers(base: str, thumb: tuple[str, ...] = _KNUCKLES) -> dict[str, str]:
    """Joint to parent of five fingers that hang from one joint."""
    return {
        f"{finger}-{knuckle}": f"{finger}-{own[k - 1]}" if k else base
        for finger in _FINGERS
        for own in [thumb if finger == "thumb" else _KNUCKLES]
        for k, knuckle in enumerate(own)
    }


HAND_22 = _layout(
    "hand-22",
    {"wrist": "wrist", "palm": "wrist", **_fingers("palm")},
    {"palm": "wrist palm", **_FINGER_PARTS},
    spine=("wrist", "middle-base"),
    across=None,
)

# Leap Motion's hand as SFINGE 3D has it: no wrist, a thumb of three joints.
HAND_20 = _layout(
    "hand-20",
    {"palm": "palm", **_fingers("palm", _KNUCKLES[1:])},
    {"palm": "palm", **_FINGER_PARTS, "thumb": "thumb-first thumb-second thumb-tip"},
    spine=("palm", "middle-base"),
    across=None,
)

# MediaPipe's hand: as SHREC's, without a palm.
HAND_21 = _layout(
    "hand-21",
    {"wrist": "wrist", **_fingers("wrist")},
    {"palm": "wrist", **_FINGER_PARTS},
    spine=("wrist", "middle-base"),
    across=None,
)


def _tree(text: str) -> dict[str, str]:
    """Joint to parent in V order, from blank-separated ``joint:parent``."""
    return dict(word.split(":") for word in text.split())


_SHOULDERS = ("shoulder-right", "shoulder-left")
_LIMBS = {
    "arm-left": "shoulder-left elbow-left wrist-left",
    "arm-right": "shoulder-right elbow-right wrist-right",
    "leg-left": "hip-left knee-left ankle-left",
    "leg-right": "hip-right knee-right ankle-right",
}


def _body(name: str, tree: str, trunk: str, spine: tuple[str, str], **ends: str) -> Skeleton:
    """A body of `_LIMBS`, each limb with further joints of its own (``arm_left=...``)."""
    more = {part.replace("_", "-"): joints for part, joints in ends.items()}
    limbs = {part: f"{joints} {more.get(part, '')}" for part, joints in _LIMBS.items()}
    return _layout(name, _tree(tree), {"trunk": trunk, **limbs}, spine=spine, across=_SHOULDERS)


# The joints of OpenPose's COCO model, as in Kinetics-Skeleton, whose neck lies between the
# shoulders; the tree is ST-GCN's. There is no joint at the bottom of the spine, so the left side
# of the trunk stands for it.
OPENPOSE_18 = _body(
    "openpose-18",
    "nose:neck neck:neck shoulder-right:neck elbow-right:shoulder-right "
    "wrist-right:elbow-right shoulder-left:neck elbow-left:shoulder-left "
    "wrist-left:elbow-left hip-right:shoulder-right knee-right:hip-right "
    "ankle-right:knee-right hip-left:shoulder-left knee-left:hip-left "
    "ankle-left:knee-left eye-right:nose eye-left:nose ear-right:eye-right "
    "ear-left:eye-left",
    "nose neck eye-right eye-left ear-right ear-left",
    ("hip-left", "shoulder-left"),
)

# BODY_25 of OpenPose, with its own pairs.
OPENPOSE_25 = _body(
    "openpose-25",
    "nose:neck neck:neck shoulder-right:neck elbow-right:shoulder-right "
    "wrist-right:elbow-right shoulder-left:neck elbow-left:shoulder-left "
    "wrist-left:elbow-left hip-centre:neck hip-right:hip-centre knee-right:hip-right "
    "ankle-right:knee-right hip-left:hip-centre knee-left:hip-left ankle-left:knee-left "
    "eye-right:nose eye-left:nose ear-right:eye-right ear-left:eye-left "
    "big-toe-left:ankle-left small-toe-left:big-toe-left heel-left:ankle-left "
    "big-toe-right:ankle-right small-toe-right:big-toe-right heel-right:ankle-right",
    "nose neck hip-centre eye-right eye-left ear-right ear-left",
    ("hip-centre", "neck"),
    leg_left="big-toe-left small-toe-left heel-left",
    leg_right="big-toe-right small-toe-right heel-right",
)

# COCO's 17 keypoints; the tree is PYSKL's.
COCO_17 = _body(
    "coco-17",
    "nose:nose eye-left:nose eye-right:nose ear-left:eye-left ear-right:eye-right "
    "shoulder-left:nose shoulder-right:nose elbow-left:shoulder-left "
    "elbow-right:shoulder-right wrist-left:elbow-left wrist-right:elbow-right "
    "hip-left:shoulder-left hip-right:shoulder-right knee-left:hip-left "
    "knee-right:hip-right ankle-left:knee-left ankle-right:knee-right",
    "nose eye-left eye-right ear-left ear-right",
    ("hip-left", "shoulder-left"),
)

# MediaPipe Pose; the joints between the limbs that it lacks are not made up, so the tree hangs
# from the nose as COCO's does.
MEDIAPIPE_33 = _body(
    "mediapipe-33",
    "nose:nose eye-inner-left:nose eye-left:eye-inner-left eye-outer-left:eye-left "
    "eye-inner-right:nose eye-right:eye-inner-right eye-outer-right:eye-right "
    "ear-left:eye-outer-left ear-right:eye-outer-right mouth-left:nose mouth-right:nose "
    "shoulder-left:nose shoulder-right:nose elbow-left:shoulder-left "
    "elbow-right:shoulder-right wrist-left:elbow-left wrist-right:elbow-right "
    "pinky-left:wrist-left pinky-right:wrist-right index-left:wrist-left "
    "index-right:wrist-right thumb-left:wrist-left thumb-right:wrist-right "
    "hip-left:shoulder-left hip-right:shoulder-right knee-left:hip-left "
    "knee-right:hip-right ankle-left:knee-left ankle-right:knee-right "
    "heel-left:ankle-left heel-right:ankle-right foot-index-left:heel-left "
    "foot-index-right:heel-right",
    "nose eye-inner-left eye-left eye-outer-left eye-inner-right eye-right eye-outer-right "
    "ear-left ear-right mouth-left mouth-right",
    ("hip-left", "shoulder-left"),
    arm_left="pinky-left index-left thumb-left",
    arm_right="pinky-right index-right thumb-right",
    leg_left="heel-left foot-index-left",
    leg_right="heel-right foot-index-right",
)

# PrimeSense's 15 joints; hands and feet are the ends of the limbs.
SBU_15 = _layout(
    "sbu-15",
    _tree(
        "head:neck neck:neck torso:neck shoulder-left:neck elbow-left:shoulder-left "
        "hand-left:elbow-left shoulder-right:neck elbow-right:shoulder-right "
        "hand-right:elbow-right hip-left:torso knee-left:hip-left foot-left:knee-left "
        "hip-right:torso knee-right:hip-right foot-right:knee-right"
    ),
    {
        "trunk": "head neck torso",
        "arm-left": "shoulder-left elbow-left hand-left",
        "arm-right": "shoulder-right elbow-right hand-right",
        "leg-left": "hip-left knee-left foot-left",
        "leg-right": "hip-right knee-right foot-right",
    },
    spine=("torso", "neck"),
    across=_SHOULDERS,
)

SKELETONS: dict[str, Skeleton] = {
    layout.name: layout
    for layout in (
        KINECT_V2,
        KINECT_V1,
        HAND_22,
        HAND_21,
        HAND_20,
        SBU_15,
        OPENPOSE_18,
        OPENPOSE_25,
        COCO_17,
        MEDIAPIPE_33,
    )
}


def skeleton_named(name: str) -> Skeleton:
    """The built-in skeleton of that name; the error lists the nearest ones."""
    if name not in SKELETONS:
        raise unknown_name("skeleton", name, SKELETONS)
    return SKELETONS[name]
