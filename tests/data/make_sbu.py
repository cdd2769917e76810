"""Made-up SBU files in the layout of the real ones."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np


def write_sbu(
    folder: Path, clips: Iterable[str], *, frames: int = 4, seed: int = 0
) -> dict[str, np.ndarray]:
    """Write `SBU/PAIR/CC/NNN/skeleton_pos.txt` for each clip; (frames, 2, 15, 3) by clip."""
    rng = np.random.default_rng(seed)
    numbers = {}
    for clip in clips:
        numbers[clip] = rng.uniform(0.2, 1.8, (frames, 2, 15, 3)).round(5)
        place = folder / "SBU" / clip
        place.mkdir(parents=True)
        rows = enumerate(numbers[clip].reshape(frames, -1), 677)
        lines = [",".join([str(number), *map(str, row)]) for number, row in rows]
        (place / "skeleton_pos.txt").write_text("\n".join(lines) + "\n")
    return numbers
