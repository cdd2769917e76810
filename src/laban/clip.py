"""A clip: one recording or a cut of it, as the readers make it and the store keeps it.

Array order is (M, T, V, C) = person, frame, joint, channel; poses are as the sensor gave them
(NTU, NW-UCLA, SHREC'17: metres in the camera's right-handed frame as the Kinect has it: y up, z
away from the camera, x to its left, so that who faces it has the right hand at larger x). A person
who is not there in a frame has ``present`` False and zeros.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from laban.errors import LabanError
from laban.skeletons import Skeleton, skeleton_named

__all__ = ["Clip", "Segment", "cut_segments", "runs", "stacked"]


@dataclass(frozen=True)
class Segment:
    """A labelled stretch of an untrimmed recording: frames start to end, end exclusive."""

    label: str
    start: int
    end: int


@dataclass
class Clip:
    """One recording.

    Attributes:
        name: What identifies the clip in its dataset, such as ``S001C001P001R001A001``.
        poses: float32 (M, T, V, C), zeros where nobody is.
        skeleton: The joint layout of axis V.
        present: bool (M, T); by default a person is there where any coordinate is not zero.
        confidence: float32 (M, T, V) in 0 to 1, or None where the source has none.
        fps: Frames a second.
        label: The class name, or None.
        segments: Labelled stretches of an untrimmed recording.
        facts: What else the source says, all strings: ``subject``, ``camera``, ``setup``,
            ``trial``, and ``split`` where a list in the dataset gives it.
    """

    name: str
    poses: np.ndarray
    skeleton: Skeleton
    present: np.ndarray = None  # type: ignore[assignment]
    confidence: np.ndarray | None = None
    fps: float = 30.0
    label: str | None = None
    segments: tuple[Segment, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.skeleton, str):
            self.skeleton = skeleton_named(self.skeleton)
        self.poses = np.asarray(self.poses, np.float32)
        if self.poses.ndim == 3:
            self.poses = self.poses[None]
        if self.poses.ndim != 4 or self.poses.shape[2] != len(self.skeleton):
            raise LabanError(
                f"clip {self.name}: poses have shape {self.poses.shape}, give (persons, frames, "
                f"{len(self.skeleton)} joints of {self.skeleton.name}, channels)"
            )
        if self.present is None:
            self.present = (self.poses != 0).any((2, 3))
        self.present = np.asarray(self.present, bool)
        if self.present.shape != self.poses.shape[:2]:
            raise LabanError(
                f"clip {self.name}: present has shape {self.present.shape}, "
                f"give {self.poses.shape[:2]}"
            )
        if self.confidence is not None:
            self.confidence = np.asarray(self.confidence, np.float32)
            if self.confidence.shape != self.poses.shape[:3]:
                raise LabanError(
                    f"clip {self.name}: confidence has shape {self.confidence.shape}, "
                    f"give {self.poses.shape[:3]}"
                )
        if not 0 < self.fps < np.inf:
            raise LabanError(f"clip {self.name}: fps is {self.fps}, give frames a second above 0")

    @property
    def persons(self) -> int:
        """M, the number of bodies."""
        return self.poses.shape[0]

    @property
    def frames(self) -> int:
        """T, the number of frames."""
        return self.poses.shape[1]


def cut_segments(clip: Clip) -> list[Clip]:
    """An untrimmed recording as one clip for each of its segments.

    A cut is named after the recording and the segment's number, from 1, such as ``0002-L-007``; the
    facts ``cut_from``, ``start`` and ``end`` say where it lies. Persons who are in no frame of a
    cut are left out of it, but for the first where nobody is.
    """
    cuts = []
    for number, segment in enumerate(clip.segments, 1):
        frames = slice(segment.start, segment.end)
        seen = np.flatnonzero(clip.present[:, frames].any(1))
        who = seen if len(seen) else [0]
        place = {"cut_from": clip.name, "start": str(segment.start), "end": str(segment.end)}
        cut = replace(
            clip,
            name=f"{clip.name}-{number:03d}",
            poses=clip.poses[who, frames],
            present=clip.present[who, frames],
            confidence=None if clip.confidence is None else clip.confidence[who, frames],
            label=segment.label,
            segments=(),
            facts={**clip.facts, **place},
        )
        cuts.append(cut)
    return cuts


def runs(labels: Sequence[str | None]) -> tuple[Segment, ...]:
    """The stretches of equal labels, one label a frame; None is background.

    >>> runs([None, "wave", "wave", "nod"])
    (Segment(label='wave', start=1, end=3), Segment(label='nod', start=3, end=4))
    """
    found, start = [], 0
    for label, group in groupby(labels):
        end = start + len(list(group))
        if label is not None:
            found.append(Segment(label, start, end))
        start = end
    return tuple(found)


def stacked(clips: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clips side by side, M and T those of the largest: ``-> (B, M, T, V, C), (B, M, T), (B,)``.

    Zeros stand behind a clip's end and where nobody is; the last array has the real lengths.
    """
    persons = max((1, *(clip.persons for clip in clips)))
    longest = max((1, *(clip.frames for clip in clips)))
    poses = np.zeros((len(clips), persons, longest, *clips[0].poses.shape[2:]), np.float32)
    present = np.zeros((len(clips), persons, longest), bool)
    for row, clip in enumerate(clips):
        poses[row, : clip.persons, : clip.frames] = clip.poses
        present[row, : clip.persons, : clip.frames] = clip.present
    return poses, present, np.array([clip.frames for clip in clips], np.int64)
