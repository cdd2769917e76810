"""Kinetics-Skeleton: the poses that ST-GCN's authors drew from Kinetics-400 with OpenPose.

Yan, Xiong and Lin, https://arxiv.org/abs/1801.07455; videos of https://arxiv.org/abs/1705.06950.
About 240,000 clips to train and 20,000 to test, 400 classes, ten seconds at 30 frames a second.
Judged by top-1 and top-5.

One clip is ``VIDEO.json`` in ``kinetics_train/`` or ``kinetics_val/``: ``{"data": [{"frame_index":
1, "skeleton": [{"pose": [0.518, 0.139, ...], "score": [0.42, ...]}]}], "label": "playing guitar",
"label_index": 232}``: for each of up to five persons 36 numbers x y of 18 joints, as shares of the
picture's width and height, x right and y **down**, and 18 scores in 0 to 1; a joint that was not
found is zeros. Beside them ``kinetics_train_label.json`` and ``kinetics_val_label.json`` give the
split (the second is the fact ``split: test``) and the label: ``{"VIDEO": {"has_skeleton": true,
"label": "playing guitar", "label_index": 232}}``.

Unusual here: x and y change sign, a half turn about the line of sight, so that y is up and, as in
Kinect's frame, a person who faces the camera has the right hand at larger x; nothing is mirrored
and the numbers lie in -1 to 0. Persons have no identity from frame to frame; track m is the m-th
of each frame's list. All are kept with their scores as confidence: choosing two of them in each
frame by confidence, as ST-GCN's feeder does, is `laban.people.most_confident`. Clips without a
person in any frame (``has_skeleton: false``) are errors, so a conversion lists them as skipped.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from einops import rearrange

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.json_file import read_json
from laban.readers.source import Entry, Source, distinct
from laban.skeletons import SKELETONS

__all__ = ["Kinetics"]

_LIST = re.compile(r"(?:^|/)kinetics_(train|val)_label\.json$")
_OURS = re.compile(r"(?:^|/)kinetics_(train|val)(?:/[^/]+|_label)\.json$")
_SPLITS = {"train": "train", "val": "test"}
_LARGEST_LIST = 128 * 2**20  # bytes; the real list of training clips has about 25 million
_MOST_FRAMES = 100_000
_MOST_PLACES = 500_000  # persons x frames of one clip


@dataclass(frozen=True)
class Kinetics:
    """Reader of Kinetics-Skeleton."""

    name = "kinetics"
    about = "Kinetics-Skeleton (18 joints in the picture, several persons): kinetics_train/*.json"
    layout = "kinetics_train/VIDEO.json, kinetics_val/VIDEO.json beside kinetics_train_label.json"
    skeleton = SKELETONS["openpose-18"]
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_OURS.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips, with the split and the label of the list files where these are there."""
        names = source.names()
        labels: dict[str, tuple[str, str | None]] = {}
        for name in names:
            if match := _LIST.search(name):
                labels |= _listed(source, name, _SPLITS[match[1]])
        clips = (n for n in names if n.endswith(".json") and not _LIST.search(n))
        return distinct(_entry(path, labels) for path in clips)

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (M, T, 18, 2) in shares of the picture, y up, with confidence."""
        value = read_json(source, entry.path)
        label = value.get("label") if isinstance(value, dict) else None
        if label is not None and not isinstance(label, str):
            raise LabanError(f"{entry.path}: 'label' is {str(label)[:40]!r}, give a class name")
        if label and entry.label and label != entry.label:
            raise LabanError(
                f"{entry.path} says {label!r}, the list of labels {entry.label!r}: mend one of them"
            )
        poses, present = self._poses(value, entry.path)
        return Clip(
            name=entry.name,
            poses=0 - poses[..., :2],  # where -poses would make the zeros of lost joints negative
            skeleton=self.skeleton,
            present=present,
            confidence=poses[..., 2],
            fps=self.fps,
            label=entry.label or label,
            facts=dict(entry.facts),
        )

    def _poses(self, value: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The JSON value -> x, y, score (M, T, 18, 3) float32 and presence (M, T)."""
        numbers, bodies = _frames(value, name)
        places = [(m, row) for row, people in enumerate(bodies) for m in range(len(people))]
        if not places:
            raise LabanError(f"{name} has nobody in any frame: leave the file out")
        first = min(numbers[0], 1)  # frames count from 1 unless the file has a frame 0
        count, total = max(m for m, _ in places) + 1, max(numbers) + 1 - first
        if count * total > _MOST_PLACES:
            raise LabanError(
                f"{name} has {count} persons in {total} frames, too many for a clip: leave it out"
            )
        people = [(f"{name}, frame {numbers[row]}", bodies[row][m]) for m, row in places]
        poses = np.zeros((count, total, len(self.skeleton), 3), np.float32)
        present = np.zeros((count, total), bool)
        who = [m for m, _ in places]
        when = [numbers[row] - first for _, row in places]
        poses[who, when] = _table(people, len(self.skeleton))
        present[who, when] = True
        return poses, present


