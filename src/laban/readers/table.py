"""Plain tables: CSV (https://www.rfc-editor.org/rfc/rfc4180) or Parquet (https://parquet.apache.org).

One table, or a folder or zip of them, beside a short layout file, ``layout.yaml`` or
``layout.json``, that says which columns are which joints (`laban.readers.table_layout`). A row is
a frame of one person: ``hip_x,hip_y,hip_z,chest_x,...,action`` and then
``0.01,0.93,2.4,0.02,1.31,...,wave``. A table is a clip, named by its path; with a column for the
clip it holds several.

A row with a frame number has its place by it, and a number that is left out is a frame with nobody.
A joint without a number in one of its cells (empty, NaN or NA) is missing there: zeros, with
confidence 0. Lengths are multiplied by the layout's unit, so that they are metres, and axes that
point the other way are turned round.

Unusual here: the label's column may change within a clip; then it gives segments.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
from pyarrow import compute

from laban.clip import Clip, Segment, runs
from laban.errors import LabanError
from laban.readers.source import Entry, Source, clip_names, distinct
from laban.readers.table_file import read_columns
from laban.readers.table_layout import TableLayout, layout_at, parse_layout

__all__ = ["Table"]

_TABLES = (".csv", ".parquet")
_LAYOUTS = ("layout.yaml", "layout.yml", "layout.json")
_BRIDGED = 10  # frames from one to the next between which the same action goes on
_MOST_GAP = 100  # times as many frames as rows

# The last table of each source: the clips of one table are read one after another.
_LAST: WeakKeyDictionary[Source, tuple[tuple, pa.Table]] = WeakKeyDictionary()


@dataclass(frozen=True)
class _Rows(Entry):
    """An entry that is the rows of a table with this value in the clip's column."""

    clip: str | None = None


@dataclass(frozen=True)
class Table:
    """Reader of CSV and Parquet tables.

    Attributes:
        given: The layout; without it the ``layout.yaml`` or ``layout.json`` in the source,
            else beside it, for a single table also in the folder above.
    """

    given: TableLayout | None = None

    name = "table"
    about = "plain CSV or Parquet tables with a layout file for their columns"
    layout = f"NAME.csv or NAME.parquet beside {' or '.join(_LAYOUTS[::2])}"
    skeleton = None
    fps = None

    def matches(self, source: Source) -> bool:
        """Whether the source has tables and a layout file."""
        return bool(_tables(source)) and next(_layout_files(source), None) is not None

    def find(self, source: Source) -> list[Entry]:
        """All clips, by the tables' names and, where there is one, the column of the clip."""
        named = clip_names(_tables(source))
        layout = self._layout(source) if named else None
        if layout is None or not layout.clip:
            return distinct(Entry(name=name, path=path) for name, path in named)
        entries = []
        for name, path in named:
            column = _table(source, path, layout, [], [layout.clip]).column(layout.clip)
            for clip in column.unique().to_pylist():
                if clip is None:
                    raise LabanError(f"{path}: the column {layout.clip} has empty cells, fill them")
                own = clip if len(named) == 1 else f"{name}/{clip}"
                entries.append(_Rows(name=own, path=path, clip=clip))
        return distinct(entries)

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (M, T, V, 2 or 3)."""
        layout = self._layout(source)
        key = (entry.path, layout)
        last = _LAST.get(source)
        if last is None or last[0] != key:
            table = _table(source, entry.path, layout, layout.numbers, layout.words)
            last = _LAST[source] = (key, table)
        table = last[1]
        rows = np.arange(table.num_rows)
        if isinstance(entry, _Rows):
            is_own = compute.equal(table.column(layout.clip), entry.clip)
            rows = np.flatnonzero(is_own.to_numpy())
            table = table.take(rows)
        if not len(rows):
            raise LabanError(f"{entry.path} has 0 frames: give a row for each, or leave it out")
        above = 2 if entry.path.lower().endswith(".csv") else 1  # a CSV file's header is row 1
        return _clip(table, layout, entry, rows + above)

    def _layout(self, source: Source) -> TableLayout:
        if self.given is not None:
            return self.given
        found = list(_layout_files(source))
        if not found:
            raise LabanError(
                f"{source.path}: there is no {_LAYOUTS[0]} that says what the columns are: write "
                "one there, or give --layout FILE"
            )
        if len(found) > 1:
            raise LabanError(f"{found[0]} and {found[1]} are both layouts: give --layout FILE")
        name = str(found[0])
        if isinstance(found[0], Path):
            return layout_at(found[0])
        return parse_layout(source.read(name), name)


def _tables(source: Source) -> list[str]:
    return [name for name in source.names() if name.lower().endswith(_TABLES)]


def _layout_files(source: Source) -> Iterator[str | Path]:
    """Layout files in a source by name; else, as paths, those in the nearest folder around it."""
    inside = [name for name in source.names() if name.rpartition("/")[2] in _LAYOUTS]
    yield from inside
    if not inside:
        around = [source.path.absolute().parent]
        around += [] if source.is_folder or source.is_zip else [around[0].parent]
        for folder in around:
            found = [folder / name for name in _LAYOUTS if (folder / name).is_file()]
            yield from found
            if found:
                return


def _table(
    source: Source, path: str, layout: TableLayout, numbers: list[str], words: list[str]
) -> pa.Table:
    """Some columns of a table, as numbers and as words."""
    own = {"delimiter": layout.delimiter, "decimal": layout.decimal}
    return read_columns(source.read(path), path, numbers, words, **own)


def _clip(table: pa.Table, layout: TableLayout, entry: Entry, rows: np.ndarray) -> Clip:
    """The clip in a table's rows; `rows` are their numbers in the file, from 1."""
    values = {name: table.column(name).to_numpy() for name in layout.numbers}
    joints = np.stack([np.stack([values[c] for c in own], -1) for own in layout.columns], 1)
    missing = np.isnan(joints).any(-1)  # (R, V)
    for name, column in values.items():
        if np.isinf(column).any() or (np.abs(column) > 1e30).any():
            row = rows[np.flatnonzero(np.isinf(column) | (np.abs(column) > 1e30))[0]]
            raise LabanError(f"{entry.path}, row {row}: {name} is not a finite number, mend it")
    person, frame, shape = _places(table, values, layout, entry, rows)
    poses = np.zeros((*shape, *joints.shape[1:]))
    present = np.zeros(shape, bool)
    confidence = np.zeros((*shape, joints.shape[1]))
    turned = joints * layout.unit * np.array(layout.signs)
    poses[person, frame] = np.where(missing[..., None], 0, turned)
    present[person, frame] = ~missing.all(1)
    told = [np.nan_to_num(values[name]) for name in layout.confidence]
    sure = np.stack(told, 1) if told else np.ones(missing.shape)
    confidence[person, frame] = np.where(missing, 0, sure)
    label: str | None = entry.label
    segments: tuple[Segment, ...] = ()
    if layout.label and label is None:
        words = [(word or "").strip() or None for word in table.column(layout.label).to_pylist()]
        label, segments = _labels(words, frame, rows, entry.path)
    facts = {fact: _fact(table.column(fact), fact, entry) for fact in layout.facts}
    return Clip(
        name=entry.name,
        poses=poses,
        skeleton=layout.skeleton,
        present=present,
        confidence=confidence if told or missing.any() else None,
        fps=layout.fps,
        label=label,
        segments=segments,
        facts={f: value for f, value in facts.items() if value is not None} | dict(entry.facts),
    )


