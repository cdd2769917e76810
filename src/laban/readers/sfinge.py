"""SFINGE 3D: single hand gestures, and long recordings in which some of them occur.

Caputo and others, SFINGE 3D: A novel benchmark for online detection and recognition of
heterogeneous hand gestures from 3D fingers' trajectories, Computers & Graphics 2020,
https://www.sciencedirect.com/science/article/pii/S0097849320301163. Leap Motion at 20 frames a
second, 20 joints of one hand: the palm, three of the thumb, four of each other finger from base to
tip; by the size of the hands in metres.

``Dictionary/G/N.txt`` is instance N (1 to 36) of gesture G (1 to 13), ``Sequences/N.txt`` a
recording of three to five gestures (N from 1 to 72): a frame a line, 140 numbers, for each joint
x y z and the quaternion x y z w, between ``;`` or ``,``: ``0.26216,2.4666,0.32541,-0.3904,...``.
``Sequences/sequencesGT.csv`` has a line a recording: its number, how many gestures, and for each
one class, first and last frame: ``1,4,8,51,93,8,155,178,8,242,270,6,358,403``.

Unusual here: frames of the list count from 1 and the last one belongs to the gesture, as four
recordings tell that end with one (two of them name one frame more than there is: the end is the
recording's). The fact ``recording`` is ``dictionary`` or the recording's number. Orientations are
not read: they follow from the positions.

The files' frame is Unity's, left-handed: y up, x to the person's right ("swipe right" goes to +x),
and z where the fingers point, away from the person. z is negated, which gives the sensor's own
right-handed frame (https://www.leapmotiontechnology.com/developer-sub/documentation/unity/unity/Unity_Overview),
in which all hands are right ones and people face the sensor, as in `laban.clip`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from einops import rearrange

from laban.classes import SFINGE_GESTURES
from laban.clip import Clip, Segment
from laban.errors import LabanError
from laban.readers.source import Entry, Source, distinct
from laban.readers.text import number_rows
from laban.skeletons import SKELETONS

__all__ = ["Sfinge"]

_FILE = re.compile(r"(?:^|/)(?:Dictionary/(\d+)|Sequences)/(\d+)\.txt$")
_LIST = "sequencesGT.csv"
_SEPARATORS = bytes.maketrans(b";,", b"  ")


@dataclass(frozen=True)
class _Recording(Entry):
    """An entry of a long recording, with what the list says of it."""

    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Sfinge:
    """Reader of SFINGE 3D gestures and recordings."""

    name = "sfinge"
    about = "SFINGE 3D hand gestures and recordings (20 joints): Dictionary/G/N.txt, Sequences"
    layout = f"Dictionary/G/N.txt and Sequences/N.txt beside {_LIST}"
    skeleton = SKELETONS["hand-20"]
    fps = 20.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All gestures and recordings; recordings without their list are a LabanError."""
        names = source.names()
        entries = [_entry(match) for match in map(_FILE.search, names) if match]
        recordings = {e.facts["recording"] for e in entries} - {"dictionary"}
        if not recordings:
            return distinct(entries)
        lists = [name for name in names if name.rpartition("/")[2] == _LIST]
        if not lists:
            raise LabanError(f"{_LIST} is missing beside the recordings, add it from the dataset")
        listed = dict(row for name in lists for row in _listed(source, name))
        return distinct(
            replace(entry, segments=listed.get(entry.facts["recording"], ()))
            if isinstance(entry, _Recording)
            else entry
            for entry in entries
        )

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (1, T, 20, 3)."""
        joints = len(self.skeleton)
        text = source.read(entry.path).translate(_SEPARATORS)
        rows = rearrange(number_rows(text, entry.path, 7 * joints), "t (v c) -> 1 t v c", c=7)
        found = getattr(entry, "segments", ())
        return Clip(
            name=entry.name,
            poses=_right_handed(rows[..., :3]),
            skeleton=self.skeleton,
            fps=self.fps,
            label=entry.label,
            segments=tuple(_within(segment, rows.shape[1], entry.path) for segment in found),
            facts=dict(entry.facts),
        )


def _right_handed(positions: np.ndarray) -> np.ndarray:
    """Positions (..., 3) in Unity's left-handed frame -> in the right-handed one, z negated."""
    x, y, z = np.moveaxis(positions, -1, 0)
    return np.stack([x, y, 0 - z], -1)  # where -z would make zeros negative


def _entry(match: re.Match[str]) -> Entry:
    number = int(match[2])
    if match[1] is None:
        facts = {"recording": str(number)}
        return _Recording(f"sequence-{number:02d}", match.string, facts)
    gesture = int(match[1])
    known = 1 <= gesture <= len(SFINGE_GESTURES)
    return Entry(
        name=f"dictionary-{gesture:02d}-{number:02d}",
        path=match.string,
        facts={"recording": "dictionary", "trial": str(number)},
        label=SFINGE_GESTURES[gesture - 1] if known else f"gesture {gesture}",
    )


def _listed(source: Source, name: str) -> Iterator[tuple[str, tuple[Segment, ...]]]:
    """The recordings of the list: number and gestures, end exclusive."""
    for line, text in enumerate(source.read(name).splitlines(), 1):
        if not text.strip():
            continue
        fields = text.strip().rstrip(b",").split(b",")
        if len(fields) < 2 or not all(_is_count(field) for field in fields):
            raise LabanError(
                f"{name}, line {line}: give the recording, how many gestures, and class, first and "
                "last frame of each as whole numbers between commas"
            )
        recording, count, *rest = map(int, fields)
        if len(rest) != 3 * count:
            raise LabanError(
                f"{name}, line {line}: {count} gestures need {3 * count} numbers, class, first and "
                f"last frame of each, and there are {len(rest)}"
            )
        segments = []
        for gesture, first, last in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            if not 1 <= gesture <= len(SFINGE_GESTURES) or not 1 <= first <= last:
                raise LabanError(
                    f"{name}, line {line}: gesture {gesture} from frame {first} to {last}, give a "
                    f"class from 1 to {len(SFINGE_GESTURES)} and frames from 1 on in order"
                )
            segments.append(Segment(SFINGE_GESTURES[gesture - 1], first - 1, last))
        yield str(recording), tuple(segments)


def _is_count(field: bytes) -> bool:
    return field.strip().isdigit() and len(field) < 10


def _within(segment: Segment, frames: int, name: str) -> Segment:
    """The segment, which may end one frame late, inside the recording."""
    if segment.end > frames + 1:
        raise LabanError(
            f"{name}: has {frames} frames, {_LIST} names a gesture that ends at {segment.end}"
        )
    return replace(segment, end=min(segment.end, frames))
