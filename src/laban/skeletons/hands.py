"""Hands: SHREC's and DHG's, Leap Motion's, MediaPipe's."""

from laban.skeletons.skeleton import layout

__all__ = ["HAND_20", "HAND_21", "HAND_22"]

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


HAND_22 = layout(
    "hand-22",
    {"wrist": "wrist", "palm": "wrist", **_fingers("palm")},
    {"palm": "wrist palm", **_FINGER_PARTS},
    spine=("wrist", "middle-base"),
    across=None,
)

# Leap Motion's hand as SFINGE 3D has it: no wrist, a thumb of three joints.
HAND_20 = layout(
    "hand-20",
    {"palm": "palm", **_fingers("palm", _KNUCKLES[1:])},
    {"palm": "palm", **_FINGER_PARTS, "thumb": "thumb-first thumb-second thumb-tip"},
    spine=("palm", "middle-base"),
    across=None,
)

# MediaPipe's hand: as SHREC's, without a palm.
HAND_21 = layout(
    "hand-21",
    {"wrist": "wrist", **_fingers("wrist")},
    {"palm": "wrist", **_FINGER_PARTS},
    spine=("wrist", "middle-base"),
    across=None,
)
