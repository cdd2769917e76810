"""Made-up FPHA files: a small archive in the layout of the real one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

Clip = tuple[int, str, int]


def write_fpha(
    folder: Path, train: Sequence[Clip], test: Sequence[Clip], *, frames: int = 9, seed: int = 0
) -> dict[Clip, np.ndarray]:
    """Write clips (subject, action, trial) and the list; joints (T, 21, 3) in mm by clip."""
    rng = np.random.default_rng(seed)
    lines, joints = [], {}
    for word, clips in (("Training", train), ("Test", test)):
        lines.append(f"{word} {len(clips)}\n")
        for subject, action, trial in clips:
            poses = rng.normal(0, 100, (frames, 21, 3)).round(4)
            place = folder / f"Subject_{subject}/{action}/{trial}"
            place.mkdir(parents=True)
            rows = (f"{t:04d} " + " ".join(map(str, p.ravel())) for t, p in enumerate(poses))
            (place / "skeleton.txt").write_text("\n".join(rows) + "\n")
            lines.append(f"Subject_{subject}/{action}/{trial} 3\n")
            joints[subject, action, trial] = poses
    (folder / "data_split_action_recognition.txt").write_text("".join(lines))
    return joints
