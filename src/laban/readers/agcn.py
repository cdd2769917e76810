"""2s-AGCN's pair of an npy array and a pickle of names and labels, as ST-GCN's descendants share.

Shi and others, https://arxiv.org/abs/1805.07694; format: ``data_gen`` of
https://github.com/lshiwjx/2s-AGCN. ``train_data_joint.npy`` (N, 3, T, V, M) float32, T = 300,
beside ``train_label.pkl``, ``(["S001C001P001R001A001.skeleton", ...], [0, ...])``, and the same
for ``val``, which is the field's word for test clips: the fact ``split`` is train or test. NTU's
25 joints x y z, or Kinetics-Skeleton's 18 joints x y and score, which becomes the confidence.

What the files do not say: the frame rate (taken as 30), how long a clip was, subjects and cameras
where the names do not tell them (NTU's do), and the names of joints and classes
(`laban.readers.exchange`).

Unusual here: numbers stay as they are, and they are not the sensor's: 2s-AGCN centres NTU's
skeletons in each frame on the first person's spine, turns them so that **z** is up, and pads a clip
to 300 frames by **repeating** it, which cannot be told from a clip that repeats itself. Kinetics'
are shares of the picture from its middle, y up, and padded with zeros. The zeros behind
the last frame and person are cut off. Only joints are read: bones and motions are streams.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from einops import rearrange

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.exchange import (
    MOST_PLACES,
    PICTURE_LAYOUTS,
    ClassNames,
    layout_for,
    listed_facts,
    numbered,
    unpadded,
    whole_numbers,
)
from laban.readers.npy_file import npy_array
from laban.readers.pickle_file import PickledArray, read_pickle
from laban.readers.source import Entry, Source, distinct
from laban.readers.table_layout import TableLayout

__all__ = ["Agcn"]

_DATA = re.compile(r"((?:^|.*/)(train|val|test))_data(?:_joint)?\.npy$")


@dataclass(frozen=True)
class _Row(Entry):
    """An entry with its place in the array, and how many clips that must have."""

    row: int = 0
    of: int = 0


@dataclass(frozen=True)
class Agcn:
    """Reader of 2s-AGCN's arrays.

    Attributes:
        given: A layout, of which the joints count; None: told by their number.
    """

    given: TableLayout | None = None

    name = "agcn"
    about = "2s-AGCN's arrays (25 joints, or 18 with scores): PART_data_joint.npy, PART_label.pkl"
    layout = "train_data_joint.npy beside train_label.pkl, and the same for val"
    skeleton = None
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_DATA.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips, by the pickles of names and labels."""
        found = [match for match in map(_DATA.search, source.names()) if match]
        classes = ClassNames.beside(source)
        parts = listed_facts({match[2]: [match[2]] for match in found})
        return distinct(
            entry for match in found for entry in _rows(source, match, parts[match[2]], classes)
        )

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (M, T, V, 3), or (M, T, V, 2) with the score as confidence."""
        data = npy_array(source.map(entry.path), entry.path)
        row, of = (entry.row, entry.of) if isinstance(entry, _Row) else (0, -1)
        if data.ndim != 5 or data.shape[1] != 3 or len(data) != of:
            raise LabanError(
                f"{entry.path} has the shape {data.shape}, give (clips, 3, frames, joints, "
                f"persons) with a clip for each name in {_label_file(entry.path)}"
            )
        where = f"{entry.path}, clip {entry.name[:60]}"
        if data.shape[2] * data.shape[4] > MOST_PLACES:
            raise LabanError(
                f"{where} has more than {MOST_PLACES:,} persons x frames: leave it out"
            )
        skeleton = layout_for(data.shape[3], self.given, where)
        poses = rearrange(numbered(data[row], where), "c t v m -> m t v c")
        if not poses.any():
            raise LabanError(f"{where} has nobody in any frame: leave it out")
        poses = unpadded(poses)
        flat = skeleton.name in PICTURE_LAYOUTS
        return Clip(
            name=entry.name,
            poses=np.ascontiguousarray(poses[..., :2]) if flat else poses,
            skeleton=skeleton,
            present=(poses != 0).any((2, 3)),
            confidence=np.ascontiguousarray(poses[..., 2]) if flat else None,
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def _label_file(path: str) -> str:
    match = _DATA.search(path)
    return f"{match[1]}_label.pkl" if match else path


def _rows(
    source: Source, match: re.Match[str], facts: dict[str, str], classes: ClassNames
) -> list[_Row]:
    """The entries of one array, by its names and labels."""
    path, listing = match.string, _label_file(match.string)
    if listing not in source.names():
        raise LabanError(f"{path}: there is no {listing} beside it, which has names and labels")
    data = source.map(listing)
    value = read_pickle(data, listing)
    pair: list[Any] = [None, None]
    if isinstance(value, list | tuple) and len(value) == 2:
        pair = list(value)
    if isinstance(pair[1], PickledArray):
        pair[1] = whole_numbers(pair[1].load(data, listing), listing).tolist()
    names, labels = pair
    good = all(isinstance(column, tuple | list) for column in pair) and len(names) == len(labels)
    if not good or not all(isinstance(name, str) and name for name in names):
        raise LabanError(f"{listing}: give a pair of a list of names and a list of as many labels")
    entries = []
    for row, (name, label) in enumerate(zip(names, labels, strict=True)):
        told = classes.entry(name, path, label, f"{listing}, name {row} (from 0)")
        own = {**told.facts, **facts}
        entries.append(_Row(told.name, path, own, told.label, row=row, of=len(names)))
    return entries
