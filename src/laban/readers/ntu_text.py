"""The text of an NTU `.skeleton` file, parsed in bulk.

Format: https://github.com/shahroudy/NTURGB-D (the dataset's own reader is MATLAB code). Line 1 is
the number of frames; a frame is the number of bodies, and for each body a line of 10 fields that
starts with the body's id, a line ``25``, and 25 lines of 12 numbers, of which x y z and the last,
the tracking state, are kept.

Unusual here: two parsers for one format. `_quick` takes only the regular text that nearly every
file is: NumPy finds where fields end, and Arrow casts the text between these places to numbers
where it lies. Anything else is left to `_careful`, a plain loop that knows lines and has a sentence
for every fault. Both give the same numbers as Python's ``float``.
"""

import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from laban.errors import LabanError
from laban.readers.text import cast_fields

__all__ = ["Bodies", "parse_ntu"]

_JOINTS = 25
_MOST_FRAMES = 500_000  # in one file; real ones have up to 300
_MOST_BODIES = 100  # in one frame; a Kinect v2 sees six
_LONGEST_LINE = 2000  # bytes; real ones have less than 250


class Bodies(NamedTuple):
    """All bodies of a file in file order, B of them.

    Attributes:
        total: Number of frames T, with and without bodies.
        frames: The frame of each body, from 0, ascending.
        ids: The id of each body as the file has it.
        joints: float64 (B, 25, 3), metres.
        states: uint8 (B, 25), tracking state: 0 not tracked, 1 inferred, 2 tracked.
    """

    total: int
    frames: list[int]
    ids: list[int]
    joints: np.ndarray
    states: np.ndarray


def parse_ntu(data: bytes, name: str) -> Bodies:
    """The bodies in a file's text; raises LabanError with file, line and fault.

    Args:
        data: The bytes of the file, LF or CRLF.
        name: The file, for the sentences of errors.
    """
    if not data.endswith(b"\n"):
        data += b"\n"
    plain = data.replace(b"\r", b"")
    if len(data) - len(plain) not in (0, plain.count(b"\n")):
        return _careful(data, name)
    return _quick(plain) or _careful(data, name)


def _quick(data: bytes) -> Bodies | None:
    """The bodies of a text with one blank between fields and nothing odd, else None."""
    text = np.frombuffer(data, np.uint8)
    blank = text <= ord(" ")
    if (blank[1:] & blank[:-1]).any():
        return None
    ends = np.flatnonzero(blank)  # the byte behind each field of the file
    newline = text[ends] == ord("\n")
    if not (newline | (text[ends] == ord(" "))).all():
        return None
    last = np.flatnonzero(newline)  # the last field of each line
    if last.size > _MOST_FRAMES + ends.size // 11:  # a body has 27 lines and 311 fields
        return None
    line_ends = ends[last]
    walk = _walk(data, line_ends.tolist())
    if walk is None:
        return None
    total, frames, ids, heads = walk
    head = np.array(heads, np.int64)
    joint = head[:, None] + np.arange(2, 2 + _JOINTS)  # line numbers, (B, 25)
    count = np.diff(last, prepend=-1)  # fields of each line
    stop = ends[last[joint]]
    state = text[stop - 1] - np.uint8(ord("0"))
    regular = (
        (count[head] == 10).all()
        and (line_ends[head + 1] - line_ends[head] == 3).all()
        and (text[line_ends[head + 1] - 2] == ord("2")).all()
        and (text[line_ends[head + 1] - 1] == ord("5")).all()
        and (count[joint] == 12).all()
        and (stop - ends[last[joint] - 1] == 2).all()
        and (state <= 2).all()
    )
    if not regular:
        return None
    edges = ends[last[joint - 1][..., None] + np.arange(4)]  # around x, y and z, (B, 25, 4)
    joints = cast_fields(data, edges[..., :3] + 1, edges[..., 1:])
    return None if joints is None else Bodies(total, frames, ids, joints, state)


