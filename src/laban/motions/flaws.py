"""What the sensor gets wrong: noise, hidden joints, lost frames, ghosts, changing ids and order.

The kinds of flaw are those that papers on NTU RGB+D report (https://arxiv.org/abs/1604.02808, and
the denoising of https://arxiv.org/abs/1904.12659); `RATES` and `SIZES` say how often and how
strong. Each clip draws its own strengths.
"""

from dataclasses import dataclass

import numpy as np

from laban.skeletons import SKELETONS

__all__ = ["RATES", "SIZES", "Sighting", "hidden_joints", "ideal_sighting", "sighting"]

RATES: dict[str, float] = {
    "ghost": 0.06,
    "new id": 0.08,
    "order swap": 0.35,
    "lost burst": 0.35,
    "late start": 0.10,
}
"""Probability a clip; of swaps only where two bodies are seen; of bursts the mean count."""

SIZES: dict[str, float] = {"jitter": 0.005, "hidden": 0.05}
"""Standard deviations in metres: the usual clip's noise a frame, a hidden joint's drift."""

TRACKED, INFERRED, UNTRACKED = 2, 1, 0

_KINECT = SKELETONS["kinect-v2"]
_LOOSE = {"hand": 1.5, "hand-tip": 2.0, "thumb": 2.2, "foot": 2.0, "ankle": 1.5, "wrist": 1.2}
_WOBBLE = np.array(
    [_LOOSE.get(j.removesuffix("-left").removesuffix("-right"), 1.0) for j in _KINECT.joints]
)
_TRUNK = [_KINECT.index(j) for j in ("spine-base", "spine-shoulder", "head")]
_CORE = {"spine-base", "spine-mid", "spine-shoulder", "neck", "head"} | {
    f"{part}-{side}" for part in ("shoulder", "hip") for side in ("left", "right")
}
_LIMBS = np.array([j not in _CORE for j in _KINECT.joints])
_LEGS = {
    side: [_KINECT.index(f"{joint}-{side}") for joint in ("hip", "knee", "ankle", "foot")]
    for side in ("left", "right")
}


@dataclass
class Sighting:
    """What the sensor reports of M bodies over T frames.

    Attributes:
        poses: Camera frame (M, T, 25, 3), zeros where absent.
        present: (M, T) bool.
        states: (M, T, 25) uint8: 2 tracked, 1 inferred, 0 not tracked.
        ids: (M, T) int64, 17 digits.
        order: (T, M) which body is written first, second, ...
    """

    poses: np.ndarray
    present: np.ndarray
    states: np.ndarray
    ids: np.ndarray
    order: np.ndarray


def _behind(
    points: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float, gap: float
) -> np.ndarray:
    """Points (T, V, 3), bone ends (T, 3) -> (T, V) bool: in the bone's outline, behind it."""
    flat = points[:, :, :2] / points[:, :, 2:]
    first, last = start[:, :2] / start[:, 2:], end[:, :2] / end[:, 2:]
    way = (last - first)[:, None]
    share = ((flat - first[:, None]) * way).sum(-1) / np.maximum((way * way).sum(-1), 1e-9)
    share = np.clip(share, 0.0, 1.0)[..., None]
    away = flat - first[:, None] - share * way
    depth = start[:, None, 2] + share[..., 0] * (end - start)[:, None, 2]
    return ((away * away).sum(-1) < (radius / depth) ** 2) & (points[:, :, 2] > depth + gap)


def hidden_joints(poses: np.ndarray) -> np.ndarray:
    """Camera frame (M, T, 25, 3) -> (M, T, 25) bool: a trunk, head or leg stands in the way."""
    hidden = np.zeros(poses.shape[:3], bool)
    base, top, head = _TRUNK
    for m, body in enumerate(poses):
        for n, other in enumerate(poses):
            gap = 0.07 if m == n else 0.15
            blocked = _behind(body, other[:, base], other[:, top], 0.12, gap)
            blocked |= _behind(body, other[:, top], other[:, head], 0.085, gap)
            hidden[m] |= blocked & _LIMBS if m == n else blocked
        for near, far in (("left", "right"), ("right", "left")):
            hip, knee, ankle, _ = _LEGS[near]
            joints = body[:, _LEGS[far][1:]]
            shin = _behind(joints, body[:, knee], body[:, ankle], 0.045, 0.07)
            thigh = _behind(joints, body[:, hip], body[:, knee], 0.06, 0.07)
            hidden[m][:, _LEGS[far][1:]] |= shin | thigh
    return hidden


