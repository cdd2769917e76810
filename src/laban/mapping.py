"""Clips from one joint layout to another: joints by name, the missing ones made or masked.

A joint of the target is *taken* where the source has it, by name or by another name for the same
place (Kinect v2's ``spine-base`` is v1's ``hip-centre``, OpenPose's ``neck`` is the middle of the
shoulders). Else it is *made*: as the mean of the joints around it where the body says so (the head
between the ears, the middle of the hips), or along the chain of the target between the nearest
joint above and the nearest below that are known. Else, and with ``missing="mask"``, it is *masked*:
zeros, with confidence 0. Where a joint that is used is missing in a frame, the next choice is taken
there (the head between the eyes, else the nose), and without one the result is missing too.

What became of each joint is said by the mapping::

    >>> from laban.skeletons import SKELETONS
    >>> print(mapping_between(SKELETONS["coco-17"], SKELETONS["kinect-v1"]))
    ... # doctest: +ELLIPSIS
    coco-17 to kinect-v1: 12 joints taken; made: hip-centre from hip-left and hip-right, ...
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.skeletons import Skeleton

__all__ = ["Mapping", "Missing", "apply_mapping", "map_clip", "mapping_between"]

Missing = Literal["interpolate", "mask"]

# Joints that are one place under another name.
_SAME: dict[str, dict[str, str]] = {
    "kinect-v2": {
        "spine-base": "hip-centre",
        "spine-mid": "spine",
        "spine-shoulder": "shoulder-centre",
    },
    "openpose-18": {"neck": "shoulder-centre"},
    "openpose-25": {"neck": "shoulder-centre"},
    "sbu-15": {"neck": "shoulder-centre", "torso": "spine"},
}

# A place as the mean of others, of which all must be there; the first that can be had.
_BETWEEN: dict[str, tuple[tuple[str, ...], ...]] = {
    "shoulder-centre": (("shoulder-left", "shoulder-right"),),
    "hip-centre": (("hip-left", "hip-right"),),
    "spine": (("hip-centre", "shoulder-centre"),),
    "neck": (("shoulder-centre", "head"),),
    "head": (("ear-left", "ear-right"), ("eye-left", "eye-right"), ("nose",)),
    "nose": (("head",),),
    "palm": (("wrist", "middle-base"),),
    **{
        f"{place}-{side}": tuple(tuple(f"{p}-{side}" for p in row.split()) for row in rows)
        for side in ("left", "right")
        for place, rows in {
            "wrist": ("hand",),
            "hand": ("index pinky",),
            "hand-tip": ("index",),
            "index": ("hand-tip",),
            "ankle": ("foot",),
            "foot": ("big-toe small-toe", "foot-index"),
            "foot-index": ("big-toe", "foot"),
            "big-toe": ("foot-index",),
        }.items()
    },
}


@dataclass(frozen=True)
class Mapping:
    """How one layout's joints become another's.

    Attributes:
        source: The layout of the clips.
        target: The layout that they get.
        weights: float32 (choices, target joints, source joints), first choice first; each row
            sums to 1, or is 0 where masked.
        taken: Target joints that are a joint of the source.
        made: Target joints that are put together, with the source joints they come from.
        masked: Target joints that stay zero.
    """

    source: Skeleton
    target: Skeleton
    weights: np.ndarray
    taken: tuple[str, ...]
    made: dict[str, tuple[str, ...]]
    masked: tuple[str, ...]

    def __str__(self) -> str:
        made = [f"{joint} from {_listing(own)}" for joint, own in self.made.items()]
        parts = [f"{len(self.taken)} joints taken"]
        parts += ["made: " + ", ".join(made)] if made else []
        parts += ["masked: " + ", ".join(self.masked)] if self.masked else []
        return f"{self.source.name} to {self.target.name}: " + "; ".join(parts)


def mapping_between(
    source: Skeleton, target: Skeleton, *, missing: Missing = "interpolate"
) -> Mapping:
    """The mapping of one layout to another.

    Args:
        source: The layout of the clips.
        target: The layout that they get.
        missing: Make what can be made, or mask all joints that the source lacks.

    Raises:
        LabanError: Where the layouts have no joint in common.
    """
    if missing not in ("interpolate", "mask"):
        raise LabanError(f"missing is {missing!r}: choose interpolate or mask")
    rows = {_place(source, j): np.eye(len(source))[k] for k, j in enumerate(source.joints)}
    if not any(_place(target, joint) in rows for joint in target.joints):
        raise LabanError(
            f"layouts {source.name} and {target.name} have no joint in common: rename joints, or "
            "keep the layout"
        )
    most = max(map(len, _BETWEEN.values())) if missing == "interpolate" else 1
    choices = [_weights(target, rows, missing, choice) for choice in range(most)]
    first = choices[0]
    taken = [j for j in target.joints if _place(target, j) in rows]
    made = {
        joint: tuple(source.joints[k] for k in np.flatnonzero(row))
        for joint, row in zip(target.joints, first, strict=True)
        if joint not in taken and row.any()
    }
    masked = tuple(j for j, row in zip(target.joints, first, strict=True) if not row.any())
    weights = np.stack(choices).astype(np.float32)
    return Mapping(source, target, weights, tuple(taken), made, masked)


def _weights(
    target: Skeleton, rows: dict[str, np.ndarray], missing: Missing, choice: int
) -> np.ndarray:
    """The n-th choice for all joints of the target, (V', V); a joint with fewer has its last."""
    weights = np.zeros((len(target), len(next(iter(rows.values())))))
    known = np.zeros(len(target), bool)
    for number, joint in enumerate(target.joints):
        place = _place(target, joint)
        row = rows.get(place) if missing == "mask" else _mean(place, rows, choice)
        if row is not None:
            weights[number], known[number] = row, True
    if missing == "interpolate":
        for number in np.flatnonzero(~known).tolist():
            weights[number] = _along_chain(number, target, weights, known)
    return weights


def map_clip(clip: Clip, target: Skeleton, *, missing: Missing = "interpolate") -> Clip:
    """A clip in another layout, (M, T, V, C) -> (M, T, V', C).

    Args:
        clip: In any layout that shares joints with the target.
        target: The layout to give it.
        missing: Make what can be made, or mask all joints that the clip lacks.
    """
    return apply_mapping(mapping_between(clip.skeleton, target, missing=missing), clip)


def apply_mapping(mapping: Mapping, clip: Clip) -> Clip:
    """A clip of the mapping's source in its target's layout, (M, T, V, C) -> (M, T, V', C)."""
    there = (clip.poses != 0).any(-1)  # (M, T, V)
    sure = np.ones(there.shape, np.float32) if clip.confidence is None else clip.confidence
    shape = (*there.shape[:2], len(mapping.target))
    poses = np.zeros((*shape, clip.poses.shape[-1]), np.float32)
    confidence = np.zeros(shape, np.float32)
    done = np.zeros(shape, bool)
    for weights in mapping.weights:
        uses = weights != 0  # (V', V)
        # A joint is there where none of its sources is missing.
        whole = ~np.einsum("wv,mtv->mtw", uses, ~there) & uses.any(1) & ~done
        if not whole.any():
            continue
        poses[whole] = np.einsum("wv,mtvc->mtwc", weights, clip.poses)[whole]
        least = [sure[..., own].min(-1, initial=np.inf) for own in uses]
        confidence[whole] = np.stack(least, -1)[whole]
        done |= whole
    return replace(
        clip,
        poses=poses,
        skeleton=mapping.target,
        present=clip.present & poses.any((2, 3)),
        confidence=confidence,
    )


def _place(skeleton: Skeleton, joint: str) -> str:
    """The name of a joint's place, one for all layouts."""
    return _SAME.get(skeleton.name, {}).get(joint, joint)


def _mean(
    place: str, rows: dict[str, np.ndarray], choice: int, above: tuple[str, ...] = ()
) -> np.ndarray | None:
    """The weights of a place: the source's own joint, or the mean of others; None if neither."""
    if place in rows:
        return rows[place]
    if place in above:  # nose and head are made from each other
        return None
    found = []
    for others in _BETWEEN.get(place, ()):
        means = [_mean(other, rows, choice, (*above, place)) for other in others]
        if all(row is not None for row in means):
            found.append(np.mean([row for row in means if row is not None], axis=0))
    return found[min(choice, len(found) - 1)] if found else None


def _along_chain(
    joint: int, target: Skeleton, weights: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Weights between the nearest known joint above and the nearest below, by their distance."""
    above, up = joint, 0
    while not known[above]:
        if target.parents[above] == above:
            return np.zeros(weights.shape[1])
        above, up = target.parents[above], up + 1
    below, down = [joint], 0
    while below and not known[below].any():
        below = [child for parent, child in target.bones if parent in below]
        down += 1
    if not below:
        return np.zeros(weights.shape[1])
    lower = weights[[child for child in below if known[child]]].mean(0)
    return (down * weights[above] + up * lower) / (up + down)


def _listing(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
