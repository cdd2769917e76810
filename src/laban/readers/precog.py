"""PRECOG 2016: untrimmed recordings of one person doing five actions one after another.

David Jardim, 2016, MIT licence (https://opensource.org/license/mit). 72 recordings, six orders of
actions by 12 subjects, Kinect v1, 20 joints in metres in the camera's frame, taken as 30 frames a
second, the sensor's rate, for the archive does not tell it.

One recording is ``SeqA_S.csv`` (order of actions, subject): a header of joint names between ``;``,
then a frame a line: 20 fields ``x y z`` and a last one, the frame's label, 0 for background and 1
to 8 for the actions: ``0.1756747 -0.01422022 2.907105;...;0.2674209 -0.7630621 2.803326;0``.

Known defects: single frames of background cut actions of ``Seq1_10`` and ``Seq6_3`` in two, so that
there are 363 stretches instead of 360; they are kept. ``Seq2_10`` and ``Seq4_10`` have labels, but
zeros for all joints. The archive numbers its actions and does not name them; neither do we.

Unusual here: a clip has no label but segments, the stretches of equal labels.
"""

import re
from dataclasses import dataclass

import numpy as np
from einops import rearrange

from laban.classes import PRECOG_ACTIONS
from laban.clip import Clip, runs
from laban.errors import LabanError
from laban.readers.source import Entry, Source, distinct
from laban.readers.text import number_rows
from laban.skeletons import SKELETONS

__all__ = ["Precog"]

_FILE = re.compile(r"(?:^|/)(Seq(\d+)_(\d+))\.csv$")


@dataclass(frozen=True)
class Precog:
    """Reader of PRECOG recordings."""

    name = "precog"
    about = "PRECOG 2016 untrimmed recordings (20 joints): SeqA_S.csv"
    layout = "SeqA_S.csv"
    skeleton = SKELETONS["kinect-v1"]
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All recordings, by their names alone."""
        return distinct(
            Entry(match[1], match.string, {"subject": str(int(match[3])), "trial": match[2]})
            for match in map(_FILE.search, source.names())
            if match
        )

    def read(self, source: Source, entry: Entry) -> Clip:
        """The recording of one entry, (1, T, 20, 3) in metres, with its actions as segments."""
        joints = len(self.skeleton)
        header, _, text = source.read(entry.path).partition(b"\n")
        if len(header.split(b";")) != joints or b"HipCenter" not in header:
            raise LabanError(
                f"{entry.path}, line 1: give the names of {joints} joints between semicolons, "
                "from HipCenter to FootRight"
            )
        rows = number_rows(text.replace(b";", b" "), entry.path, 3 * joints + 1, first_line=2)
        return Clip(
            name=entry.name,
            poses=rearrange(rows[:, :-1], "t (v c) -> 1 t v c", c=3),
            skeleton=self.skeleton,
            fps=self.fps,
            label=entry.label,
            segments=runs([_action(value, entry.path, t) for t, value in enumerate(rows[:, -1])]),
            facts=dict(entry.facts),
        )


def _action(value: np.float32, name: str, frame: int) -> str | None:
    """The action of a frame; None for the background."""
    if value == 0:
        return None
    if value not in range(1, len(PRECOG_ACTIONS) + 1):
        raise LabanError(
            f"{name}, line {frame + 2}: the label is {value:g}, give 0 for background or an action "
            f"from 1 to {len(PRECOG_ACTIONS)}"
        )
    return PRECOG_ACTIONS[int(value) - 1]
