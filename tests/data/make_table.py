"""Made-up CSV tables with a layout file: a stick figure whose hands go up or down."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

JOINTS = ("hip", "chest", "head", "hand-left", "hand-right")
LAYOUT = """
joints: [hip, chest, head, hand-left, hand-right]
parents: {chest: hip, head: chest, hand-left: chest, hand-right: chest}
columns: "{joint}_{axis}"
"""


def csv_text(poses: np.ndarray, **columns: Sequence[object]) -> str:
    """A table of (frames, joints, 3) with further columns."""
    header = [f"{joint}_{axis}" for joint in JOINTS for axis in "xyz"]
    rows = [
        [*(f"{v:.9g}" for v in pose.ravel()), *map(str, more)]
        for pose, *more in zip(poses, *columns.values(), strict=True)
    ]
    return "".join(",".join(row) + "\n" for row in [[*header, *columns], *rows])


def write_table(
    folder: Path, clips: Sequence[str], *, frames: int = 4, layout: str = LAYOUT
) -> dict[str, np.ndarray]:
    """Write `CLIP.csv` for each clip and `layout.yaml`; the joints (frames, 5, 3) by clip."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "layout.yaml").write_text(layout)
    poses = {clip: rng.normal(0, 1, (frames, 5, 3)).astype(np.float32) for clip in clips}
    for clip, values in poses.items():
        (folder / f"{clip}.csv").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{clip}.csv").write_text(csv_text(values))
    return poses
