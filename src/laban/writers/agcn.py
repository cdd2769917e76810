"""A store as 2s-AGCN's arrays: a folder with an npy file and a pickle of names for each part.

Format: https://github.com/lshiwjx/2s-AGCN, told in `laban.readers.agcn`; what it asks of a store
stands in `laban.writers.arrays`. ``train_data_joint.npy`` (N, 3, T, V, 2) beside
``train_label.pkl`` (names, labels), the same for the test clips under the field's word ``val``, or
for both where there are validation clips too; and ``classes.txt``, the names of the classes. Joints
in the picture have their confidence as third number.

Unusual here: numbers stay as they are in the store, and clips are padded with zeros; 2s-AGCN's own
files are centred on the spine, turned upright and padded by repeating the clip. Confidence of
three-dimensional joints and the joint layout stay behind.
"""

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from laban.errors import LabanError
from laban.readers.exchange import PICTURE_LAYOUTS
from laban.store import Store
from laban.writers.arrays import PERSONS, class_list, frames_of, parts_of, two_people, write_npy

__all__ = ["write_agcn"]

_PROTOCOL = 2  # which every Python reads


def write_agcn(
    store: Store,
    keys: Sequence[int],
    labels: Sequence[int | None],
    classes: Sequence[str],
    split: Mapping[str, Iterable[str]],
    path: Path,
) -> None:
    """Writes clips of a store; the arguments are those of `laban.writers.Writer`, path a folder.

    Raises:
        LabanError: Where clips do not fit into the arrays.
    """
    parts = parts_of(store, keys, labels, split, "agcn")
    _check_numbers(store, keys)
    frames, names = frames_of(store, keys, "agcn"), class_list(classes)
    path.mkdir()
    (path / "classes.txt").write_text(names, encoding="utf-8", newline="\n")
    for part, rows in parts.items():
        word = "val" if part == "test" and "val" not in parts else part
        chosen, numbers = zip(*rows, strict=True)
        with (path / f"{word}_data_joint.npy").open("wb") as file:
            shape = (len(rows), 3, frames, len(store.skeleton), PERSONS)
            write_npy(file, shape, _values(store, chosen, frames))
        pair = [str(store.names[key]) for key in chosen], list(numbers)
        (path / f"{word}_label.pkl").write_bytes(pickle.dumps(pair, _PROTOCOL))


def _check_numbers(store: Store, keys: Sequence[int]) -> None:
    """Three coordinates, or two and a confidence."""
    if store.channels == 3:
        return
    flat = store.channels == 2 and store.skeleton.name in PICTURE_LAYOUTS
    for key in keys:
        if not flat or store[key].confidence is None:
            raise LabanError(
                f"clip {store.names[key]} has {store.channels} coordinates of "
                f"{store.skeleton.name}, agcn has three, or two with a confidence of "
                f"{', '.join(sorted(PICTURE_LAYOUTS))}: write pyskl"
            )


def _values(store: Store, keys: Sequence[int], frames: int) -> Iterator[np.ndarray]:
    """(3, T, V, M) for each clip."""
    for key in keys:
        clip = two_people(store[key], store.channels)
        values = clip.poses
        if store.channels == 2 and clip.confidence is not None:
            values = np.concatenate([values, clip.confidence[..., None]], -1)
        row = np.zeros((3, frames, len(store.skeleton), PERSONS), np.float32)
        row[:, : clip.frames, :, : clip.persons] = values.transpose(3, 1, 2, 0)
        yield row