def _entry(path: str, labels: dict[str, tuple[str, str | None]]) -> Entry:
    name = path.rpartition("/")[2].removesuffix(".json")
    match = _OURS.search(path)
    split, label = labels.get(name, (_SPLITS[match[1]] if match else None, None))
    return Entry(name=name, path=path, facts={"split": split} if split else {}, label=label)


def _listed(source: Source, name: str, split: str) -> dict[str, tuple[str, str | None]]:
    """The clips of a list of labels, with their split and label."""
    value = read_json(source, name, largest=_LARGEST_LIST)
    if not isinstance(value, dict):
        raise LabanError(f"{name}: give an object of clips, each with its 'label'")
    for clip, row in value.items():
        if not isinstance(row, dict) or not isinstance(row.get("label"), str):
            raise LabanError(f"{name}: the clip {clip[:40]!r} has no 'label', give its class name")
    return {clip: (split, row["label"]) for clip, row in value.items()}


def _frames(value: Any, name: str) -> tuple[list[int], list[list]]:
    """The numbers of the frames, ascending, and the list of people in each."""
    frames = value.get("data") if isinstance(value, dict) else None
    if not isinstance(frames, list):
        raise LabanError(f"{name}: there is no list 'data', is this Kinetics-Skeleton's JSON?")
    if not frames:
        raise LabanError(f"{name} has 0 frames: leave the file out")
    found: dict[int, list] = {}
    for row, frame in enumerate(frames):
        number = frame.get("frame_index") if isinstance(frame, dict) else None
        people = frame.get("skeleton") if isinstance(frame, dict) else None
        if type(number) is not int or not 0 <= number <= _MOST_FRAMES or number in found:
            raise LabanError(
                f"{name}: the entry {row} of 'data' has the frame_index {str(number)[:40]}, give "
                f"each frame its own whole number up to {_MOST_FRAMES:,}"
            )
        if not isinstance(people, list):
            raise LabanError(f"{name}, frame {number}: there is no list 'skeleton', give one")
        found[number] = people
    order = sorted(found)
    return order, [found[number] for number in order]


def _table(people: list[tuple[str, Any]], joints: int) -> np.ndarray:
    """Places and persons of one frame each, B of them -> x, y, score (B, V, 3) float32, finite."""
    rows = [_row(person, joints, where) for where, person in people]
    table = _as_numbers(rows)
    if table is None:
        odd = (n for n, row in enumerate(rows) if _as_numbers([row]) is None)
        raise LabanError(
            f"{people[next(odd, 0)][0]}: 'pose' and 'score' must hold numbers, mend the file"
        )
    if not np.isfinite(table).all():
        where = people[int(np.argmin(np.isfinite(table).all(1)))][0]
        raise LabanError(f"{where}: a number is not finite, mend it or leave the file out")
    poses = rearrange(table[:, : 2 * joints], "b (v c) -> b v c", c=2)
    return np.concatenate([poses, table[:, 2 * joints :, None]], axis=2)


def _row(person: Any, joints: int, where: str) -> list:
    """The values of one person: 2 x V of the pose, then V scores."""
    values: list = []
    for key, count in (("pose", 2 * joints), ("score", joints)):
        part = person.get(key) if isinstance(person, dict) else None
        if not isinstance(part, list) or len(part) != count:
            raise LabanError(f"{where}: give {count} numbers '{key}' for each person")
        values += part
    return values


def _as_numbers(rows: list[list]) -> np.ndarray | None:
    """Rows of values -> (B, N) float32, None where one is no number."""
    try:
        table = np.array(rows)
    except (ValueError, OverflowError):
        return None
    with np.errstate(over="ignore"):
        plain = table.ndim == 2 and table.dtype.kind in "iuf"
        return table.astype(np.float32) if plain else None
