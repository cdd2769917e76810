"""Made-up NTU `.skeleton` text: random joints, in the layout of the real files."""

from collections.abc import Sequence

import numpy as np

FIRST_ID = 72057594037930000


def body_text(body_id: int, joints: np.ndarray, states: np.ndarray) -> str:
    """One body of one frame: 27 lines from (25, 3) metres and (25,) tracking states."""
    lines = [f"{body_id} 0 1 1 0 0 0 -0.0131523 -0.07130099 2", "25"]
    for (x, y, z), state in zip(joints, states, strict=True):
        depth_x, depth_y = 256 + 100 * x, 212 - 100 * y
        image = f"{depth_x:.4f} {depth_y:.4f} {depth_x * 3.7:.4f} {depth_y * 2.5:.4f}"
        lines.append(f"{x:.9g} {y:.9g} {z:.9g} {image} -0.2185436 0.0470 0.9697 -0.09821 {state}")
    return "\n".join(lines) + "\n"


def ntu_text(frames: Sequence[Sequence[int]], *, seed: int = 0) -> tuple[str, np.ndarray]:
    """A file's text and its joints (bodies in file order, 25, 4): x y z and tracking state.

    Args:
        frames: For each frame the ids of its bodies.
        seed: Draws joints and states.
    """
    rng = np.random.default_rng(seed)
    text, bodies = [f"{len(frames)}\n"], []
    for ids in frames:
        text.append(f"{len(ids)}\n")
        for body_id in ids:
            joints = rng.normal((0.0, 0.0, 3.0), 0.4, (25, 3))
            states = rng.integers(0, 3, 25)
            text.append(body_text(body_id, joints, states))
            bodies.append(np.column_stack([joints, states]))
    return "".join(text), np.array(bodies).reshape(-1, 25, 4)


def two_persons(frames: int = 70, *, seed: int = 0) -> str:
    """A file of two persons who are there all the time, as in a real interaction clip."""
    return ntu_text([[FIRST_ID, FIRST_ID + 1]] * frames, seed=seed)[0]
