"""A joint layout of one's own: sides, body parts, spine and shoulders told by the joints' names.

Names are cut into words at separators, digits and capitals, so ``hand-left``, ``LeftHand``,
``Hand_L`` and ``lHand`` all say the side. What the names do not tell stays unsaid: no mirror, no
parts, no spine.

>>> rig = own_skeleton("rig", {"Hips": "Hips", "Neck": "Hips", "Arm_L": "Neck", "Arm_R": "Neck"})
>>> rig.joints[rig.mirror[rig.index("Arm_L")]], rig.spine, rig.across
('Arm_R', ('Hips', 'Neck'), ('Arm_R', 'Arm_L'))
"""

import re
from collections.abc import Mapping, Sequence

from laban.errors import LabanError, unknown_name
from laban.skeletons import Skeleton

__all__ = ["own_skeleton"]

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_TWIN = {"l": "r", "r": "l", "left": "right", "right": "left"}
_ARM = "arm elbow wrist hand shoulder shldr clavicle collar finger thumb index middle ring pinky"
_LEG = "leg knee ankle foot hip thigh shin calf toe toes heel"
# Where a spine begins and ends and which pair lies across: the first that is there.
_LOW, _HIGH = ("hips", "hip", "pelvis"), ("neck", "chest", "thorax", "spine")
_PAIRS = ("shoulder", "shldr", "arm", "clavicle", "collar", "hip", "thigh", "leg")


def own_skeleton(
    name: str,
    parents: Mapping[str, str],
    *,
    mirror: Mapping[str, str] | None = None,
    parts: Mapping[str, Sequence[str]] | None = None,
    spine: tuple[str, str] | None = None,
    across: tuple[str, str] | None = None,
) -> Skeleton:
    """A layout from joint names and parents; what is not given is told from the names.

    Args:
        name: The layout's word.
        parents: Joint to parent in the order of the arrays; a root is its own parent.
        mirror: Left joint to right joint; it is enough to say it one way round.
        parts: Body parts, each with its joints.
        spine: Lower and upper joint of the body's upright line.
        across: Right and left joint of a line across the body.

    Raises:
        LabanError: For a joint that is not in the layout, or parents that form a loop.
    """
    joints = tuple(parents)
    words = {joint: _words(joint) for joint in joints}

    def place(joint: str) -> int:
        if joint not in parents:
            raise unknown_name(f"joint of layout {name}", str(joint), joints)
        return joints.index(joint)

    if len(joints) < 2:
        raise LabanError(f"layout {name} has {len(joints)} joints, give two or more")
    twins = _told_twins(words) if mirror is None else _both_ways(mirror)
    twin = [place(twins.get(joint, joint)) for joint in joints]
    found = _told_parts(words, twins) if parts is None else parts
    ends = spine or _told_spine(words, twins)
    line = across or _told_across(words, twins)
    for joint in (*(ends or ()), *(line or ()), *twins):
        place(joint)
    return Skeleton(
        name=name,
        joints=joints,
        parents=tuple(place(parent) for parent in parents.values()),
        mirror=tuple(twin),
        parts={part: tuple(place(joint) for joint in own) for part, own in found.items()},
        spine=ends,
        across=line,
    )


def _words(joint: str) -> tuple[str, ...]:
    """The words of a name in small letters; a side written onto a word is cut off it."""
    words: list[str] = []
    for word in (word.lower() for word in _WORD.findall(joint)):
        side = next((s for s in ("left", "right") if word.startswith(s) and word != s), "")
        words += [side, word.removeprefix(side)] if side else [word]
    return tuple(words)


def _side(words: tuple[str, ...]) -> str | None:
    """``left`` or ``right`` where a name says one of them."""
    said = {word[0] for word in words if word in _TWIN}
    return {"l": "left", "r": "right"}[said.pop()] if len(said) == 1 else None


def _told_twins(words: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Joints whose names differ by the side alone, both ways."""
    by_words = {own: joint for joint, own in words.items()}
    found = {
        joint: by_words.get(tuple(_TWIN.get(word, word) for word in own))
        for joint, own in words.items()
    }
    return {j: twin for j, twin in found.items() if twin is not None and twin != j}


def _both_ways(mirror: Mapping[str, str]) -> dict[str, str]:
    return dict(mirror) | {right: left for left, right in mirror.items()}


def _told_parts(
    words: Mapping[str, tuple[str, ...]], twins: Mapping[str, str]
) -> dict[str, list[str]]:
    """Trunk, arms and legs; none where the names know no sides."""
    if not twins:
        return {}
    parts: dict[str, list[str]] = {"trunk": []}
    for joint, own in words.items():
        side = _side(own) if joint in twins else None
        text = " ".join(own)
        limb = "leg" if _says(text, _LEG) else "arm" if _says(text, _ARM) else None
        part = f"{limb}-{side}" if side and limb else "trunk"
        parts.setdefault(part, []).append(joint)
    return {part: joints for part, joints in parts.items() if joints}


def _says(text: str, keys: str) -> bool:
    """Whether a word of a name ends in one of the keys, as ``forearm`` does in ``arm``."""
    return any(word.endswith(key) for word in text.split() for key in keys.split())


def _told_spine(
    words: Mapping[str, tuple[str, ...]], twins: Mapping[str, str]
) -> tuple[str, str] | None:
    middle = {joint: own for joint, own in words.items() if joint not in twins}
    low = next((j for key in _LOW for j, own in middle.items() if key in own), None)
    high = next((j for key in _HIGH for j, own in middle.items() if key in own and j != low), None)
    return (low, high) if low and high else None


def _told_across(
    words: Mapping[str, tuple[str, ...]], twins: Mapping[str, str]
) -> tuple[str, str] | None:
    for key in _PAIRS:
        for joint, own in words.items():
            if key in own and joint in twins and _side(own) == "right":
                return joint, twins[joint]
    return None
