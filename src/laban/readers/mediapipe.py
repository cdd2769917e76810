"""MediaPipe landmarks of a body or of hands, one JSON file a clip.

Bazarevsky and others, BlazePose, https://arxiv.org/abs/2006.10204; Zhang and others, MediaPipe
Hands, https://arxiv.org/abs/2006.10214; fields:
https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker. MediaPipe hands its results
to a program and writes no file, so this is the form that programs give them: a list of frames, or
``{"fps": 25, "frames": [...]}``. A frame is null (nobody), or the result's own fields,
``{"pose_world_landmarks": [[{"x": 0.01, "y": -0.6, "z": -0.2, "visibility": 0.99}, ...]]}``, or
what stands in them: persons, each a list of 33 (body) or 21 (hand) landmarks, or one person alone;
a landmark is ``{"x", "y", "z"}`` with ``visibility`` or without, or a list of these numbers.

World landmarks are in metres from the middle of the hips or of the hand; they are taken where both
are there. The other ones are shares of the picture's width and height, z about as x. y is down and
z away from the camera.

Unusual here: x and y change sign, a half turn about the line of sight, so that y is up and, as in
Kinect's frame, a person who faces the camera has the right hand at larger x; nothing is mirrored.
``visibility`` is the confidence. The n-th person of each frame is the n-th track, for landmarks
have no identity. Without ``fps`` 30 frames a second are assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.json_file import read_json
from laban.readers.source import Entry, Source, clip_names, distinct
from laban.skeletons import SKELETONS

__all__ = ["MediaPipe"]

_SUFFIX = "_landmarks.json"
_LAYOUTS = {len(SKELETONS[name]): SKELETONS[name] for name in ("mediapipe-33", "hand-21")}
# A result's fields, world landmarks first; the older interface says "landmark" inside a person.
_FIELDS = (
    "pose_world_landmarks",
    "hand_world_landmarks",
    "multi_hand_world_landmarks",
    "pose_landmarks",
    "hand_landmarks",
    "multi_hand_landmarks",
    "landmarks",
)
_LARGEST = 64 * 2**20  # bytes; lists take far more in memory
_MOST_PEOPLE = 100

_Person = np.ndarray  # (V, 4): x y z visibility, which is nan where it is not told


@dataclass(frozen=True)
class MediaPipe:
    """Reader of MediaPipe landmarks in JSON."""

    name = "mediapipe"
    about = "MediaPipe landmarks (33 of a body or 21 of a hand), a JSON file a clip"
    layout = f"NAME{_SUFFIX}, or NAME.json where no file is named so"
    skeleton = None
    fps = None

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(name.endswith(_SUFFIX) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips by their names."""
        paths = [name for name in source.names() if name.endswith(".json")]
        named = [path for path in paths if path.endswith(_SUFFIX)]
        short = _SUFFIX.removesuffix(".json")
        return distinct(
            Entry(name=name.removesuffix(short), path=path)
            for name, path in clip_names(named or paths)
        )

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (M, T, 33 or 21, 3)."""
        value, fps = _frames(read_json(source, entry.path, largest=_LARGEST), entry.path)
        frames = [_people(frame, f"{entry.path}, frame {t}") for t, frame in enumerate(value)]
        counts = {len(person) for people in frames for person in people}
        if len(counts) > 1:
            raise LabanError(f"{entry.path} has bodies and hands, write a file for each")
        skeleton = _LAYOUTS[counts.pop() if counts else 33]
        most = max(1, *map(len, frames))
        values = np.zeros((most, len(frames), len(skeleton), 4))
        present = np.zeros(values.shape[:2], bool)
        for t, people in enumerate(frames):
            for m, person in enumerate(people):
                values[m, t], present[m, t] = person, True
        told = not np.isnan(values[..., 3]).any()
        return Clip(
            name=entry.name,
            poses=values[..., :3] * (-1, -1, 1) + 0.0,  # + 0: there is no zero below zero
            skeleton=skeleton,
            present=present,
            confidence=values[..., 3] if told and present.any() else None,
            fps=fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def _frames(value: Any, name: str) -> tuple[list, float]:
    """The list of frames and the frames a second."""
    fps: Any = 30.0
    if isinstance(value, dict):
        fps = value.get("fps", fps)
        value = value.get("frames")
    if not isinstance(value, list) or not value:
        raise LabanError(f"{name}: give a list of frames, or an object with a list 'frames'")
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps < 1e5:
        raise LabanError(f"{name}: 'fps' is {str(fps)[:40]}, give frames a second above 0")
    return value, float(fps)


def _people(frame: Any, where: str) -> list[_Person]:
    """The persons of a frame in the file's order."""
    if isinstance(frame, dict):
        field = next((field for field in _FIELDS if frame.get(field)), None)
        if field is None and not any(field in frame for field in (*_FIELDS, "landmark")):
            raise LabanError(f"{where}: there is none of the fields {', '.join(_FIELDS)}")
        frame = frame if "landmark" in frame else frame[field] if field else None
    if frame is None or frame == []:
        return []
    alone = isinstance(frame, dict) or (isinstance(frame, list) and _is_landmark(frame[0]))
    people = [frame] if alone else frame
    if not isinstance(people, list) or len(people) > _MOST_PEOPLE:
        raise LabanError(f"{where}: give a list of at most {_MOST_PEOPLE} persons")
    found = []
    for number, person in enumerate(people):
        landmarks = person.get("landmark") if isinstance(person, dict) else person
        if landmarks:
            found.append(_person(landmarks, f"{where}, person {number} (from 0)"))
    return found


def _is_landmark(value: Any) -> bool:
    """Whether a value is a landmark rather than a person's list of them."""
    if isinstance(value, dict):
        return "x" in value
    return isinstance(value, list) and bool(value) and isinstance(value[0], int | float)


def _person(landmarks: Any, where: str) -> _Person:
    """Landmarks -> (V, 4)."""
    if not isinstance(landmarks, Sequence) or len(landmarks) not in _LAYOUTS:
        raise LabanError(f"{where}: give 33 landmarks of a body or 21 of a hand")
    try:
        rows = np.array([_numbers(landmark) for landmark in landmarks], np.float64)
    except (ValueError, TypeError, OverflowError, KeyError, AttributeError):
        rows = np.empty(0)
    fits = rows.shape == (len(landmarks), 4) and np.abs(rows[:, :3]).max() < 1e30
    if not fits or np.isinf(rows[:, 3]).any():
        raise LabanError(f"{where}: a landmark must be x, y, z and perhaps visibility, as numbers")
    return rows


def _numbers(landmark: Any) -> list[float]:
    """Four numbers: x, y, z and the visibility, nan where that is not told."""
    if isinstance(landmark, dict):
        seen = landmark.get("visibility")
        values = [landmark["x"], landmark["y"], landmark["z"], seen]
    else:
        values = [*landmark, None][:4] if len(landmark) in (3, 4, 5) else []
    if any(isinstance(value, str | bool) for value in values):
        raise ValueError
    return [np.nan if value is None else float(value) for value in values]
