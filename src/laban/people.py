"""Which bodies of a clip count: a sensor also tracks furniture and gives one person two ids.

Sources: the energy and shape rule is DSTA-Net's (its `prepare/ntu_60/gendata.py`; the paper says
nothing); https://arxiv.org/abs/2007.03263. The choice by confidence is that of ST-GCN's feeder for
Kinetics-Skeleton, https://arxiv.org/abs/1801.07455, which 2s-AGCN and ST-TR share.
"""

from dataclasses import replace

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.skeletons import Skeleton

__all__ = [
    "bridge_gaps",
    "choose_people",
    "drop_empty_frames",
    "energy",
    "first_people",
    "is_upright",
    "keep_people",
    "listed_people",
    "most_confident",
    "people_present",
]


def energy(poses: np.ndarray, present: np.ndarray, centre: int | None) -> np.ndarray:
    """How much each body moves and spreads: ``(M, T, V, C), (M, T) -> (M,)``.

    The standard deviations of x, y and z over present frames and joints, summed, after the centre
    joint of each frame is subtracted (None: nothing is); 0 for a body that is never there.
    """
    spread = np.zeros(len(poses))
    for person, (pose, there) in enumerate(zip(poses, present, strict=True)):
        if there.any():
            relative = pose[there]
            if centre is not None:
                relative = relative - relative[:, centre : centre + 1]
            spread[person] = relative[..., :3].astype(np.float64).std(axis=(0, 1)).sum()
    return spread


def is_upright(poses: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Whether each body is taller than wide: ``(M, T, V, C), (M, T) -> (M,)`` bool.

    Judged on the first present frame: 0.8 of the extent in y above the extent in x.
    """
    first = present.argmax(axis=1)
    frame = poses[np.arange(len(poses)), first]  # (M, V, C)
    extent = np.ptp(frame[..., :2], axis=1)  # (M, 2)
    return (0.8 * extent[:, 1] > extent[:, 0]) & present.any(axis=1)


def choose_people(clip: Clip, *, most: int = 2, share: float = 0.85) -> Clip:
    """The clip with ghosts removed and at most ``most`` persons, the liveliest first.

    The stated rule: with more than one body, sort by energy, falling; drop a body whose energy is
    below ``share`` of the highest unless it is upright on its first frame; keep the first ``most``.
    A lone body always stays.
    """
    if clip.persons <= 1:
        return clip
    centre = _centre(clip.skeleton)
    strength = energy(clip.poses, clip.present, centre)
    order = np.argsort(-strength, kind="stable")
    upright = is_upright(clip.poses, clip.present)
    kept = [m for m in order if strength[m] >= share * strength.max() or upright[m]]
    return keep_people(clip, kept[:most])


def _centre(skeleton: Skeleton) -> int:
    """The joint at the bottom of the spine, or the root: NTU's joint 0 in the official rule."""
    return skeleton.index(skeleton.spine[0]) if skeleton.spine else skeleton.root


def keep_people(clip: Clip, kept: list[int]) -> Clip:
    """The clip with the bodies of these numbers, in this order."""
    confidence = None if clip.confidence is None else clip.confidence[kept]
    return replace(clip, poses=clip.poses[kept], present=clip.present[kept], confidence=confidence)


def most_confident(clip: Clip, *, most: int = 2) -> Clip:
    """The clip with the ``most`` surest persons of each frame, the surest first.

    For detectors that give persons no identity: in each frame apart they are sorted by the sum of
    their joints' confidence, falling; equal ones keep their order. A clip without confidence keeps
    its order.
    """
    if clip.confidence is None:
        return keep_people(clip, list(range(min(most, clip.persons))))
    sums = np.where(clip.present, clip.confidence.sum(-1), -1)  # (M, T)
    order = np.argsort(-sums, axis=0, kind="stable")[:most]
    return replace(
        clip,
        poses=np.take_along_axis(clip.poses, order[..., None, None], 0),
        present=np.take_along_axis(clip.present, order, 0),
        confidence=np.take_along_axis(clip.confidence, order[..., None], 0),
    )


def listed_people(
    poses: np.ndarray, present: np.ndarray, *, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Each frame's first bodies: ``(M, T, V, C), (M, T) -> (most, T, V, C), (most, T)``.

    Body k is the k-th that a frame lists, whoever that is: what official codes do that follow no
    body ids (ST-TR, Hi-TRS, PSTL).
    """
    order = np.argsort(~present, axis=0, kind="stable")[:most]
    return (
        np.take_along_axis(poses, order[..., None, None], 0),
        np.take_along_axis(present, order, 0),
    )


def people_present(clip: Clip, *, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The chosen people in the frames in which one of them is: ``-> (M, T', V, C), (M, T')``.

    By energy and shape, or by confidence where poses lie in a picture: their detectors do not know
    a person again in the next frame.

    Raises:
        LabanError: Where nobody is present in any frame.
    """
    flat = clip.poses.shape[-1] == 2 and clip.confidence is not None
    clip = (most_confident if flat else choose_people)(clip, most=most)
    there = clip.present.any(axis=1)
    if not there.any():
        raise LabanError(f"clip {clip.name}: nobody is present in any frame, leave it out")
    return drop_empty_frames(clip.poses[there], clip.present[there])


def first_people(clip: Clip, *, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The first bodies of each frame: ``-> (M, T, V, C), (M, T)``, M at most ``most``.

    Whoever is there moves up to the first free place, so that a body whose id changes stays where
    it was, as where bodies are read in the order of a file, frame by frame.

    Raises:
        LabanError: Where nobody is present in any frame.
    """
    poses, present = listed_people(clip.poses, clip.present, most=most)
    there = present.any(axis=1)
    if not there.any():
        raise LabanError(f"clip {clip.name}: nobody is present in any frame, leave it out")
    return poses[there], present[there]


def bridge_gaps(poses: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Absent frames between their neighbours: ``(M, T, V, C), (M, T) -> (M, T, V, C)``.

    Joints move evenly from the last present frame to the next; before the first and behind the last
    the nearest pose is held. Every person must be present in some frame.
    """
    if present.all():
        return poses
    filled = poses.copy()
    times = np.arange(present.shape[1])
    for pose, there in zip(filled, present, strict=True):
        known = np.flatnonzero(there)
        after = np.searchsorted(known, times).clip(max=len(known) - 1)
        before = (np.searchsorted(known, times, side="right") - 1).clip(min=0)
        span = known[after] - known[before]
        share = (times - known[before]) / np.maximum(span, 1)
        share = share.astype(pose.dtype)[:, None, None]
        pose[:] = pose[known[before]] * (1 - share) + pose[known[after]] * share
    return filled


def drop_empty_frames(poses: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames in which somebody is: ``(M, T, V, C), (M, T) -> (M, T', V, C), (M, T')``."""
    somebody = present.any(axis=0)
    if somebody.all():
        return poses, present
    return poses[:, somebody], present[:, somebody]
