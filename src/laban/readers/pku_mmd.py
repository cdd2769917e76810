"""PKU-MMD I and II: A Large Scale Benchmark for Continuous Multi-Modal Human Action Understanding.

Liu and others, https://arxiv.org/abs/1703.07475, data on request from
https://www.icst.pku.edu.cn/struct/Projects/PKUMMD.html. Long recordings of several actions, 51
classes, Kinect v2 at 30 frames a second from three views (L, M, R), 25 joints in metres in the
camera's frame. Phase I: 1,076 recordings of 66 subjects with 21,545 actions; phase II: shorter
recordings of 13 subjects with about 7,000 actions.

One recording is ``NNNN-V.txt`` (phase I) or ``A10N08-V.txt`` (phase II): a frame a line, 150
numbers, two bodies x 25 joints x (x y z), zeros for an absent body. A file of the same name in a
folder with *label* in its name holds its actions, one a line, such as ``8,120,264,2``: class from
1, first and last frame, from 0, both included, and the annotator's confidence. The splits are text
files such as ``cross-subject.txt`` and ``cross-view_v2.txt``: a line ``Training videos:``, a
comma-separated list, a line ``Validataion videos:`` (spelt so) and a list.

A clip is a recording with its segments; ``laban convert --trimmed`` cuts it into its actions.

Known defects: the last frame of an action can lie behind the recording, and is then the
recording's last; a second behind it and more it is refused.

Unusual here: the lists are kept as the facts ``xsub`` and ``xview`` (train or test), and the phase
comes from the form of the name. A body that is in no frame is no person of the clip.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from einops import rearrange

from laban.classes import PKU_ACTIONS
from laban.clip import Clip, Segment
from laban.errors import LabanError
from laban.readers.source import Entry, Source, distinct
from laban.readers.text import number_rows
from laban.skeletons import SKELETONS

__all__ = ["PkuMmd"]

_NAME = re.compile(r"(?:(\d+)|(A\d+N\d+))-([LMR])", re.ASCII)
_FILE = re.compile(rf"(?:^|/)({_NAME.pattern})\.txt$", re.ASCII)
_SPLIT = re.compile(r"(?:^|/)cross[-_ ]?(sub|view)[^/]*\.txt$", re.IGNORECASE)
_PROTOCOLS = {"sub": "xsub", "view": "xview"}
_PERSONS = 2
_BEYOND = 30  # frames behind the recording that an action may go on

_Splits = dict[str, dict[str, str]]  # clip -> protocol -> train or test


@dataclass(frozen=True)
class PkuMmd:
    """Reader of PKU-MMD I and II."""

    name = "pku-mmd"
    about = "PKU-MMD I and II (25 joints, two persons, untrimmed): NNNN-V.txt and its labels"
    layout = "skeleton/NNNN-V.txt beside label/NNNN-V.txt and cross-subject.txt"
    skeleton = SKELETONS["kinect-v2"]
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All recordings, with what the lists of the splits say of them."""
        names = source.names()
        splits: _Splits = {}
        for name in names:
            if match := _SPLIT.search(name):
                _add_split(splits, source, name, _PROTOCOLS[match[1].lower()])
        found = [match for match in map(_FILE.search, names) if match]
        labels = {match[1]: match.string for match in found if _is_label(match.string)}
        return distinct(
            _entry(match, splits.get(match[1], {}), labels.get(match[1]))
            for match in found
            if not _is_label(match.string)
        )

    def read(self, source: Source, entry: Entry) -> Clip:
        """The recording of one entry, (M, T, 25, 3) in metres, with its labelled segments."""
        rows = number_rows(source.read(entry.path), entry.path, _PERSONS * len(self.skeleton) * 3)
        poses = rearrange(rows, "t (m v c) -> m t v c", m=_PERSONS, c=3)
        seen = (poses != 0).any((1, 2, 3))
        if not seen.any():
            raise LabanError(f"{entry.path} has no body in any frame: leave the file out")
        segments: tuple[Segment, ...] = ()
        for labels in entry.files[1:]:
            segments = tuple(_segments(source.read(labels), labels, len(rows)))
        return Clip(
            name=entry.name,
            poses=np.ascontiguousarray(poses[seen]),
            skeleton=self.skeleton,
            fps=self.fps,
            label=entry.label,
            segments=segments,
            facts=dict(entry.facts),
        )


def _is_label(path: str) -> bool:
    return "label" in path.rpartition("/")[0].lower()


def _entry(match: re.Match[str], splits: dict[str, str], labels: str | None) -> Entry:
    name, first, second, view = match.groups()
    facts = {"phase": "1" if first else "2", "video": first or second, "camera": view} | splits
    files = (match.string, labels) if labels else (match.string,)
    return Entry(name=name, path=match.string, facts=facts, files=files)


def _add_split(splits: _Splits, source: Source, name: str, protocol: str) -> None:
    """Note what one list says of its recordings."""
    part = None
    for number, line in enumerate(source.read(name).decode("utf-8", "replace").split("\n"), 1):
        text = line.strip()
        if text.endswith(":"):
            part = "train" if text.lower().startswith("train") else "test"
            continue
        for word in filter(None, map(str.strip, text.split(","))):
            if part is None or not _NAME.fullmatch(word):
                raise LabanError(
                    f"{name}, line {number}: {word[:40]!r} is no recording such as 0002-L below a "
                    "line 'Training videos:', mend the list"
                )
            if splits.setdefault(word, {}).setdefault(protocol, part) != part:
                raise LabanError(
                    f"{name}, line {number}: {word} both trains and tests, take it out of one list"
                )


def _segments(data: bytes, name: str, frames: int) -> Iterator[Segment]:
    """The actions of a label file, frames end-exclusive as everywhere."""
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        fields = [field.strip() for field in line.split(",")]
        if fields == [""]:
            continue
        plain = all(field.isascii() and field.isdigit() and len(field) < 10 for field in fields)
        if len(fields) not in (3, 4) or not plain:
            raise LabanError(
                f"{name}, line {number}: give class, first frame, last frame and confidence as "
                "whole numbers with commas between"
            )
        action, first, last = map(int, fields[:3])
        if not 1 <= action <= len(PKU_ACTIONS):
            raise LabanError(
                f"{name}, line {number}: the class is {action}, PKU-MMD has 1 to {len(PKU_ACTIONS)}"
            )
        if not first <= last or first >= frames or last >= frames + _BEYOND:
            raise LabanError(
                f"{name}, line {number}: frames {first} to {last} are no stretch of a recording of "
                f"{frames} frames, take the line out"
            )
        yield Segment(PKU_ACTIONS[action - 1], first, min(last + 1, frames))
