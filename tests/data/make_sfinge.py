"""Made-up SFINGE 3D gestures and recordings in the layout of the real ones."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np


def write_sfinge(
    folder: Path,
    dictionary: Iterable[tuple[int, int]],
    sequences: Mapping[int, Sequence[tuple[int, int, int]]],
    *,
    frames: int = 9,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Write gestures (class, instance) and recordings with (class, first, last) of each gesture.

    Gives the values (T, 20, 7), position and quaternion, by path.
    """
    rng = np.random.default_rng(seed)
    values = {}
    files = {f"Dictionary/{gesture}/{number}.txt": ";" for gesture, number in dictionary}
    files |= {f"Sequences/{number}.txt": "," for number in sequences}
    for path, separator in files.items():
        values[path] = rng.normal(0, 1, (frames, 20, 7)).astype(np.float32)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        end = separator if separator == ";" else ""
        lines = [separator.join(f"{v:.9g}" for v in row.ravel()) + end for row in values[path]]
        (folder / path).write_text("\n".join(lines) + "\n")
    if sequences:
        rows = [
            [number, len(found), *(n for gesture in found for n in gesture)]
            for number, found in sequences.items()
        ]
        text = "".join(",".join(map(str, row)) + "\n" for row in rows)
        (folder / "Sequences/sequencesGT.csv").write_text(text)
    return values