def _places(
    table: pa.Table,
    values: dict[str, np.ndarray],
    layout: TableLayout,
    entry: Entry,
    rows: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """For each row the number of its person and frame, and how many there are of both."""
    person, frame = np.zeros(len(rows), int), np.arange(len(rows))
    if layout.frame:
        numbers = values[layout.frame]
        odd = np.isnan(numbers) | (numbers % 1 != 0)
        if odd.any():
            raise LabanError(
                f"{entry.path}, row {rows[odd][0]}: {layout.frame} is not a whole number, name a "
                "column that counts frames, or none where each row is the next frame"
            )
        if np.ptp(numbers) >= _MOST_GAP * len(rows):
            raise LabanError(
                f"{entry.path}: {len(rows)} rows have frames from {numbers.min():.0f} to "
                f"{numbers.max():.0f}, give numbers that count single frames"
            )
        frame = (numbers - numbers.min()).astype(int)
        steps = np.diff(np.unique(frame))
        if len(steps) > 1 and steps.min() > 1:
            raise LabanError(
                f"{entry.path}: {layout.frame} always rises by {steps.min()} or more, so it counts "
                "something else: give numbers of frames, or no 'frame' where each row is the next"
            )
    if layout.person:
        order: dict[str | None, int] = {}
        words = table.column(layout.person).to_pylist()
        person = np.array([order.setdefault(word, len(order)) for word in words])
    shape = (int(person.max()) + 1, int(frame.max()) + 1)
    if shape[0] * shape[1] > _MOST_GAP * len(rows):
        raise LabanError(f"{entry.path}: {shape[0]} persons are too many for {len(rows)} rows")
    place = person * shape[1] + frame
    _, first = np.unique(place, return_index=True)
    if len(first) < len(rows):
        again = rows[np.setdiff1d(np.arange(len(rows)), first)[0]]
        raise LabanError(
            f"{entry.path}, row {again}: this frame is there already, name the columns 'clip' and "
            "'person' in the layout if there are several"
        )
    return person, frame, shape


def _labels(
    words: list[str | None], frame: np.ndarray, rows: np.ndarray, path: str
) -> tuple[str | None, tuple[Segment, ...]]:
    """One label, or the segments where it changes or is empty in between."""
    if len(set(words)) == 1:
        return words[0], ()
    of_frame: dict[int, str | None] = {}
    for word, number, row in zip(words, frame.tolist(), rows, strict=True):
        if of_frame.setdefault(number, word) != word:
            raise LabanError(f"{path}, row {row}: the frame has another label already, give one")
    labels = [of_frame.get(t) for t in range(int(frame.max()) + 1)]
    numbers = sorted(of_frame)
    for before, after in pairwise(numbers):  # an action goes on over few frames that were lost
        if of_frame[before] == of_frame[after] and after - before <= _BRIDGED:
            labels[before + 1 : after] = [of_frame[before]] * (after - before - 1)
    return None, runs(labels)


def _fact(column: pa.ChunkedArray, fact: str, entry: Entry) -> str | None:
    """The one value of a column; None where all cells are empty."""
    values = [value for value in column.unique().to_pylist() if value is not None]
    if len(values) > 1:
        raise LabanError(
            f"{entry.path}: the fact {fact} is {values[0]} and {values[1]} in clip {entry.name}, "
            "give one value a clip"
        )
    return values[0] if values else None
