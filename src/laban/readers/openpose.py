"""OpenPose: keypoints of everybody in a picture, one JSON file a frame.

Cao and others, https://arxiv.org/abs/1812.08008; format:
https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md. A clip is the
files ``NAME_000000000000_keypoints.json``, ``NAME_000000000001_keypoints.json`` and on in one
folder: ``{"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": [582.3, 195.7, 0.91,
...]}]}``, x y score of 25 (BODY_25), 18 or 17 (both COCO) joints; pixels, y down, zeros where a
joint was not seen. Files of one clip have one number of joints, a store too.

Unusual here: x and y change sign, a half turn about the line of sight, so that y is up and, as in
Kinect's frame, a person who faces the camera has the right hand at larger x; nothing is mirrored.
Scores are the confidence. People of a frame have no identity but ``person_id`` of the tracker:
where it is there a track holds one id, else the n-th person of each frame is the n-th track. A
frame whose file is missing has nobody in it. Taken as 30 frames a second, for nothing tells it.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.json_file import read_json
from laban.readers.source import Entry, Source, clip_names, distinct
from laban.skeletons import SKELETONS

__all__ = ["OpenPose"]

_FILE = re.compile(r"((?:^|.*/)(?:[^/]*?))_?(\d+)_keypoints\.json$")
_LAYOUTS = {len(SKELETONS[n]): SKELETONS[n] for n in ("openpose-25", "openpose-18", "coco-17")}
_LARGEST = 4 * 2**20  # bytes of one frame
_MOST_FRAMES = 500_000
_MOST_PEOPLE = 100  # tracks of one clip
_MOST_GAP = 3000  # frames between two files

_People = list[tuple[int, np.ndarray]]  # of a frame: the id or -1, and (V, 3) x y score


@dataclass(frozen=True)
class OpenPose:
    """Reader of OpenPose's keypoint files."""

    name = "openpose"
    about = "OpenPose keypoints (25, 18 or 17 joints, x y): a folder of NAME_N_keypoints.json"
    layout = "NAME_000000000000_keypoints.json, one a frame, a folder or NAME a clip"
    skeleton = None
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips, each with its files in the order of their numbers."""
        clips: dict[str, list[tuple[int, str]]] = {}
        for match in map(_FILE.search, source.names()):
            if match:
                clip = match[1].rstrip("/") or source.path.stem
                clips.setdefault(clip, []).append((int(match[2]), match.string))
        # The dot stands for the ending, so that names with dots stay whole.
        return distinct(
            Entry(
                name=name,
                path=path[:-1],
                files=tuple(file for _, file in sorted(clips[path[:-1]])),
            )
            for name, path in clip_names(f"{clip}." for clip in clips)
        )

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (M, T, V, 2) in pixels from the picture's corner, y up."""
        numbers = [int(match[2]) for match in map(_FILE.search, entry.files) if match]
        _check_numbers(numbers, entry)
        frames = [_people(source, file) for file in entry.files]
        joints = {
            len(body): file for file, f in zip(entry.files, frames, strict=True) for _, body in f
        }
        if len(joints) > 1:
            one, other = list(joints.items())[:2]
            raise LabanError(
                f"{other[1]} has people of {other[0]} joints and {one[1]} of {one[0]}: give one "
                "model's files"
            )
        skeleton = _LAYOUTS[next(iter(joints), 25)]
        tracks = _tracks(frames, entry.path)
        shape = (max(1, len({t for row in tracks for t in row})), numbers[-1] - numbers[0] + 1)
        values = np.zeros((*shape, len(skeleton), 3), np.float32)
        present = np.zeros(shape, bool)
        for number, people, row in zip(numbers, frames, tracks, strict=True):
            for track, (_, body) in zip(row, people, strict=True):
                values[track, number - numbers[0]] = body
                present[track, number - numbers[0]] = body.any()
        return Clip(
            name=entry.name,
            poses=0 - values[..., :2],  # Not the minus sign, for there is no zero below zero.
            skeleton=skeleton,
            present=present,
            confidence=values[..., 2],
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def _check_numbers(numbers: list[int], entry: Entry) -> None:
    for (before, number), file in zip(pairwise(numbers), entry.files[1:], strict=True):
        if number == before:
            raise LabanError(f"{file}: another file of the clip has this frame's number")
        if number - before > _MOST_GAP or number - numbers[0] >= _MOST_FRAMES:
            raise LabanError(f"{file}: the frame before it is number {before}, is this one clip?")


def _people(source: Source, name: str) -> _People:
    """The bodies of one frame; LabanError with the file and what is wrong with it."""
    value = read_json(source, name, largest=_LARGEST)
    people = value.get("people") if isinstance(value, dict) else None
    if not isinstance(people, list):
        raise LabanError(f"{name}: there is no list 'people' in it, is this OpenPose's JSON?")
    found: _People = []
    for number, person in enumerate(people):
        points = person.get("pose_keypoints_2d") if isinstance(person, dict) else None
        if points == []:  # hands or a face without a body
            continue
        body = _body(points)
        if body is None:
            known = ", ".join(map(str, _LAYOUTS))
            raise LabanError(
                f"{name}, person {number} (from 0): 'pose_keypoints_2d' must be x y score, finite "
                f"numbers, of {known} joints"
            )
        track = person.get("person_id")
        is_told = isinstance(track, list) and len(track) == 1 and isinstance(track[0], int)
        found.append((track[0] if is_told else -1, body))
    return found


def _body(points: object) -> np.ndarray | None:
    """(V, 3) float32, or None where it is nothing of the kind."""
    try:
        with np.errstate(over="ignore"):
            body = np.array(points)
            ok = (
                body.dtype.kind in "iuf"
                and body.ndim == 1
                and len(body) in [3 * v for v in _LAYOUTS]
            )
            body = body.astype(np.float32).reshape(-1, 3) if ok else body
    except (ValueError, OverflowError, TypeError):
        return None
    return body if ok and np.isfinite(body).all() else None


def _tracks(frames: list[_People], name: str) -> list[list[int]]:
    """The track of each body of each frame: by id where all have one, else by place."""
    ids = {person for people in frames for person, _ in people}
    told = -1 not in ids and all(len({p for p, _ in f}) == len(f) for f in frames)
    order: dict[int, int] = {}
    if told:
        rows = [[order.setdefault(p, len(order)) for p, _ in people] for people in frames]
    else:
        rows = [list(range(len(people))) for people in frames]
    if max(map(len, rows), default=0) > _MOST_PEOPLE or len(order) > _MOST_PEOPLE:
        raise LabanError(f"{name} has more than {_MOST_PEOPLE} people, too many for a clip")
    return rows
