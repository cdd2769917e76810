"""Made-up arrays of 2s-AGCN and CTR-GCN."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

FRAMES = 8


def clip_values(frames: int, *, joints: int = 25, persons: int = 1, seed: int = 0) -> np.ndarray:
    """(2, FRAMES, V, 3), zeros behind the last frame and for a second person who is not there."""
    rng = np.random.default_rng(seed)
    values = np.zeros((2, FRAMES, joints, 3), np.float32)
    values[:persons, :frames] = rng.normal(size=(persons, frames, joints, 3))
    return values


def write_agcn(
    folder: Path,
    parts: Mapping[str, Sequence[tuple[str, int, np.ndarray]]],
    *,
    protocol: int = 4,
) -> None:
    """Write train and val: name, label and values (M, T, V, 3) of each clip."""
    folder.mkdir(exist_ok=True)
    for part, clips in parts.items():
        array = np.stack([values.transpose(3, 1, 2, 0) for _, _, values in clips])
        np.save(folder / f"{part}_data_joint.npy", array)
        pair = [name for name, _, _ in clips], [label for _, label, _ in clips]
        (folder / f"{part}_label.pkl").write_bytes(pickle.dumps(pair, protocol))


def write_ctr_gcn(
    folder: Path,
    parts: Mapping[str, Sequence[tuple[int, np.ndarray]]],
    *,
    classes: int = 60,
    name: str = "NTU60_CS.npz",
    compressed: bool = False,
) -> None:
    """Write train and test: label and values (M, T, V, 3) of each clip."""
    folder.mkdir(exist_ok=True)
    arrays = {}
    for part, clips in parts.items():
        rows = [values.transpose(1, 0, 2, 3).reshape(FRAMES, -1) for _, values in clips]
        arrays[f"x_{part}"] = np.stack(rows)
        arrays[f"y_{part}"] = np.eye(classes)[[label for label, _ in clips]]
    save = np.savez_compressed if compressed else np.savez
    save(folder / name, **arrays)
