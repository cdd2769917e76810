"""NTU RGB+D 60 and 120: A Large Scale Dataset for 3D Human Activity Understanding.

Shahroudy and others, https://arxiv.org/abs/1604.02808; Liu and others,
https://arxiv.org/abs/1905.04757; data on request from
https://rose1.ntu.edu.sg/dataset/actionRecognition/ (academic use). 56,880 and 114,480 clips of 60
and 120 actions, one or two persons, Kinect v2 at 30 frames a second, 25 joints in metres in the
camera's frame.

One clip is ``SsssCcccPpppRrrrAaaa.skeleton`` (setup, camera, performer, replication, action); its
text is told in `ntu_text`. A joint's line is ``0.2181153 0.1725972 3.785547 277.419 191.8218
1036.233 519.1677 -0.2059419 0.05349901 0.9692109 -0.1239193 2``. Known defects: ids that change or
repeat, ghosts (furniture seen as a body), lost frames, and 302 (NTU-60) or 535 (NTU-120) clips
without a usable skeleton. These are named in the dataset's lists of missing skeletons, which are
kept in ``tables/ntu-missing-skeletons.txt`` (https://github.com/shahroudy/NTURGB-D); they get the
fact ``skeleton: faulty``, and the benchmarks pass over them, as all published figures do.

Unusual here: a body is followed by its id, and all tracks are kept in the order in which they first
appear; which of them count is the pipeline's business (`laban.people`).
Differs from the official codes of 2s-AGCN, ST-TR and DSTA-Net: no limit of 300 frames or of two or
four bodies, no energy order, and a file that says one thing and holds another is an error.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from laban.classes import NTU_CLASSES
from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.ntu_text import Bodies, parse_ntu
from laban.readers.source import Entry, Source, distinct
from laban.readers.text import LARGEST_TEXT
from laban.skeletons import SKELETONS

__all__ = ["Ntu", "named_entry"]

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")
_SUFFIX = ".skeleton"
_EXAMPLE = "S001C002P005R002A008"
_FACTS = ("setup", "camera", "subject", "trial")
_MOST_PLACES = 500_000  # tracks x frames of one clip, 150 MB of poses


@dataclass(frozen=True)
class Ntu:
    """Reader of NTU RGB+D 60 and 120.

    Attributes:
        ignored: A text file of clip names that `find` leaves out, one a line, such as the
            dataset's list of samples with missing skeletons; other lines are skipped.
    """

    ignored: Path | None = None

    name = "ntu"
    about = "NTU RGB+D 60 and 120 (25 joints, any number of bodies): SsssCcccPpppRrrrAaaa.skeleton"
    layout = "SsssCcccPpppRrrrAaaa.skeleton"
    skeleton = SKELETONS["kinect-v2"]
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(name.endswith(_SUFFIX) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips by their names, without those in the list `ignored`."""
        left_out = _listed(self.ignored) if self.ignored else set()
        entries = (named_entry(path) for path in source.names() if path.endswith(_SUFFIX))
        return distinct(entry for entry in entries if entry.name not in left_out)

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (M, T, 25, 3) in metres, a track for each body id."""
        if (size := source.size(entry.path)) > LARGEST_TEXT:
            raise LabanError(f"{entry.path} has {size:,} bytes, too many for a clip: leave it out")
        bodies = parse_ntu(source.read(entry.path), entry.path)
        joints = _as_float32(bodies, entry.path)
        track, count = _tracks(bodies)
        if count * bodies.total > _MOST_PLACES:
            raise LabanError(
                f"{entry.path} has {count} different body ids in {bodies.total} frames, too many "
                "for a clip: leave it out"
            )
        place = (np.array(track), np.array(bodies.frames))
        poses = np.zeros((count, bodies.total, *joints.shape[1:]), np.float32)
        present = np.zeros(poses.shape[:2], bool)
        confidence = np.zeros(poses.shape[:3], np.float32)
        poses[place] = joints
        present[place] = True
        confidence[place] = bodies.states * np.float32(0.5)
        return Clip(
            name=entry.name,
            poses=poses,
            skeleton=self.skeleton,
            present=present,
            confidence=confidence,
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def named_entry(path: str) -> Entry:
    """What a file's name says; one named in another way has no facts and no label."""
    name = path.rpartition("/")[2].removesuffix(_SUFFIX)
    match = _NAME.fullmatch(name)
    if match is None:
        return Entry(name=name, path=path)
    *numbers, action = map(int, match.groups())
    known = 1 <= action <= len(NTU_CLASSES)
    faulty = {"skeleton": "faulty"} if name in _missing() else {}
    return Entry(
        name=name,
        path=path,
        facts=dict(zip(_FACTS, map(str, numbers), strict=True)) | faulty,
        label=NTU_CLASSES[action - 1] if known else f"A{action:03d}",
    )


@cache
def _missing() -> frozenset[str]:
    """The 535 clips of NTU-120, 302 of NTU-60 among them, that the dataset lists as unusable."""
    table = files("laban") / "tables" / "ntu-missing-skeletons.txt"
    return frozenset(table.read_text("utf-8").split())


def _listed(path: Path) -> set[str]:
    """The clip names in a list file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as fault:
        raise LabanError(f"{path} cannot be read ({fault.strerror}): check --ignored") from fault
    names = {match[0] for match in map(_NAME.match, map(str.strip, lines)) if match}
    if not names:
        raise LabanError(f"{path} names no clip: give one name such as {_EXAMPLE} a line")
    return names


def _as_float32(bodies: Bodies, name: str) -> np.ndarray:
    """The joints, (B, 25, 3) float64 -> (B, 25, 3) float32, all of them finite."""
    with np.errstate(over="ignore"):
        joints = bodies.joints.astype(np.float32)
    if not np.isfinite(joints).all():
        number, joint, axis = np.argwhere(~np.isfinite(joints))[0]
        frame = bodies.frames[number]
        body = int(number) - bodies.frames.index(frame)
        raise LabanError(
            f"{name}, frame {frame} (of 0 to {bodies.total - 1}), body {body} (from 0): "
            f"{'xyz'[axis]} of the {Ntu.skeleton.joints[joint]} is "
            f"{bodies.joints[number, joint, axis]}, mend it or leave the file out"
        )
    return joints


def _tracks(bodies: Bodies) -> tuple[list[int], int]:
    """The track of each body, by id in order of first appearance, and the number of tracks.

    Of two bodies with one id in a frame the later gets the next id that is free there.
    """
    numbers: dict[int, int] = {}
    tracks: list[int] = []
    taken: set[int] = set()
    now = -1
    for frame, body_id in zip(bodies.frames, bodies.ids, strict=True):
        if frame != now:
            taken, now = set(), frame
        while body_id in taken:
            body_id += 1
        taken.add(body_id)
        tracks.append(numbers.setdefault(body_id, len(numbers)))
    return tracks, len(numbers)
