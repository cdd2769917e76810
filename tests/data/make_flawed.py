"""Healthy made-up clips of a standing body, and the same made wrong in one way each."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from laban.clip import Clip, Segment
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["kinect-v1"]


def healthy(number: int, *, persons: int = 1, frames: int = 20) -> Clip:
    """A body that sways, faces +z, stands along +y, and has its spine, shoulders and feet right."""
    rng = np.random.default_rng(number)
    body = rng.standard_normal((persons, 1, len(SKELETON), 3)) + 10
    height = 0.5 + 0.01 * (number % 5)
    place(body, "shoulder-centre", "hip-centre", [0, height, 0])
    place(body, "shoulder-left", "shoulder-centre", [0.2, -0.05, 0])
    place(body, "shoulder-right", "shoulder-centre", [-0.2, -0.05, 0])
    for side in ("left", "right"):
        place(body, f"foot-{side}", f"ankle-{side}", [0, -0.05, 0.15])
    sway = rng.standard_normal((persons, frames, 1, 3)) * 0.02
    jitter = rng.standard_normal((persons, frames, len(SKELETON), 3)) * 0.001
    facts = {"subject": str(number % 12), "camera": str(number % 3 + 1)}
    return Clip(f"c{number}", body + sway + jitter, SKELETON, label="sit down", facts=facts)


def place(body: np.ndarray, joint: str, beside: str, way: list[float]) -> None:
    """Put a joint some way from another."""
    body[:, :, SKELETON.index(joint)] = body[:, :, SKELETON.index(beside)] + way


def changed(clip: Clip, where: tuple, value: object) -> Clip:
    """The clip with other coordinates somewhere."""
    poses = clip.poses.copy()
    poses[where] = value
    return replace(clip, poses=poses, present=None)


ALL = slice(None)
MIRROR = list(SKELETON.mirror)

FLAWS: dict[str, Callable[[Clip], Clip]] = {
    "empty": lambda clip: changed(clip, (...,), 0),
    "zero-joints": lambda clip: changed(clip, (0, ALL, 7), 0),
    "constant-joints": lambda clip: changed(clip, (0, ALL, 7), 1.5),
    "lost-frames": lambda clip: changed(clip, (0, slice(4, 6)), 0),
    "frozen-frames": lambda clip: changed(clip, (0, slice(4, 10)), clip.poses[0, 4]),
    "jumps": lambda clip: changed(clip, (0, slice(9, 12)), clip.poses[0, 9:12] + 2),
    "side-swaps": lambda clip: changed(clip, (0, slice(9, 12)), clip.poses[0, 9:12][:, MIRROR]),
    "mirrored": lambda clip: replace(clip, poses=clip.poses[:, :, MIRROR]),
    "short": lambda clip: replace(clip, poses=clip.poses[:, :7], present=None),
    "unlabelled": lambda clip: replace(clip, label=None),
    "segments": lambda clip: replace(
        clip, segments=(Segment("a", 2, 9), Segment("b", 8, 12), Segment("a", 15, 15))
    ),
    "up-axis": lambda clip: replace(clip, poses=clip.poses * [-1, -1, 1]),
    "scale": lambda clip: replace(clip, poses=clip.poses * 1.6),
    "duplicates": lambda clip: replace(healthy(3), name=clip.name),
    # Camera 1 trains in NW-UCLA's benchmark, camera 3 tests.
    "leaks": lambda clip: replace(healthy(3), name=clip.name, facts={"camera": "3"}),
}


def faulty(kind: str) -> Clip:
    """The clip c50 with this one problem."""
    return FLAWS[kind](healthy(50))
