"""A store as CTR-GCN's npz, which most skeleton code since 2021 trains on.

Format: https://github.com/Uason-Chen/CTR-GCN, told in `laban.readers.ctr_gcn`; what it asks of a
store stands in `laban.writers.arrays`. Three coordinates, train and test, and in an array
``classes`` of UTF-8 text, which CTR-GCN passes over, the names of the classes.

Unusual here: numbers stay as they are in the store; CTR-GCN's own files are centred on the first
person's spine in the first frame. Clips are ``train_0``, ``test_0`` and on, in the store's order:
their names, confidence and joint layout stay behind.
"""

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from laban.errors import LabanError
from laban.store import Store
from laban.writers.arrays import PERSONS, class_list, frames_of, parts_of, two_people, write_npy

__all__ = ["write_ctr_gcn"]


def write_ctr_gcn(
    store: Store,
    keys: Sequence[int],
    labels: Sequence[int | None],
    classes: Sequence[str],
    split: Mapping[str, Iterable[str]],
    path: Path,
) -> None:
    """Writes clips of a store; the arguments are those of `laban.writers.Writer`.

    Raises:
        LabanError: Where clips have two coordinates, validate, or do not fit into the arrays.
    """
    if store.channels != 3:
        raise LabanError(
            f"{store.path} has {store.channels} coordinates a joint, ctr-gcn has 3: write pyskl"
        )
    parts = parts_of(store, keys, labels, split, "ctr-gcn")
    if "val" in parts:
        raise LabanError(
            f"{store.path} has validation clips beside test clips, ctr-gcn has no place for them: "
            "write agcn or pyskl, or give a --benchmark"
        )
    frames, joints = frames_of(store, keys, "ctr-gcn"), len(store.skeleton)
    names = np.frombuffer(class_list(classes).encode(), np.uint8)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with _array(archive, "classes") as file:
            np.lib.format.write_array(file, names)
        for part, rows in parts.items():
            chosen, numbers = zip(*rows, strict=True)
            with _array(archive, f"x_{part}") as file:
                shape = (len(rows), frames, PERSONS * joints * 3)
                write_npy(file, shape, _poses(store, chosen, frames))
            with _array(archive, f"y_{part}") as file:
                one_hot = (np.arange(len(classes)) == number for number in numbers)
                write_npy(file, (len(rows), len(classes)), one_hot)


def _array(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """An array of the archive to write; a date of its own would make equal files differ."""
    return archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True)


def _poses(store: Store, keys: Sequence[int], frames: int) -> Iterator[np.ndarray]:
    """(T, M, V, 3) for each clip."""
    for key in keys:
        clip = two_people(store[key], 3)
        row = np.zeros((frames, PERSONS, *clip.poses.shape[2:]), np.float32)
        row[: clip.frames, : clip.persons] = clip.poses.transpose(1, 0, 2, 3)
        yield row
