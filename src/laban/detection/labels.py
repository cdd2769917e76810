"""The true segments of a recording: checked, by class number, and frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laban.benchmarks import Benchmark
from laban.clip import Clip, Segment
from laban.errors import LabanError

__all__ = ["Truth", "faults", "overlapping", "shared", "true_labels", "true_segments"]

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


def faults(clip: Clip) -> list[tuple[str, str]]:
    """What is wrong with segments: ``reversed`` or ``outside``, and a sentence with the mend."""
    found = []
    for number, segment in enumerate(clip.segments, 1):
        place = f"segment {number} ({segment.label}) of {clip.name}"
        if segment.start >= segment.end:
            sentence = (
                f"{place} ends at frame {segment.end} and starts at {segment.start}: give the "
                "first frame and the one behind the last"
            )
            found.append(("reversed", sentence))
        elif segment.start < 0 or segment.end > clip.frames:
            sentence = (
                f"{place} goes from frame {segment.start} to {segment.end} of {clip.frames}: give "
                "frames of the recording"
            )
            found.append(("outside", sentence))
    return found


def shared(segments: Sequence[Segment]) -> list[tuple[Segment, Segment]]:
    """Each segment, by start, that begins before an earlier one is over, behind that one."""
    found = []
    before: Segment | None = None
    for segment in sorted(segments, key=lambda segment: segment.start):
        if before is not None and segment.start < before.end:
            found.append((before, segment))
        if before is None or segment.end > before.end:
            before = segment
    return found


def overlapping(clip: Clip) -> list[str]:
    """A sentence for each segment that begins before an earlier one is over."""
    return [
        f"{clip.name}: {later.label} from frame {later.start} overlaps {earlier.label} until "
        f"{earlier.end}, frames of both count as {later.label}"
        for earlier, later in shared(clip.segments)
    ]


def true_segments(clip: Clip) -> tuple[Segment, ...]:
    """The segments of a recording; a trimmed clip with a label is one."""
    if clip.segments or clip.label is None:
        return clip.segments
    return (Segment(clip.label, 0, clip.frames),)


def true_labels(clip: Clip, benchmark: Benchmark) -> Truth:
    """The truth of a recording; a trimmed clip with a label is one segment.

    Where segments overlap, the frames that they share belong to the one that starts later.

    Raises:
        LabanError: For a segment outside the recording, one that ends before it starts, and a
            label that is no class of the benchmark.
    """
    if wrong := faults(clip):
        raise LabanError(wrong[0][1])
    segments = true_segments(clip)
    labels = np.full(clip.frames, len(benchmark.classes))
    asked = []
    for segment in sorted(segments, key=lambda segment: segment.start):
        number = benchmark.label(segment.label)
        labels[segment.start : segment.end] = IGNORED if number is None else number
        if number is not None:
            asked.append((number, segment))
    return Truth(tuple(asked), labels, tuple(overlapping(clip)))