def _drift(rng: np.random.Generator, shape: tuple[int, ...], every: int) -> np.ndarray:
    """Smooth noise of standard deviation about one, (M, T, V, 3), with a knot every some frames."""
    persons, frames, *rest = shape
    knots = rng.standard_normal((persons, frames // every + 2, *rest))
    at = np.arange(frames) / every
    low = at.astype(int)
    share = (at - low)[:, None, None]
    return knots[:, low] * (1 - share) + knots[:, low + 1] * share


def _noisy(poses: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Clean poses (M, T, 25, 3) -> noisy ones and tracking states (M, T, 25)."""
    hidden = hidden_joints(poses)
    strength, blur = (float(factor) for factor in np.exp(rng.normal(0.0, 0.35, 2)))
    states = np.where(hidden, INFERRED, TRACKED).astype(np.uint8)
    states[hidden & (rng.random(hidden.shape) < 0.12)] = UNTRACKED
    padded = np.pad(hidden.astype(float), ((0, 0), (2, 2), (0, 0)), mode="edge")
    count = poses.shape[1]
    fade = np.mean([padded[:, i : i + count] for i in range(5)], axis=0)
    depth = poses[..., 2:] / 3.0
    jitter = SIZES["jitter"] * strength * depth * _WOBBLE[:, None] * (1 + 1.5 * fade[..., None])
    wrong = SIZES["hidden"] * blur * fade[..., None] * _drift(rng, poses.shape, 7)
    slow = 0.8 * SIZES["jitter"] * strength * _drift(rng, poses.shape, 5) * _WOBBLE[:, None]
    return poses + jitter * rng.standard_normal(poses.shape) + wrong + slow, states


def _ghost(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Furniture seen as a body (T, 25, 3): wide, low, nearly still."""
    middle = np.array(
        [rng.choice([-1.0, 1.0]) * rng.uniform(0.8, 1.5), -0.5, rng.uniform(2.5, 4.0)]
    )
    shape = rng.uniform(-1.0, 1.0, (len(_KINECT), 3)) * (0.45, 0.2, 0.15)
    return middle + shape + 0.01 * _drift(rng, (1, frames, len(_KINECT), 3), 6)[0]


def _lose(present: np.ndarray, rng: np.random.Generator) -> None:
    """Clear bursts of one to four frames in (M, T), of one body or of all."""
    persons, frames = present.shape
    if rng.random() < RATES["late start"]:
        present[:, : rng.integers(1, 4)] = False
    for _ in range(rng.poisson(RATES["lost burst"])):
        start = int(rng.integers(0, frames))
        stop = start + int(rng.integers(1, 5))
        who = slice(None) if rng.random() < 0.5 else int(rng.integers(persons))
        present[who, start:stop] = False


def _fresh_id(rng: np.random.Generator) -> int:
    return 72057594037900000 + int(rng.integers(10000, 99999))


def _ids_and_order(
    persons: int, people: int, frames: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Ids (M, T), of which some person's changes, and the order of bodies (T, M)."""
    ids = np.empty((persons, frames), np.int64)
    for m in range(persons):
        ids[m] = _fresh_id(rng)
    if rng.random() < RATES["new id"]:
        ids[rng.integers(people), int(rng.integers(frames // 4, frames)) :] = _fresh_id(rng)
    order = np.tile(np.arange(persons), (frames, 1))
    if persons > 1 and rng.random() < RATES["order swap"]:
        start, stop = np.sort(rng.integers(0, frames, 2))
        order[start : stop + 1] = order[start : stop + 1, ::-1]
    return ids, order


def sighting(clean: np.ndarray, rng: np.random.Generator) -> Sighting:
    """Clean camera-frame poses (M, T, 25, 3) -> what a flawed sensor reports; ghosts come last."""
    people, frames = clean.shape[:2]
    poses, states = _noisy(clean, rng)
    present = np.ones((people, frames), bool)
    if rng.random() < RATES["ghost"]:
        poses = np.concatenate([poses, _ghost(frames, rng)[None]])
        states = np.concatenate([states, np.full((1, frames, len(_KINECT)), INFERRED, np.uint8)])
        seen = np.arange(frames) >= rng.integers(0, frames)
        present = np.concatenate([present, (seen if rng.random() < 0.6 else ~seen)[None]])
    _lose(present, rng)
    if not present[:people].any():
        present[:people, frames // 2 :] = True
    ids, order = _ids_and_order(len(poses), people, frames, rng)
    return Sighting(poses * present[:, :, None, None], present, states, ids, order)


def ideal_sighting(clean: np.ndarray, rng: np.random.Generator) -> Sighting:
    """Clean camera-frame poses (M, T, 25, 3) -> the same, all tracked."""
    persons, frames = clean.shape[:2]
    ids = np.array([[_fresh_id(rng)] * frames for _ in range(persons)])
    states = np.full(clean.shape[:3], TRACKED, np.uint8)
    order = np.tile(np.arange(persons), (frames, 1))
    return Sighting(clean, np.ones((persons, frames), bool), states, ids, order)
