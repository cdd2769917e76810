"""SHREC'17 Track: 3D Hand Gesture Recognition Using a Depth and Skeletal Dataset.

De Smedt and others, http://www-rech.telecom-lille.fr/shrec2017-hand/. 2,800 clips of one right
hand by 28 subjects, Intel RealSense at 30 frames a second, 14 gestures each done with one finger
(``finger_1``) and with the whole hand (``finger_2``).

One clip is ``gesture_G/finger_F/subject_S/essai_E/skeletons_world.txt``: a frame a line, 66
numbers between blanks, x y z of 22 joints (wrist, palm, then thumb to little finger from base to
tip), metres in the camera's frame, such as ``0.4832 -0.3856 0.5522 0.4906 ...``.
``train_gestures.txt`` (1,960) and ``test_gestures.txt`` (840) give the split: gesture, finger,
subject, trial, label of 14, label of 28, length.

Unusual here: labels are names, such as ``Grab (1)`` and ``Grab (2)``, never the list files'
numbers, so the 28-class numbering of SHREC'17 and that of the code in the field cannot be confused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from einops import rearrange

from laban.classes import SHREC17_GESTURES
from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.source import Entry, Source, distinct, named
from laban.readers.text import number_rows
from laban.skeletons import SKELETONS

__all__ = ["Shrec17", "hand_entry"]

_FILE = re.compile(
    r"(?:^|/)(?:gesture_(\d+)/finger_(\d+)/subject_(\d+)/essai_(\d+)/)?skeletons_world\.txt$"
)
_LISTS = (("train", "train_gestures.txt"), ("test", "test_gestures.txt"))

_Key = tuple[int, ...]


@dataclass(frozen=True)
class Shrec17:
    """Reader of SHREC'17 hand gestures."""

    name = "shrec17"
    about = "SHREC'17 hand gestures (22 joints): gesture_*/finger_*/subject_*/essai_*"
    layout = "gesture_G/finger_F/subject_S/essai_E/skeletons_world.txt"
    skeleton = SKELETONS["hand-22"]
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips, with the split of the list files where these are there."""
        names = source.names()
        splits: dict[_Key, str] = {}
        for split, file in _LISTS:
            for name in named(names, file):
                splits |= dict.fromkeys(_listed(source, name), split)
        return distinct(_entry(name, splits) for name in names if _FILE.search(name))

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (1, T, 22, 3) in metres."""
        rows = number_rows(source.read(entry.path), entry.path, 3 * len(self.skeleton))
        return Clip(
            name=entry.name,
            poses=rearrange(rows, "t (v c) -> 1 t v c", c=3),
            skeleton=self.skeleton,
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def _entry(path: str, splits: dict[_Key, str]) -> Entry:
    match = _FILE.search(path)
    if match is None or match[1] is None:
        return Entry(name="skeletons_world", path=path)
    key = tuple(map(int, match.groups()))
    facts = {"split": splits[key]} if key in splits else {}
    return hand_entry(path, key, facts)


def hand_entry(path: str, key: tuple[int, ...], facts: dict[str, str]) -> Entry:
    """The entry of a gesture of SHREC'17 or DHG, key (gesture, finger, subject, trial)."""
    gesture, finger, subject, trial = key
    label = None
    if 1 <= gesture <= len(SHREC17_GESTURES):
        label = f"{SHREC17_GESTURES[gesture - 1]} ({finger})"
    name = f"g{gesture:02d}_f{finger}_s{subject:02d}_e{trial:02d}"
    facts = {"subject": str(subject), "trial": str(trial)} | facts
    return Entry(name=name, path=path, facts=facts, label=label)


def _listed(source: Source, name: str) -> Iterator[_Key]:
    """The clips of a list file, as (gesture, finger, subject, trial)."""
    for number, line in enumerate(source.read(name).splitlines(), 1):
        if not line.strip():
            continue
        try:
            gesture, finger, subject, trial = map(int, line.split()[:4])
        except ValueError:
            raise LabanError(
                f"{name}, line {number}: give gesture, finger, subject and trial as whole numbers"
            ) from None
        yield gesture, finger, subject, trial
