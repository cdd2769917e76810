"""Made-up MSR-Action3D files in the layout of the real ones."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

FOLDER = "MSRAction3DSkeletonReal3D"


def write_msr_action3d(
    folder: Path,
    names: Iterable[str],
    *,
    usable: Iterable[str] | None = None,
    frames: int = 3,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Write `NAME_skeleton3D.txt` and the list of usable clips; (frames, 20, 4) by name."""
    rng = np.random.default_rng(seed)
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    joints = {}
    for name in names:
        rows = np.concatenate(
            [rng.normal((0, 0, 2.5), 0.4, (frames, 20, 3)), rng.random((frames, 20, 1))], axis=2
        )
        joints[name] = rows.round(6)
        lines = [" ".join(f"{number:.6f}" for number in row) for row in rows.reshape(-1, 4)]
        (place / f"{name}_skeleton3D.txt").write_text("\r\n".join(lines) + "\r\n")
    if usable is not None:
        (place / "files_used_in_cvpr12_paper.txt").write_text("\n".join(usable))
    return joints
