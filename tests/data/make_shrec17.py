"""Made-up SHREC'17 files: a small archive in the layout of the real one."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

Clip = tuple[int, int, int, int]


def write_shrec17(
    folder: Path,
    train: Iterable[Clip],
    test: Iterable[Clip] = (),
    *,
    frames: int = 5,
    seed: int = 0,
) -> dict[Clip, np.ndarray]:
    """Write clips (gesture, finger, subject, trial) and the list files; the joints by clip."""
    rng = np.random.default_rng(seed)
    root = folder / "HandGestureDataset_SHREC2017"
    joints = {}
    for split, clips in (("train", list(train)), ("test", list(test))):
        lines = []
        for clip in clips:
            gesture, finger, subject, trial = clip
            poses = rng.normal(0, 0.3, (frames, 22, 3)).astype(np.float32)
            place = root / f"gesture_{gesture}/finger_{finger}/subject_{subject}/essai_{trial}"
            place.mkdir(parents=True)
            text = "\n".join(" ".join(f"{v:.9g}" for v in pose.ravel()) for pose in poses)
            (place / "skeletons_world.txt").write_text(text + "\n")
            lines.append(f"{gesture} {finger} {subject} {trial} {gesture} {2 * gesture} {frames}\n")
            joints[clip] = poses
        (root / f"{split}_gestures.txt").write_text("".join(lines))
    return joints
