"""A pose source: frame by frame who is there, where their joints are, and how sure that is.

Positions are as those of `laban.readers.openpose` and `laban.readers.pyskl`: pixels, x and y with
changed sign, so that y is up and nothing is mirrored.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.skeletons import Skeleton
from laban.video.tracks import Tracks

__all__ = ["SUFFIXES", "Estimator", "FramePoses", "PoseSource", "VideoPoses", "clip_of"]

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")


@dataclass(frozen=True)
class FramePoses:
    """The persons of one frame.

    Attributes:
        time: Seconds, growing from frame to frame.
        poses: float32 (P, V, C), none of them too.
        confidence: float32 (P, V) in 0 to 1.
        ids: Who they are, P that differ.
    """

    time: float
    poses: np.ndarray
    confidence: np.ndarray
    ids: tuple[int, ...]


class PoseSource(Protocol):
    """What gives poses frame by frame.

    Attributes:
        skeleton: The joint layout.
        fps: Frames a second; of a camera, what it promises.
        size: Width and height of the picture in which poses lie.
    """

    skeleton: Skeleton
    fps: float
    size: tuple[int, int]

    def __iter__(self) -> Iterator[FramePoses]:
        """The frames in their order."""


class Estimator(Protocol):
    """What finds the persons of a picture."""

    skeleton: Skeleton

    def __call__(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``(H, W, 3) blue green red -> (P, V, 2), (P, V)``: pixels, y down, and confidence."""


class VideoPoses:
    """A video file or a camera as a pose source; to be closed, or used in a ``with``.

    Args:
        origin: A file, or the number of a camera.
        estimator: Finds persons in a picture.

    Raises:
        LabanError: Where there is no such file or camera, or nothing to be seen in it.
    """

    def __init__(self, origin: Path | int, estimator: Estimator) -> None:
        self.origin, self._estimator, self.skeleton = origin, estimator, estimator.skeleton
        self.is_camera = isinstance(origin, int)
        self.name = f"camera {origin}" if self.is_camera else str(origin)
        self._capture = _opened(origin, self.name)
        told, self._first = self._capture.read()
        if not told:
            self.close()
            raise LabanError(f"{self.name} gives no picture, {_mend(origin)}")
        self.size = (self._first.shape[1], self._first.shape[0])
        self.fps, self.frames = self._facts()

    def _facts(self) -> tuple[float, int | None]:
        """Frames a second, and how many there are where that is told."""
        import cv2

        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        if self.is_camera:
            return (fps if 1 <= fps <= 1000 else 30.0), None
        if not 1 <= fps <= 1000:
            self.close()
            raise LabanError(f"{self.name} tells {fps:g} frames a second, encode it anew")
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return fps, count if count > 0 else None

    def __iter__(self) -> Iterator[FramePoses]:
        """Once: the frames up to the end of the file, or of the camera."""
        tracks = Tracks()
        for moment, picture in self._pictures():
            poses, confidence = self._estimator(picture)
            poses = 0 - poses.astype(np.float32)  # where -poses would make zeros negative
            ids = tracks.follow(poses, moment)
            yield FramePoses(moment, poses, confidence.astype(np.float32), ids)

    def _pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        """Seconds, by the clock of a camera or the frames of a file, and pictures."""
        begin, number, told, picture = time.monotonic(), 0, True, self._first
        while told:
            moment = time.monotonic() - begin if self.is_camera else number / self.fps
            yield moment, picture
            number += 1
            told, picture = self._capture.read()

    def close(self) -> None:
        """Gives the file or camera back."""
        self._capture.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(origin: Path | int, name: str) -> Any:
    """OpenCV's capture of a file or camera."""
    try:
        import cv2
    except ModuleNotFoundError:
        raise LabanError(
            f"{name}: pictures need OpenCV, install it with pip install 'laban[video]'"
        ) from None
    except ImportError as error:
        raise LabanError(
            f"{name}: OpenCV cannot be loaded ({error}), install that library, or "
            "opencv-python-headless in OpenCV's place"
        ) from None
    if not isinstance(origin, int) and not origin.is_file():
        raise LabanError(f"{origin} is no file: name a video")
    with contextlib.suppress(AttributeError):  # what it would print stands in the sentence below
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # FFmpeg's own, likewise
    capture = cv2.VideoCapture(origin if isinstance(origin, int) else str(origin))
    if not capture.isOpened():
        raise LabanError(f"{name} cannot be opened, {_mend(origin)}")
    if isinstance(origin, int):  # who is slower than the camera wants the latest picture
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture


def _mend(origin: Path | int) -> str:
    if isinstance(origin, int):
        return "give the number of a camera that is there and free, from 0"
    return f"give a video such as {', '.join(SUFFIXES[:4])} that a player can play"


def clip_of(frames: Iterable[FramePoses], skeleton: Skeleton, *, fps: float, name: str) -> Clip:
    """The frames of a pose source as one clip, (M, T, V, C).

    A track holds one person after another: the next has a place as soon as the one before was seen
    for the last time. So M is how many are there at once, however many ids there were.

    Raises:
        LabanError: Where nobody is in any frame.
    """
    rows = list(frames)
    spans: dict[int, list[int]] = {}
    for t, row in enumerate(rows):
        for person in row.ids:
            spans.setdefault(person, [t, t])[1] = t
    if not spans:
        raise LabanError(f"{name}: no person was found in {len(rows)} frames, leave it out")
    places: dict[int, int] = {}
    ends: list[int] = []
    for person, (first, last) in spans.items():  # in the order of their first frames
        place = next((k for k, end in enumerate(ends) if end < first), len(ends))
        ends[place : place + 1] = [last]
        places[person] = place
    channels = max(row.poses.shape[-1] for row in rows if len(row.ids))
    poses = np.zeros((len(ends), len(rows), len(skeleton), channels), np.float32)
    confidence, present = np.zeros(poses.shape[:3], np.float32), np.zeros(poses.shape[:2], bool)
    for t, row in enumerate(rows):
        for person, pose, sure in zip(row.ids, row.poses, row.confidence, strict=True):
            place = places[person]
            poses[place, t], confidence[place, t], present[place, t] = pose, sure, True
    return Clip(name, poses, skeleton, present=present, confidence=confidence, fps=fps)