def _walk(data: bytes, line_ends: list[int]) -> tuple[int, list[int], list[int], list[int]] | None:
    """Frames, and for each body its frame, id and line; None unless the counts add up."""
    frames, ids, heads = [], [], []
    starts = [0, *(end + 1 for end in line_ends)]
    row = 1
    try:
        total = _whole(data[: line_ends[0]])
        for frame in range(total):
            bodies = _whole(data[starts[row] : line_ends[row]])
            row += 1
            if bodies > _MOST_BODIES:
                return None
            for _ in range(bodies):
                ids.append(_whole(data[starts[row] : data.index(b" ", starts[row])]))
                frames.append(frame)
                heads.append(row)
                row += 2 + _JOINTS
    except (ValueError, IndexError):
        return None
    # No body at all is a fault, for which the careful parser has the sentence.
    return (total, frames, ids, heads) if heads and row == len(line_ends) else None


def _careful(data: bytes, name: str) -> Bodies:
    """The bodies of any text that holds the right fields; a LabanError for one that does not."""
    lines = _Lines(data, name)
    total = lines.whole("the number of frames")
    if total == 0:
        raise LabanError(f"{name} has 0 frames: leave the file out, or copy it again")
    if total > _MOST_FRAMES:
        raise lines.fault(f"says {total:,} frames, too many for a clip")
    frames, ids, numbers = [], [], []
    for frame in range(total):
        lines.place = f", in frame {frame} (of 0 to {total - 1})"
        bodies = lines.whole("the number of bodies")
        if bodies > _MOST_BODIES:
            raise lines.fault(f"says {bodies} bodies in one frame, more than a Kinect can see")
        for _ in range(bodies):
            frames.append(frame)
            ids.append(lines.body_id())
            if (joints := lines.whole("the number of joints")) != _JOINTS:
                raise lines.fault(f"says {joints} joints where NTU has {_JOINTS}")
            numbers += [lines.joint() for _ in range(_JOINTS)]
    lines.place = ""
    if lines.more():
        raise lines.fault(f"comes after the last of the {total} frames that the first line says")
    if not ids:
        raise LabanError(f"{name} has no body in any frame: leave the file out")
    values = np.array(numbers).reshape(-1, _JOINTS, 4)
    return Bodies(total, frames, ids, values[..., :3], values[..., 3].astype(np.uint8))


class _Lines:
    """The lines of a text one after the other, and the place of the present one for errors."""

    def __init__(self, data: bytes, name: str) -> None:
        self._lines: Iterator[bytes] = iter(io.BytesIO(data.rstrip()))
        self._name = name
        self._number = 0
        self.place = ""

    def fault(self, what: str) -> LabanError:
        """An error about the present line."""
        return LabanError(f"{self._name}, line {self._number}{self.place}: {what}, copy it again")

    def more(self) -> bool:
        """Whether there is another line; steps to it."""
        self._number += 1
        return next(self._lines, None) is not None

    def fields(self, what: str, count: int) -> list[bytes]:
        """The next line's fields, which must be so many."""
        self._number += 1
        line = next(self._lines, None)
        if line is None:
            raise self.fault(f"the file ends where {what} belongs")
        if len(line) > _LONGEST_LINE:
            raise self.fault(f"has {len(line):,} bytes where {what} belongs")
        fields = line.split()
        if len(fields) != count:
            raise self.fault(f"has {len(fields)} fields where {what} belongs ({count})")
        return fields

    def whole(self, what: str) -> int:
        """The next line, a whole number."""
        (field,) = self.fields(what, 1)
        return self._as_whole(field, what)

    def body_id(self) -> int:
        """The next line, a body's ten fields: the first of them."""
        return self._as_whole(self.fields("a body", 10)[0], "a body's id")

    def joint(self) -> tuple[float, float, float, float]:
        """The next line, a joint's 12 numbers: x, y, z and the tracking state."""
        x, y, z, *_, state = self.fields("a joint", 12)
        try:
            numbers = float(x), float(y), float(z), float(state)
        except ValueError:
            raise self.fault("has a word where the numbers of a joint belong") from None
        if numbers[3] not in (0, 1, 2):
            raise self.fault(f"has the tracking state {state.decode()} where 0, 1 or 2 belongs")
        return numbers

    def _as_whole(self, field: bytes, what: str) -> int:
        try:
            return _whole(field)
        except ValueError:
            raise self.fault(f"has {field[:40]!r} where {what} belongs") from None


def _whole(field: bytes) -> int:
    """A number of decimal digits, no more than 30; ValueError for anything else."""
    if not field.isdigit() or len(field) > 30:
        raise ValueError(field)
    return int(field)
