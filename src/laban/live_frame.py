"""What goes into a live stream, checked: numbers, and the people of one frame.

Whoever calls may hand on what a detector, a form or a stranger gave: it is refused by a sentence.
"""

import math
import operator
from collections.abc import Hashable, Mapping, Sequence
from reprlib import repr as shortened
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from laban.card import Card
from laban.errors import LabanError

__all__ = ["FAR", "LATEST", "beyond", "Bodies", "array", "bodies_of", "number", "positive", "whole"]

Bodies = Mapping[Hashable, np.ndarray]
FAR = 1e6  # of any unit: a kilometre in millimetres
_BLOCK = 4096  # frames that are looked at together
LATEST = 4e9  # seconds: nothing but another unit is as large, and frames would blur into one


def number(name: str, value: Any) -> float:
    """A finite number; words that spell one are none.

    Raises:
        LabanError: Naming what it is and what was given.
    """
    found = math.nan
    if not isinstance(value, str | bytes | bool):
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError):
            pass
    if not math.isfinite(found):
        raise LabanError(f"stream: {name} is {shortened(value)}, give a number")
    return found


def positive(name: str, value: Any, most: float = math.inf) -> float:
    """A number above 0, as `number` checks it, up to `most`."""
    found = number(name, value)
    if not 0 < found <= most:
        upper = f" up to {most:,.0f}" if math.isfinite(most) else ""
        raise LabanError(f"stream: {name} is {shortened(value)}, give a number above 0{upper}")
    return found


def whole(name: str, value: Any, most: int) -> int:
    """A whole number from 1 to `most`."""
    try:
        found = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = 0
    if not 1 <= found <= most:
        raise LabanError(
            f"stream: {name} is {shortened(value)}, give a whole number from 1 to {most}"
        )
    return found


def beyond(poses: np.ndarray) -> bool:
    """Whether a recording ``(M, T, V, C)`` has coordinates of `FAR` and more; read in blocks."""
    blocks = range(0, poses.shape[1], _BLOCK)
    return not all((np.abs(poses[:, i : i + _BLOCK]) < FAR).all() for i in blocks)


def array(name: str, values: ArrayLike) -> np.ndarray:
    """Numbers as float32; what is too large becomes infinite."""
    try:
        with np.errstate(over="ignore"):
            return np.asarray(values, np.float32)
    except (TypeError, ValueError, OverflowError):
        raise LabanError(f"stream: {name}: give an array of numbers") from None


def bodies_of(
    card: Card, poses: ArrayLike, ids: Sequence[Hashable] | None, confidence: ArrayLike | None
) -> Bodies:
    """``(P, V, C), (P, V)`` -> {id: (V, C + 1)}: behind a joint's coordinates its confidence.

    Args:
        card: Of the network that is to judge them.
        poses: (V, C) of one person or (P, V, C).
        ids: Who they are; None: 0, 1, 2, ...
        confidence: (V,) or (P, V); None: zeros.

    Raises:
        LabanError: Where it does not fit the card, or is no frame at all.
    """
    poses = array("poses", poses)
    poses = poses[None] if poses.ndim == 2 else poses
    wanted = (len(card.skeleton), card.channels)
    if poses.shape == (0,):  # an empty list: nobody, and all that JSON has for it
        poses = poses.reshape(0, *wanted)
    if poses.ndim != 3 or (len(poses) and poses.shape[1:] != wanted):
        raise LabanError(
            f"stream: poses have shape {poses.shape}, give (persons, {wanted[0]} joints of "
            f"{card.skeleton.name}, {wanted[1]} channels)"
        )
    sure = _sure(confidence, poses.shape[:2])
    # What lies beyond any room makes scores that are no numbers, which smoothing would keep.
    if not (np.abs(poses) < FAR).all():
        raise LabanError(
            f"stream: a coordinate is not a finite number below {FAR:,.0f}, leave the person out"
        )
    if not ((sure >= 0) & (sure <= 1)).all():
        raise LabanError("stream: a confidence is no number in 0 to 1, leave the person out")
    names = _names(ids, len(poses))
    return dict(zip(names, np.concatenate((poses, sure[..., None]), -1), strict=True))


def _sure(confidence: ArrayLike | None, shape: tuple[int, ...]) -> np.ndarray:
    """Confidence as an array ``(P, V)``: zeros where it is not told."""
    if confidence is None:
        return np.zeros(shape, np.float32)
    sure = array("confidence", confidence)
    if not sure.size and not shape[0]:  # of nobody
        return np.zeros(shape, np.float32)
    sure = sure[None] if sure.ndim == 1 else sure
    if sure.shape != shape:
        raise LabanError(f"stream: confidence has shape {sure.shape}, give {shape}")
    return sure


def _names(ids: Sequence[Hashable] | None, count: int) -> list[Hashable]:
    """Who the persons are: as many names, all of them different."""
    if ids is None:
        return list(range(count))
    try:
        names = [] if isinstance(ids, str | bytes) else list(ids)
        fit = len(names) == len(set(names)) == count
    except TypeError:  # no list, or of what cannot be a name
        fit = False
    if not fit or isinstance(ids, str | bytes):
        raise LabanError(f"stream: ids are {shortened(ids)}, give a list of {count} that differ")
    return names
