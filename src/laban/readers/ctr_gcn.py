"""CTR-GCN's npz, in which most skeleton papers since 2021 share NTU RGB+D.

Chen and others, https://arxiv.org/abs/2107.12213; format: ``data/ntu/seq_transformation.py`` of
https://github.com/Uason-Chen/CTR-GCN. One file a benchmark, such as ``NTU60_CS.npz``: ``x_train``
and ``x_test`` (N, T, M x V x 3) float32, T = 300 and M = 2, zeros behind the last frame and where
there is no second person; ``y_train`` and ``y_test`` (N, K) one-hot, or (N,) whole numbers.

A clip is named as by CTR-GCN's own feeder, ``train_0`` and ``test_0`` and on, with the fact
``split: train`` or ``test``; a benchmark's file names them, as in ``test: {split: test}``. What the
file does not say: names, subjects, cameras, the frame rate (taken as 30), and the names of joints
and classes (`laban.readers.exchange`), but that a file ``NTU60_*`` or ``NTU120_*`` has NTU's. A
file that `laban.writers.ctr_gcn` wrote names its classes.

Unusual here: numbers stay as they are: metres, but from the first person's middle of the spine in
the first frame on. The zeros behind the last frame and person are cut off.
"""

import re
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from einops import rearrange

from laban.classes import NTU_CLASSES
from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.exchange import (
    MOST_PLACES,
    ClassNames,
    layout_for,
    numbered,
    unpadded,
    whole_numbers,
)
from laban.readers.npy_file import npz_arrays
from laban.readers.source import Entry, Source, distinct
from laban.readers.table_layout import TableLayout
from laban.skeletons import SKELETONS, Skeleton

__all__ = ["CtrGcn"]

_PARTS = ("train", "test")
_NTU = re.compile(r"(?:^|/)NTU(60|120)_[^/]*$", re.IGNORECASE)
_PERSONS = 2

# The last array of each source: clips are read one after another, and it may be compressed.
_LAST: WeakKeyDictionary[Source, tuple[tuple[str, str], np.ndarray | None]] = WeakKeyDictionary()


@dataclass(frozen=True)
class _Row(Entry):
    """An entry with its place in the array of its part, and how many clips that must have."""

    part: str = ""
    row: int = 0
    of: int = 0


@dataclass(frozen=True)
class CtrGcn:
    """Reader of CTR-GCN's npz files.

    Attributes:
        given: A layout, of which the joints count; None: told by their number.
    """

    given: TableLayout | None = None

    name = "ctr-gcn"
    about = "CTR-GCN's arrays (25 joints, two persons): NTU60_CS.npz with x_train, y_train, x_test"
    layout = "NTU60_CS.npz with x_train, y_train, x_test and y_test"
    skeleton = None
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has npz files."""
        return bool(_files(source))

    def find(self, source: Source) -> list[Entry]:
        """All clips, by the arrays of labels."""
        return distinct(entry for path in _files(source) for entry in _rows(source, path))

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (M, T, V, 3) in metres."""
        if not isinstance(entry, _Row):
            raise LabanError(f"{entry.path}: {entry.name} is no clip that was found in it")
        array = f"x_{entry.part}"
        where = f"{entry.path}, {array}"
        last = _LAST.get(source)
        if last is None or last[0] != (entry.path, array):
            found = npz_arrays(source.map(entry.path), entry.path, [array])
            last = _LAST[source] = ((entry.path, array), found.get(array))
        data = last[1]
        if data is None or data.ndim != 3 or len(data) != entry.of:
            raise LabanError(
                f"{where}: give (clips, frames, persons x joints x 3), a clip for each y"
            )
        persons, skeleton = self._body(data.shape[2], where)
        if persons * data.shape[1] > MOST_PLACES:
            raise LabanError(f"{where} has more than {MOST_PLACES:,} persons x frames of a clip")
        row = numbered(data[entry.row], f"{where}, clip {entry.row}")
        poses = rearrange(row, "t (m v c) -> m t v c", m=persons, c=3)
        if not poses.any():
            raise LabanError(f"{where}, clip {entry.row} has nobody in any frame: leave it out")
        return Clip(
            name=entry.name,
            poses=unpadded(poses),
            skeleton=skeleton,
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )

    def _body(self, numbers: int, where: str) -> tuple[int, Skeleton]:
        """How many persons are in so many numbers a frame, two if that can be, and their layout."""
        if self.given is not None:
            skeleton = self.given.skeleton
            persons, rest = divmod(numbers, 3 * len(skeleton))
            if rest or not persons:
                raise LabanError(
                    f"{where} has {numbers} numbers a frame, --layout {skeleton.name} has "
                    f"{len(skeleton)} joints x 3: give another"
                )
            return persons, skeleton
        known = {len(skeleton) for skeleton in SKELETONS.values()}
        for persons in (_PERSONS, 1):
            joints, rest = divmod(numbers, 3 * persons)
            if not rest and joints in known:
                return persons, layout_for(joints, None, where)
        raise LabanError(
            f"{where} has {numbers} numbers a frame, which is no built-in joint layout of one or "
            "two persons x 3: name the joints with --layout FILE"
        )


def _files(source: Source) -> list[str]:
    return [name for name in source.names() if name.lower().endswith(".npz")]


def _rows(source: Source, path: str) -> list[_Row]:
    """The entries of one file, by its labels."""
    found = npz_arrays(source.map(path), path, [*(f"y_{part}" for part in _PARTS), "classes"])
    if not found.keys() - {"classes"}:
        raise LabanError(f"{path}: there is no y_train or y_test in it, is this CTR-GCN's file?")
    ntu = _NTU.search(path)
    usual = NTU_CLASSES[: int(ntu[1])] if ntu else ()
    if "classes" in found:
        usual = _class_names(found["classes"], path)
    classes = ClassNames.beside(source, usual)
    entries = []
    for part in _PARTS:
        if f"y_{part}" in found:
            where = f"{path}, y_{part}"
            numbers = _class_numbers(found[f"y_{part}"], where).tolist()
            facts = {"split": part}
            entries += [
                _Row(
                    f"{part}_{n}",
                    path,
                    facts,
                    classes.label(label, where),
                    part=part,
                    row=n,
                    of=len(numbers),
                )
                for n, label in enumerate(numbers)
            ]
    return entries


def _class_names(text: np.ndarray, path: str) -> tuple[str, ...]:
    """The names of the classes in a file of our own, one a line of its text."""
    try:
        return tuple(text.tobytes().decode().splitlines())
    except UnicodeDecodeError as fault:
        raise LabanError(f"{path}, classes: it is no text, write it again") from fault


def _class_numbers(y: np.ndarray, where: str) -> np.ndarray:
    """One-hot (N, K) or numbers (N,) -> (N,) whole numbers."""
    if y.ndim == 2:
        hot = y > 0
        odd = np.flatnonzero(hot.sum(1) != 1)
        if len(odd):
            raise LabanError(f"{where}, row {odd[0]}: give a one in the place of the class")
        return hot.argmax(1)
    return whole_numbers(y, where)
