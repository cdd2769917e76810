"""Made-up DHG files: a small archive in the layout of the real one."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

Clip = tuple[int, int, int, int]


def write_dhg(
    folder: Path, cuts: Mapping[Clip, tuple[int, int]], *, frames: int = 12, seed: int = 0
) -> dict[Clip, np.ndarray]:
    """Write recordings (gesture, finger, subject, trial) and the list of cuts; joints by clip."""
    rng = np.random.default_rng(seed)
    lines, joints = [], {}
    for clip, (first, last) in cuts.items():
        gesture, finger, subject, trial = clip
        poses = rng.normal(0, 0.3, (frames, 22, 3)).astype(np.float32)
        place = folder / f"gesture_{gesture}/finger_{finger}/subject_{subject}/essai_{trial}"
        place.mkdir(parents=True)
        text = "\n".join(" ".join(f"{v:.9g}" for v in pose.ravel()) for pose in poses)
        (place / "skeleton_world.txt").write_text(text + "\n")
        lines.append(f"{gesture} {finger} {subject} {trial} {first} {last}\n")
        joints[clip] = poses
    (folder / "informations_troncage_sequences.txt").write_text("".join(lines))
    return joints
