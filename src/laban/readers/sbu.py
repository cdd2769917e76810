"""SBU Kinect Interaction: Two-person Interaction Detection Using Body-Pose Features.

Yun and others, CVPR workshops 2012, https://doi.org/10.1109/CVPRW.2012.6239234. 282 clips, 6,822
frames, eight interactions of 21 ordered pairs of seven subjects, Kinect with OpenNI's 15 joints
at 15 frames a second; five folds by pair.

One clip is ``sXXsYY/CC/NNN/skeleton_pos.txt`` (the one who acts, the one who reacts, interaction,
trial): a frame a line, comma separated, its number and 2 x 15 x (x y z), such as
``677,0.79256,0.41584,1.6626,...``. These numbers are normalised; the archive's README undoes it by
x' = 1280 - 2560 x, y' = 960 - 1920 y, z' = 10000 z / 7.8125 millimetres, and so does the reader:
clips are in metres in the camera's frame, y up. A person of zeros is absent.
"""

import re
from dataclasses import dataclass

import numpy as np
from einops import rearrange

from laban.classes import SBU_INTERACTIONS
from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.source import Entry, Source, distinct
from laban.readers.text import number_rows
from laban.skeletons import SKELETONS

__all__ = ["Sbu"]

_FILE = re.compile(r"(?:^|/)(s(\d+)s(\d+))/(\d+)/(\d+)/skeleton_pos\.txt$")
_PERSONS = 2
_ORIGIN = np.array([1.28, 0.96, 0.0], np.float32)
_SCALE = np.array([-2.56, -1.92, 1.28], np.float32)


@dataclass(frozen=True)
class Sbu:
    """Reader of SBU Kinect interactions."""

    name = "sbu"
    about = "SBU Kinect Interaction (15 joints, two persons): sXXsYY/CC/NNN/skeleton_pos.txt"
    layout = "sXXsYY/CC/NNN/skeleton_pos.txt"
    skeleton = SKELETONS["sbu-15"]
    fps = 15.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips, by their places alone."""
        return distinct(_entry(match) for match in map(_FILE.search, source.names()) if match)

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (2, T, 15, 3) in metres."""
        # Two commas in a row become two blanks, so that a missing number is a line too short.
        data = source.read(entry.path).replace(b",", b" ")
        rows = number_rows(data, entry.path, 1 + _PERSONS * len(self.skeleton) * 3)
        raw = rearrange(rows[:, 1:], "t (m v c) -> m t v c", m=_PERSONS, c=3)
        present = (raw != 0).any((2, 3))
        if not present.any():
            raise LabanError(f"{entry.path} has no body in any frame: leave the file out")
        return Clip(
            name=entry.name,
            poses=(_ORIGIN + _SCALE * raw) * present[..., None, None],
            skeleton=self.skeleton,
            present=present,
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def _entry(match: re.Match[str]) -> Entry:
    pair, folder = match[1], match.groups()[1:]
    actor, partner, action, trial = map(int, folder)
    facts = {"subject": str(actor), "partner": str(partner), "pair": pair, "trial": str(trial)}
    known = 1 <= action <= len(SBU_INTERACTIONS)
    return Entry(
        name=f"{pair}_{match[4]}_{match[5]}",
        path=match.string,
        facts=facts,
        label=SBU_INTERACTIONS[action - 1] if known else None,
    )
