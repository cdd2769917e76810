"""Biovision hierarchy (BVH): motion capture of any skeleton, as rotations along its hierarchy.

Format: https://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/BVH.html. Under
``HIERARCHY`` a tree of ``ROOT`` and ``JOINT``, each with an ``OFFSET`` from its parent and
``CHANNELS`` such as ``6 Xposition Yposition Zposition Zrotation Xrotation Yrotation``; under
``MOTION`` the lines ``Frames: 38``, ``Frame Time: 0.0333333``, and a line of numbers a frame, in
the order of the channels: ``-0.872149 80.036700 -4.153310 87.963100 ...``.

Joint positions come by forward kinematics: a joint lies at its parent's place plus its offset,
turned by all joints above; its rotations in degrees apply in the order of its channels, the last
named turns first; position channels take the place of the offset, at every joint that has them.
The format knows no unit: a number is taken as a centimetre unless `Bvh.unit` says otherwise, and
poses are in metres. Axes stay the file's, of which y is usually up.

Unusual here: the joint layout is the file's own, with sides, parts and spine told by the names
(`laban.own_layout`); an end site that lies away from its joint is a joint ``NAME-end``, one that
does not is left out. One person a file. The format has no label: see ``--label-from``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from einops import rearrange

from laban.clip import Clip
from laban.errors import LabanError
from laban.own_layout import own_skeleton
from laban.readers.source import Entry, Source, clip_names, distinct
from laban.readers.text import number_rows
from laban.skeletons import Skeleton

__all__ = ["Bvh"]

_SUFFIX = ".bvh"
_MOTION = re.compile(
    rb"^[ \t]*MOTION\s+Frames:\s*(\d{1,9})\s+Frame Time:[ \t]*([-+.\deE]+)[ \t]*\r?(?:\n|\Z)",
    re.MULTILINE,
)
_MOST_JOINTS = 1000
_AXES = "XYZ"


@dataclass
class _Joint:
    """A joint of the hierarchy; channels are (is a rotation, axis 0 to 2)."""

    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[tuple[bool, int]] = field(default_factory=list)
    is_end: bool = False


@dataclass(frozen=True)
class Bvh:
    """Reader of BVH files.

    Attributes:
        unit: Metres of one unit of length in the files.
    """

    unit: float = 0.01

    name = "bvh"
    about = "Biovision hierarchy motion capture (any joints, own layout): *.bvh"
    layout = "NAME.bvh"
    skeleton = None
    fps = None

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(name.lower().endswith(_SUFFIX) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All files, named by their path below the folder that they share."""
        paths = [name for name in source.names() if name.lower().endswith(_SUFFIX)]
        return distinct(Entry(name=name, path=path) for name, path in clip_names(paths))

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (1, T, V, 3) in metres, V and the layout from the file."""
        data = source.read(entry.path)
        head = _MOTION.search(data)
        if head is None:
            raise LabanError(
                f"{entry.path}: there are no lines MOTION, Frames: N and Frame Time: SECONDS, is "
                "this a BVH file, and whole?"
            )
        joints = _hierarchy(data[: head.start()], entry.path)
        columns = sum(len(joint.channels) for joint in joints)
        lines = data.count(b"\n", 0, head.end())
        rows = number_rows(data[head.end() :], entry.path, columns, first_line=lines + 1)
        if len(rows) != int(head[1]):
            raise LabanError(
                f"{entry.path}: says {int(head[1])} frames and has {len(rows)}, copy it again"
            )
        kept = [j for j, joint in enumerate(joints) if not joint.is_end or joint.offset.any()]
        names = [joint.name for joint in joints]
        parents = {names[j]: names[joints[j].parent] for j in kept}
        places = forward_kinematics(joints, rows.astype(np.float64))[:, kept]
        return Clip(
            name=entry.name,
            poses=rearrange(places * self.unit, "t v c -> 1 t v c"),
            skeleton=_layout(tuple(parents.items())),
            present=np.ones((1, len(rows)), bool),
            fps=_fps(head[2], entry.path),
            label=entry.label,
            facts=dict(entry.facts),
        )


@lru_cache(maxsize=16)  # The files of a source mostly have one hierarchy.
def _layout(parents: tuple[tuple[str, str], ...]) -> Skeleton:
    return own_skeleton(f"bvh-{len(parents)}", dict(parents))


def forward_kinematics(joints: list[_Joint], rows: np.ndarray) -> np.ndarray:
    """Channel values (T, K) in degrees and units of length -> places (T, V, 3)."""
    count = len(rows)
    places = np.zeros((count, len(joints), 3))
    turns = np.zeros((len(joints), count, 3, 3))
    column = 0
    for number, joint in enumerate(joints):
        offset = np.tile(joint.offset, (count, 1))  # (T, 3)
        turn = np.broadcast_to(np.eye(3), (count, 3, 3))
        for is_rotation, axis in joint.channels:
            if is_rotation:
                turn = turn @ _rotation(axis, rows[:, column])
            else:
                offset[:, axis] = rows[:, column]
            column += 1
        if joint.parent == number:
            places[:, number], turns[number] = offset, turn
        else:
            above = turns[joint.parent]
            places[:, number] = places[:, joint.parent] + np.einsum("tij,tj->ti", above, offset)
            turns[number] = above @ turn
    return places


def _rotation(axis: int, degrees: np.ndarray) -> np.ndarray:
    """Turns (T,) about one axis -> matrices (T, 3, 3), right-handed."""
    angle = np.radians(degrees)
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.zeros((len(angle), 3, 3))
    matrix[:, axis, axis] = 1
    matrix[:, one, one] = matrix[:, other, other] = np.cos(angle)
    matrix[:, other, one] = np.sin(angle)
    matrix[:, one, other] = -matrix[:, other, one]
    return matrix


def _fps(text: bytes, name: str) -> float:
    """Frames a second from the frame time, whole where the time's rounding allows it."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1e-5 < seconds < 1e3:
        raise LabanError(
            f"{name}: the frame time is {text.decode('ascii', 'replace')}, give seconds above 0"
        )
    fps = 1 / seconds
    return float(round(fps)) if abs(fps - round(fps)) < 1e-3 * fps else fps


