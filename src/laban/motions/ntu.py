"""Writes recordings as the ``.skeleton`` text files of NTU RGB+D.

https://arxiv.org/abs/1604.02808 and https://github.com/shahroudy/NTURGB-D. A file holds the frame
count; per frame the body count and per body a line of 10 fields, the joint count 25 and 25 lines of
12 fields: x y z, depth x y, colour x y, orientation w x y z, tracking state.

Unusual here: numbers have at most six decimals (Kinect's have seven digits), so that the text says
exactly what the recording holds.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from laban.motions.body import HIERARCHY
from laban.motions.cameras import to_colour, to_depth
from laban.motions.digits import as_text, cells
from laban.motions.recording import ACTIONS, Recording, filmed
from laban.motions.scene import Take, perform
from laban.skeletons import SKELETONS

__all__ = ["ntu_text", "write_dataset", "write_ntu"]

_KINECT = SKELETONS["kinect-v2"]
_PARENTS = np.array([_KINECT.index(HIERARCHY.get(joint, joint)) for joint in _KINECT.joints])
_SETUPS = 3
_LEAVES = np.array([joint not in HIERARCHY.values() for joint in _KINECT.joints])


def _orientations(poses: np.ndarray) -> np.ndarray:
    """(N, 25, 3) -> quaternions w x y z (N, 25, 4) that turn the up axis into the joint's bone.

    As Kinect does, the ends of the tree have zeros.
    """
    bones = poses - poses[:, _PARENTS]
    bones /= np.maximum(np.sqrt((bones * bones).sum(-1, keepdims=True)), 1e-6)
    turn = np.stack([1 + bones[..., 1], bones[..., 2], 0 * bones[..., 0], -bones[..., 0]], -1)
    turn /= np.maximum(np.sqrt((turn * turn).sum(-1, keepdims=True)), 1e-6)
    turn[:, _LEAVES] = 0
    return turn


def _joint_lines(poses: np.ndarray, states: np.ndarray, end: str) -> np.ndarray:
    """Poses (N, 25, 3), states (N, 25) -> characters (N, 25 lines, W)."""
    parts = (
        cells(poses, whole=2, decimals=6),
        cells(to_depth(poses), whole=4, decimals=4),
        cells(to_colour(poses), whole=4, decimals=4),
        cells(_orientations(poses), whole=1, decimals=6),
    )
    rows = [part.reshape(*part.shape[:2], -1) for part in parts]
    state = np.zeros((*states.shape, 3), np.uint8)
    state[..., 0] = states + 48
    state[..., 1 : 1 + len(end)] = np.frombuffer(end.encode(), np.uint8)
    return np.concatenate([*rows, state], -1)


def _heads(recording: Recording, end: str) -> tuple[list[str], list[tuple[int, int]], str]:
    """What stands before each body's joints, which body of which frame follows, and the rest."""
    heads: list[str] = []
    bodies: list[tuple[int, int]] = []
    frames = recording.poses.shape[1]
    head = f"{frames}{end}"
    for t in range(frames):
        seen = [int(m) for m in recording.order[t] if recording.present[m, t]]
        head += f"{len(seen)}{end}"
        for m in seen:
            lean = recording.poses[m, t, 20] - recording.poses[m, t, 0]
            head += (
                f"{recording.ids[m, t]} 0 1 {1 + t % 2} 1 {1 + (t + m) % 2} 0 "
                f"{lean[0]:.6g} {-lean[2]:.6g} 2{end}25{end}"
            )
            heads.append(head)
            bodies.append((m, t))
            head = ""
    return heads, bodies, head


def ntu_text(recording: Recording, *, line_end: str = "\r\n") -> bytes:
    """The text of a ``.skeleton`` file."""
    heads, bodies, rest = _heads(recording, line_end)
    if not bodies:
        return rest.encode()
    who, when = (np.array(column) for column in zip(*bodies, strict=True))
    poses = recording.poses[who, when].astype(np.float64)
    lines = _joint_lines(poses, recording.states[who, when], line_end)
    tops = np.array([head.encode() for head in heads])
    characters = tops.view(np.uint8).reshape(len(heads), -1)
    return as_text(np.concatenate([characters, lines.reshape(len(heads), -1)], 1)) + rest.encode()


def write_ntu(recording: Recording, folder: Path | str, *, line_end: str = "\r\n") -> Path:
    """Write one recording as ``SsssCcccPpppRrrrAaaa.skeleton``.

    Args:
        recording: From `laban.motions.record`.
        folder: Made where it is missing.
        line_end: As NTU's own files; a plain line feed also occurs in copies.

    Returns:
        The file.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / f"{recording.name}.skeleton"
    path.write_bytes(ntu_text(recording, line_end=line_end))
    return path


def write_dataset(
    folder: Path | str,
    *,
    performers: Iterable[int] = range(1, 41),
    cameras: Iterable[int] = (1, 2, 3),
    replications: Iterable[int] = (1,),
    actions: Iterable[int] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> int:
    """Write a small NTU RGB+D: every performer does every action before every camera.

    Each performer belongs to one of three setups. Performances are made one at a time.

    Args:
        folder: Made where it is missing.
        performers: Numbers; 1 to 40 are those of NTU-60's cross-subject split.
        cameras: Of 1, 2, 3.
        replications: Numbers of the repetitions.
        actions: Numbers of `ACTIONS`, or all.
        seed: Of everything.
        progress: Called after each file with the count so far and the total.

    Returns:
        The number of files.
    """
    chosen = sorted(ACTIONS) if actions is None else list(actions)
    cameras, replications = list(cameras), list(replications)
    keys = [(p, r, a) for p in performers for r in replications for a in chosen]
    done = 0
    for performer, replication, action in keys:
        take = Take(action, performer, replication, 1 + (performer - 1) % _SETUPS, seed)
        stage = perform(take)
        for camera in cameras:
            write_ntu(filmed(stage, take, camera), folder)
            done += 1
            if progress is not None:
                progress(done, len(keys) * len(cameras))
    return done
