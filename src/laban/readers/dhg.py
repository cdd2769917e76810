"""DHG-14/28: Skeleton-Based Dynamic Hand Gesture Recognition.

De Smedt, Wannous and Vandeborre, http://www-rech.telecom-lille.fr/DHGdataset/. 2,800 clips of one
right hand by 20 subjects, Intel RealSense at 30 frames a second, the 14 gestures of SHREC'17, each
done with one finger (``finger_1``) and with the whole hand (``finger_2``), five times.

One clip is ``gesture_G/finger_F/subject_S/essai_E/skeleton_world.txt``, in the form of SHREC'17
(`laban.readers.shrec17`). ``informations_troncage_sequences.txt`` says where the gesture lies in
the recording: gesture, finger, subject, trial, first and last frame, from 0, both included. A clip
is that stretch; a recording that the file does not name is left out, as in the field's code.

Unusual here: labels are names, such as ``Grab (1)``, never numbers: the field's code numbers the 28
classes differently from SHREC'17's lists.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from einops import rearrange

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.shrec17 import hand_entry
from laban.readers.source import Entry, Source, distinct, named
from laban.readers.text import number_rows
from laban.skeletons import SKELETONS

__all__ = ["Dhg"]

_FILE = re.compile(
    r"(?:^|/)gesture_(\d+)/finger_(\d+)/subject_(\d+)/essai_(\d+)/skeleton_world\.txt$"
)
_CUTS = "informations_troncage_sequences.txt"
_Key = tuple[int, ...]


@dataclass(frozen=True)
class Dhg:
    """Reader of DHG hand gestures."""

    name = "dhg"
    about = "DHG-14/28 hand gestures (22 joints): gesture_*/finger_*/subject_*/essai_*"
    layout = f"gesture_G/finger_F/subject_S/essai_E/skeleton_world.txt beside {_CUTS}"
    skeleton = SKELETONS["hand-22"]
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """The clips that the list of cuts names; without the list a LabanError."""
        names = source.names()
        files = {_key(name): name for name in names if _FILE.search(name)}
        lists = named(names, _CUTS)
        if files and not lists:
            raise LabanError(f"{_CUTS} is missing beside the gestures, add it from the dataset")
        cuts = sorted(cut for name in lists for cut in _cuts(source, name))
        return distinct(
            hand_entry(files[key], key, {"first": str(first), "last": str(last)})
            for key, (first, last) in cuts
            if key in files
        )

    def read(self, source: Source, entry: Entry) -> Clip:
        """The gesture of one entry, (1, T, 22, 3) in metres."""
        rows = number_rows(source.read(entry.path), entry.path, 3 * len(self.skeleton))
        facts = dict(entry.facts)
        first, last = int(facts["first"]), int(facts["last"])
        if last >= len(rows):
            raise LabanError(
                f"{entry.path}: has {len(rows)} frames, {_CUTS} cuts frames {first} to {last}"
            )
        return Clip(
            name=entry.name,
            poses=rearrange(rows[first : last + 1], "t (v c) -> 1 t v c", c=3),
            skeleton=self.skeleton,
            fps=self.fps,
            label=entry.label,
            facts=facts,
        )


def _key(path: str) -> _Key:
    match = _FILE.search(path)
    return tuple(map(int, match.groups())) if match else ()


def _cuts(source: Source, name: str) -> Iterator[tuple[_Key, tuple[int, int]]]:
    """The clips of the list, as (gesture, finger, subject, trial) and (first, last)."""
    for number, line in enumerate(source.read(name).splitlines(), 1):
        if not line.strip():
            continue
        fields = line.split()
        if len(fields) != 6 or not all(field.isdigit() and len(field) < 10 for field in fields):
            raise LabanError(
                f"{name}, line {number}: give gesture, finger, subject, trial, first and last "
                "frame as whole numbers"
            )
        *key, first, last = map(int, fields)
        if last < first:
            raise LabanError(f"{name}, line {number}: the last frame {last} is before {first}")
        yield tuple(key), (first, last)
