"""``laban detect RUN --follow``: frames come in as JSON lines, actions go out as JSON lines.

A line is a frame: ``{"poses": [[[x, y, z], ...], ...], "time": 1.5}``, persons x joints x channels
(zeros for who is not there; the same person at the same place of the list), ``time`` in seconds
where it is known. When an action has been seen long enough, and when it is over, a line tells it::

    {"label": "wave", "start": 40, "end": null, "confidence": 0.8, "frame": 71, "delay": 31}

``frame`` is the last one read by then and ``delay`` the frames from the action's start to it.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from reprlib import repr as shortened
from statistics import median
from typing import Any

import numpy as np

from laban.clip import Clip
from laban.detection.live import reported
from laban.detector import Detector
from laban.errors import LabanError
from laban.live_frame import FAR, LATEST

__all__ = ["follow", "frames_of"]

MOST_PERSONS = 8
MOST_GAPS = 10  # told
TIMED = 20  # intervals between frames whose median says how many come a second


class _Counted:
    """Frames, and how many of them were read."""

    def __init__(self, frames: Iterable[Clip]) -> None:
        self.frames, self.count = frames, 0

    def __iter__(self) -> Iterator[Clip]:
        for frame in self.frames:
            self.count += 1
            yield frame


def follow(detector: Detector, frames: Iterable[Clip]) -> Iterator[dict[str, Any]]:
    """What is found in frames, as soon as it is; lines as the module tells.

    Args:
        detector: The run.
        frames: Clips of one frame, as `frames_of` gives them.
    """
    counted = _Counted(frames)
    probabilities = detector.live(counted)
    for found, over in reported(probabilities, detector.joining, detector.run.classes):
        last = counted.count - 1
        yield {
            "label": found.label,
            "start": found.start,
            "end": found.end if over else None,
            "confidence": round(found.confidence, 6),
            "frame": last,
            "delay": last - found.start,
        }


def frames_of(
    lines: Iterable[str], detector: Detector, *, fps: float, tell: Callable[[str], object]
) -> Iterator[Clip]:
    """The frames of JSON lines.

    Args:
        lines: The lines.
        detector: The run; its layout and channels.
        fps: Frames a second, to tell whether some are missing.
        tell: Called with a sentence for each gap in the times, and for another rate of frames.

    Raises:
        LabanError: For a line that is no frame, and where time runs backwards.
    """
    trained = detector.run.notes.get("fps", fps)
    if abs(fps - trained) > 0.1 * trained:
        tell(f"standard input: {fps:g} frames a second, the run was trained on {trained:g}")
    clock = _Clock(fps, tell)
    for number, line in enumerate(lines, 1):
        if line.strip():
            value = _value(line, number)
            clock.see(value.get("time"), number)
            yield _frame(value, number, detector, fps)


class _Clock:
    """Looks at the times of frames: their order, gaps, and how many come a second."""

    def __init__(self, fps: float, tell: Callable[[str], object]) -> None:
        self.fps, self.tell = fps, tell
        self.before: float | None = None
        self.untimed = self.gaps = 0  # frames since then, and all gaps
        self.intervals: list[float] = []

    def see(self, time: float | None, number: int) -> None:
        """The time of a line's frame, where it is known."""
        if time is None:
            self.untimed += 1
            return
        if self.before is not None:
            self._compare(time, self.before, number)
        self.before, self.untimed = time, 0

    def _compare(self, time: float, before: float, number: int) -> None:
        if time <= before:
            raise LabanError(
                f"standard input, line {number}: time {time:g} is not behind {before:g}, give "
                "frames in their order"
            )
        missing = round((time - before) * self.fps) - 1 - self.untimed
        if missing >= 1:
            self.gaps += 1
            if self.gaps <= MOST_GAPS:
                more = "; further gaps are not told" if self.gaps == MOST_GAPS else ""
                self.tell(
                    f"standard input, line {number}: {time - before:.3f} s since the frame before, "
                    f"frames that are missing and count for nothing: about {missing}{more}"
                )
        self.intervals.append((time - before) / (1 + self.untimed))
        if len(self.intervals) == TIMED:
            rate = 1 / median(self.intervals)
            if abs(rate - self.fps) > 0.1 * self.fps:
                self.tell(
                    f"standard input: by their times {rate:.3g} frames come a second, not "
                    f"{self.fps:g}: windows show another length of time"
                )


def _value(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("poses"), list):
        raise LabanError(
            f'standard input, line {number}: this is no frame, give {{"poses": [[[x, y, z], ...]]}}'
        )
    time = value.get("time")
    known = isinstance(time, int | float) and not isinstance(time, bool)
    if time is not None and not (known and abs(time) < LATEST):
        raise LabanError(f"standard input, line {number}: time is {shortened(time)}, give seconds")
    return value


def _frame(value: dict[str, Any], number: int, detector: Detector, fps: float) -> Clip:
    """One frame with a fixed number of places for persons."""
    skeleton, channels = detector.run.skeleton, detector.run.channels
    try:
        given = np.array(value["poses"])
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
            poses = given.astype(np.float32) if given.dtype.kind in "if" else np.empty(0)
    except (ValueError, TypeError, OverflowError):
        poses = np.empty(0, np.float32)
    if poses.size == 0 and value["poses"] == []:
        poses = np.zeros((0, len(skeleton), channels), np.float32)
    fits = poses.ndim == 3 and poses.shape[1:] == (len(skeleton), channels)
    if not fits or len(poses) > MOST_PERSONS or not (np.abs(poses) < FAR).all():
        raise LabanError(
            f"standard input, line {number}: give the poses of at most {MOST_PERSONS} persons, "
            f"each {len(skeleton)} joints of {skeleton.name} with {channels} numbers below "
            f"{FAR:,.0f}"
        )
    places = np.zeros((MOST_PERSONS, 1, len(skeleton), channels), np.float32)
    places[: len(poses), 0] = poses
    return Clip("standard input", places, skeleton, fps=fps)
