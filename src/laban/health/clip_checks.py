"""Checks of single clips: each a pure function that says what it found, or None.

What is found are words with numbers, such as joints or frames; they are summed over the clips.
"""

import zlib
from collections import Counter
from collections.abc import Mapping

import numpy as np

from laban.detection.labels import faults, shared
from laban.health.patient import Patient, feet

__all__ = [
    "SHORT",
    "Signs",
    "constant_joints",
    "damaged",
    "empty",
    "frozen_frames",
    "jumps",
    "lost_frames",
    "mirrored",
    "segments",
    "short",
    "side_swaps",
    "unlabelled",
    "zero_joints",
]

Signs = Mapping[str, int]

SHORT = 8  # frames
FROZEN = 5  # frames that repeat the one before, one after the other
JUMP = 2.0  # spine lengths between two frames at 30 a second: 25 m/s for a grown-up's back
SWAP_NEARER = 0.5  # of the way that the joints of both sides go from one frame to the next
SWAP_LEAST = 0.3  # spine lengths: hands and feet that lie together may change places
BACKWARD = -0.3  # of 1, how far feet point to where the body faces
BACKWARD_FRAMES = 0.75  # share; a body that turns is told wrong for some frames


def damaged(patient: Patient) -> Signs | None:
    """The poses' checksum is another than when they were written."""
    return {} if zlib.crc32(patient.clip.poses.data) != patient.checksum else None


def empty(patient: Patient) -> Signs | None:
    """Nobody is present in any frame."""
    return None if patient.bodies else {}


def unlabelled(patient: Patient) -> Signs | None:
    """Neither a label nor segments."""
    return {} if patient.clip.label is None and not patient.clip.segments else None


def segments(patient: Patient) -> Signs | None:
    """Segments outside the recording, that end before they start, or share frames."""
    kinds = [kind for kind, _ in faults(patient.clip)]
    kinds += ["overlapping"] * len(shared(patient.clip.segments))
    return Counter(kinds) if kinds else None


def short(patient: Patient) -> Signs | None:
    """Hardly a movement fits in."""
    return {} if patient.clip.frames < SHORT else None


def zero_joints(patient: Patient) -> Signs | None:
    """Joints at zero in all frames, by name."""
    return _joints(patient, zero=True)


def constant_joints(patient: Patient) -> Signs | None:
    """Joints that stay at one place while others move, by name."""
    return _joints(patient, zero=False)


def _joints(patient: Patient, *, zero: bool) -> Signs | None:
    """Joints that never move, at zero or elsewhere; each once a clip.

    A foot whose ankle and toe stand still together may be planted, in recordings without noise.
    """
    found = np.zeros(len(patient.clip.skeleton), bool)
    for body in patient.bodies:
        low, high = body.poses.min(0), body.poses.max(0)  # (V, C)
        still = (low == high).all(1)
        at_zero = still & (low == 0).all(1)
        if zero:
            found |= at_zero
        elif len(body.poses) > 1 and not still.all():
            planted = [pair for pair in feet(body.skeleton) if still[list(pair)].all()]
            still[[joint for pair in planted for joint in pair]] = False
            found |= still & ~at_zero
    names = [patient.clip.skeleton.joints[joint] for joint in np.flatnonzero(found)]
    return dict.fromkeys(names, 1) or None


def lost_frames(patient: Patient) -> Signs | None:
    """Frames in which a person is away who was there before and comes back."""
    lost = sum(int(b.times[-1] - b.times[0]) + 1 - len(b.times) for b in patient.bodies)
    return {"frames": lost} if lost else None


def frozen_frames(patient: Patient) -> Signs | None:
    """Long runs of frames that repeat a pose number for number."""
    frozen = 0
    for body in patient.bodies:
        same = (body.poses[1:] == body.poses[:-1]).all((1, 2)) & (np.diff(body.times) == 1)
        edges = np.flatnonzero(np.diff(same, prepend=False, append=False))
        runs = edges[1::2] - edges[::2]
        frozen += int(runs[runs >= FROZEN].sum())
    return {"frames": frozen} if frozen else None


def jumps(patient: Patient) -> Signs | None:
    """Leaps of the top of the spine that no body makes."""
    clip, leaps = patient.clip, 0
    spine = clip.skeleton.spine
    joint = clip.skeleton.index(spine[1]) if spine else clip.skeleton.root
    for body in patient.bodies:
        seen = (body.poses[:, joint] != 0).any(1)
        path, times = body.poses[seen, joint], body.times[seen]
        speeds = np.linalg.norm(np.diff(path, axis=0), axis=1) / (np.diff(times) / clip.fps)
        if body.size > 0:  # not where it is nan
            leaps += int((speeds > JUMP * 30 * body.size).sum())
    return {"leaps": leaps} if leaps else None


def side_swaps(patient: Patient) -> Signs | None:
    """Left and right change places between two frames that follow each other.

    There the mirrored pose is much nearer to the one before than the pose itself is. Only pairs of
    joints that are seen on both sides in both frames are compared.
    """
    mirror = np.array(patient.clip.skeleton.mirror)
    sides = np.flatnonzero(mirror != np.arange(len(mirror)))
    swaps = 0
    for body in patient.bodies:
        if not len(sides) or not body.size > 0:
            continue
        here, other = body.poses[:, sides], body.poses[:, mirror[sides]]  # (T, S, C)
        seen = (here != 0).any(-1) & (other != 0).any(-1)
        seen = seen[1:] & seen[:-1]  # (T - 1, S)
        number = np.maximum(seen.sum(1), 1)
        way = (np.linalg.norm(here[1:] - here[:-1], axis=-1) * seen).sum(1) / number
        crossed = (np.linalg.norm(other[1:] - here[:-1], axis=-1) * seen).sum(1) / number
        told = (np.diff(body.times) == 1) & (2 * number >= len(sides))
        swapped = (crossed < SWAP_NEARER * way) & (way > SWAP_LEAST * body.size)
        swaps += int((told & swapped).sum())
    return {"swaps": swaps} if swaps else None


def mirrored(patient: Patient) -> Signs | None:
    """Feet point to where the back is.

    The frames of all bodies are judged together: a ghost beside a person has feet anyhow.
    """
    forward = np.concatenate([np.empty(0), *(body.feet_forward for body in patient.bodies)])
    if not len(forward) or np.median(forward) >= BACKWARD:
        return None
    return {} if (forward < 0).mean() >= BACKWARD_FRAMES else None
