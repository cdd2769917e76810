"""The true segments of a recording: checked, by class number, and frame by frame."""

from dataclasses import dataclass

import numpy as np

from laban.benchmarks import Benchmark
from laban.clip import Clip, Segment
from laban.errors import LabanError

__all__ = ["Truth", "faults", "true_labels"]

IGNORED = -1


@dataclass(frozen=True)
class Truth:
    """What is true of a recording.

    Attributes:
        segments: Class number and segment, those that the benchmark asks for, by start.
        labels: (T,) class numbers of frames, K for background, -1 for what is not asked for.
        notes: Sentences about segments that overlap.
    """

    segments: tuple[tuple[int, Segment], ...]
    labels: np.ndarray
    notes: tuple[str, ...] = ()


def faults(clip: Clip) -> list[str]:
    """A sentence for each segment that lies in no recording, or lies in it the wrong way round."""
    found = []
    for number, segment in enumerate(clip.segments, 1):
        place = f"segment {number} ({segment.label}) of {clip.name}"
        if segment.start >= segment.end:
            found.append(
                f"{place} ends at frame {segment.end} and starts at {segment.start}: give the "
                "first frame and the one behind the last"
            )
        elif segment.start < 0 or segment.end > clip.frames:
            found.append(
                f"{place} goes from frame {segment.start} to {segment.end} of {clip.frames}: give "
                "frames of the recording"
            )
    return found


def true_labels(clip: Clip, benchmark: Benchmark) -> Truth:
    """The truth of a recording; a trimmed clip with a label is one segment.

    Where segments overlap, the frames that they share belong to the one that starts later.

    Raises:
        LabanError: For a segment outside the recording, one that ends before it starts, and a
            label that is no class of the benchmark.
    """
    if wrong := faults(clip):
        raise LabanError(wrong[0])
    segments = clip.segments
    if not segments and clip.label is not None:
        segments = (Segment(clip.label, 0, clip.frames),)
    labels = np.full(clip.frames, len(benchmark.classes))
    asked, notes = [], []
    before: Segment | None = None
    for segment in sorted(segments, key=lambda segment: segment.start):
        number = benchmark.label(segment.label)
        labels[segment.start : segment.end] = IGNORED if number is None else number
        if number is not None:
            asked.append((number, segment))
        if before is not None and segment.start < before.end:
            notes.append(
                f"{clip.name}: {segment.label} from frame {segment.start} overlaps {before.label} "
                f"until {before.end}, frames of both count as {segment.label}"
            )
        if before is None or segment.end > before.end:
            before = segment
    return Truth(tuple(asked), labels, tuple(notes))