def _hierarchy(data: bytes, name: str) -> list[_Joint]:
    """The joints of a hierarchy, parents before children; LabanError with the line of a fault."""
    joints: list[_Joint] = []
    open_joints: list[int] = []
    awaited = False  # an opening brace
    for line, words in _statements(data):
        word = words[0]
        where = f"{name}, line {line}"
        if word == "{" and awaited:
            awaited = False
            open_joints.append(len(joints) - 1)
        elif word == "}" and open_joints and not awaited:
            open_joints.pop()
        elif awaited or word in "{}":
            raise LabanError(f"{where}: a brace is missing or too many, copy the file again")
        elif word in ("ROOT", "JOINT", "End"):
            joints.append(_joint(words, joints, open_joints, where))
            awaited = True
        elif word == "OFFSET" and open_joints:
            joints[open_joints[-1]].offset = _offset(words[1:], where)
        elif word == "CHANNELS" and open_joints:
            joints[open_joints[-1]].channels = _channels(words[1:], where)
        elif word != "HIERARCHY" or joints:
            raise LabanError(f"{where}: {' '.join(words)[:40]!r} does not belong in a hierarchy")
    if open_joints or awaited or not joints:
        raise LabanError(f"{name}: the hierarchy is not whole, copy the file again")
    return joints


def _statements(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Lines of the hierarchy as (number, words), braces apart."""
    text = data.decode("utf-8-sig", errors="replace")
    for number, line in enumerate(text.split("\n"), 1):
        for piece in re.findall(r"[{}]|[^{}]+", line):
            if words := piece.split():
                yield number, words


def _joint(words: list[str], joints: list[_Joint], open_joints: list[int], where: str) -> _Joint:
    """A new joint below the innermost open one."""
    if (words[0] == "ROOT") == bool(open_joints):
        raise LabanError(f"{where}: {words[0]} stands at the wrong depth, copy the file again")
    if len(joints) == _MOST_JOINTS:
        raise LabanError(f"{where}: more than {_MOST_JOINTS} joints, leave the file out")
    parent = open_joints[-1] if open_joints else len(joints)
    if words[0] == "End":
        return _Joint(f"{joints[parent].name}-end", parent, is_end=True)
    joint = " ".join(words[1:])
    if not joint or any(joint == other.name for other in joints):
        raise LabanError(f"{where}: joint {joint!r} must have a name of its own")
    return _Joint(joint, parent)


def _offset(words: list[str], where: str) -> np.ndarray:
    try:
        offset = np.array([float(word) for word in words])
    except ValueError:
        offset = np.empty(0)
    if offset.shape != (3,) or not np.isfinite(offset).all():
        raise LabanError(f"{where}: an offset must be three numbers")
    return offset


def _channels(words: list[str], where: str) -> list[tuple[bool, int]]:
    """``3 Zrotation Xrotation Yrotation`` as (is a rotation, axis)."""
    count, *names = words or [""]
    found = [
        (name[1:].lower() == "rotation", _AXES.index(name[0].upper()))
        for name in names
        if name[0].upper() in _AXES and name[1:].lower() in ("rotation", "position")
    ]
    if count != str(len(names)) or len(found) != len(names) or len(names) > 6:
        raise LabanError(
            f"{where}: channels must be a count and as many of X, Y, Z with position or rotation"
        )
    return found
