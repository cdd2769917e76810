"""Made-up PYSKL pickles, as mmcv and NumPy write them."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

SIZE = (1080, 1920)


def annotation(
    name: str,
    label: int | None = 0,
    *,
    shape: tuple[int, ...] = (2, 6, 25, 3),
    dtype: type = np.float16,
    seed: int = 0,
) -> dict:
    """One annotation; the second person is absent in the last frame."""
    rng = np.random.default_rng(seed)
    keypoint = (rng.normal(size=shape) * (300 if shape[3] == 2 else 1)).astype(dtype)
    keypoint[1:, -1] = 0
    row = {"frame_dir": name, "label": label, "total_frames": shape[1], "keypoint": keypoint}
    if label is None:
        del row["label"]
    if shape[3] == 2:
        score = rng.random(shape[:3]).astype(dtype)
        row |= {"keypoint_score": score, "img_shape": SIZE, "original_shape": SIZE}
    return row


def write_pyskl(
    folder: Path,
    rows: Sequence[dict],
    split: Mapping[str, Sequence[str]],
    *,
    protocol: int = 2,
    name: str = "made_3danno.pkl",
) -> None:
    """Write annotations; mmcv's protocol is 2."""
    folder.mkdir(exist_ok=True)
    value = {"split": {word: list(names) for word, names in split.items()}, "annotations": rows}
    (folder / name).write_bytes(pickle.dumps(value, protocol))
