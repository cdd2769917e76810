"""FPHA: First-Person Hand Action Benchmark with RGB-D Videos and 3D Hand Pose Annotations.

Garcia-Hernando, Yuan, Baek and Kim, CVPR 2018, https://guiggh.github.io/publications/first-person-hands/.
1,175 clips of one right hand by 6 subjects in 45 actions, magnetic sensors at 30 frames a second.

One clip is ``Subject_S/ACTION/R/skeleton.txt``: a frame a line, its number and 63 numbers between
blanks, x y z of 21 joints in millimetres in the camera's frame (wrist; the base of thumb, index,
middle, ring and little finger; then the three other joints of each), such as
``0000 -33.7 74.2 380.5 ...``. ``data_split_action_recognition.txt`` gives the 1:1 split: ``Training
600``, a clip a line as ``Subject_1/open_juice_bottle/1 0`` with the number of its class, ``Test
575`` and those clips.

Unusual here: the joints are put in the order of layout hand-21, finger by finger; y, which points
down in the camera's frame, and z are negated, so that y points up and the frame stays right-handed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from einops import rearrange

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.source import Entry, Source, distinct, named
from laban.readers.text import number_rows
from laban.skeletons import SKELETONS

__all__ = ["Fpha"]

_FILE = re.compile(r"(?:^|/)Subject_(\d+)/(\w+)/(\d+)/skeleton\.txt$")
_CLIP = re.compile(r"Subject_(\d+)/(\w+)/(\d+)(?: \d+)?$")
_LIST = "data_split_action_recognition.txt"
_PARTS = {"training": "train", "test": "test"}
# Metres of a millimetre along each axis, y and z turned over.
_METRES = np.array([1e-3, -1e-3, -1e-3])
# The wrist, then of each finger its base and its three other joints.
_ORDER = [0, *(j for f in range(5) for j in (1 + f, 6 + 3 * f, 7 + 3 * f, 8 + 3 * f))]
_Key = tuple[int, str, int]


@dataclass(frozen=True)
class Fpha:
    """Reader of FPHA's hand actions."""

    name = "fpha"
    about = "FPHA first-person hand actions (21 joints): Subject_*/ACTION/*/skeleton.txt"
    layout = "Subject_S/ACTION/R/skeleton.txt"
    skeleton = SKELETONS["hand-21"]
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips, with the split of the list where it is there."""
        names = source.names()
        splits: dict[_Key, str] = {}
        for name in named(names, _LIST):
            splits |= dict(_listed(source, name))
        return distinct(_entry(name, splits) for name in names if _FILE.search(name))

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (1, T, 21, 3) in metres."""
        rows = number_rows(source.read(entry.path), entry.path, 1 + 3 * len(self.skeleton))
        joints = rearrange(rows[:, 1:], "t (v c) -> 1 t v c", c=3)[:, :, _ORDER]
        return Clip(
            name=entry.name,
            poses=(joints * _METRES).astype(np.float32),
            skeleton=self.skeleton,
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def _key(match: re.Match[str]) -> _Key:
    return int(match[1]), match[2], int(match[3])


def _entry(path: str, splits: dict[_Key, str]) -> Entry:
    match = _FILE.search(path)
    assert match is not None
    subject, action, trial = key = _key(match)
    facts = {"subject": str(subject), "trial": str(trial)}
    if key in splits:
        facts["split"] = splits[key]
    label = action.replace("_", " ")
    return Entry(name=f"s{subject}_{action}_{trial}", path=path, facts=facts, label=label)


def _listed(source: Source, name: str) -> Iterator[tuple[_Key, str]]:
    """The clips of the list, as (subject, action, trial) and ``train`` or ``test``."""
    part = None
    for number, text in enumerate(source.read(name).splitlines(), 1):
        line = text.decode("utf-8", errors="replace").strip()
        head = line.split(" ")[0].lower()
        match = _CLIP.match(line)
        if head in _PARTS:
            part = _PARTS[head]
        elif match and part:
            yield _key(match), part
        elif line:
            raise LabanError(
                f"{name}, line {number}: give 'Training 600' or 'Test 575', and below them clips "
                "such as 'Subject_1/open_juice_bottle/1 0'"
            )
