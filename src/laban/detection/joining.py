"""From probabilities of frames to segments: smoothed, cut, joined, named, one small step each.

Every step takes and gives a stream, so that the memory needed does not grow with a recording. As in
the community's code for PKU-MMD (https://github.com/JHang2020/Simple-Skeleton-Detection):
probabilities are averaged over their neighbours; frames that are not background with the threshold
or more form segments; a segment is of the class whose mean probability is highest, and that mean is
its confidence.

Unusual here: where a class follows another without background between them, ``divide="class"`` cuts
there too; segments of one class with a short gap between them are joined, and short ones left out.
A frame's mean goes over as many frames before as behind it (in that code one less behind).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from laban.clip import Segment
from laban.errors import LabanError

__all__ = [
    "Detection",
    "Joining",
    "Run",
    "joined",
    "joined_segments",
    "long_enough",
    "named",
    "smoothed",
    "stretches",
]

Divide = Literal["background", "class"]


@dataclass(frozen=True)
class Detection(Segment):
    """A found segment: frames start to end, end exclusive, with its confidence, 0 to 1."""

    confidence: float


@dataclass(frozen=True)
class Joining:
    """How frames become segments; all lengths are in frames.

    Attributes:
        smooth: Neighbours on each side that a frame's probabilities are averaged with.
        threshold: Probability, that a frame is not background, from which it belongs to a segment.
        divide: What ends a segment: ``background`` alone or another ``class`` too.
        gap: Longest gap between two segments of a class that become one.
        shortest: Shortest segment.
    """

    smooth: int = 10
    threshold: float = 0.4
    divide: Divide = "class"
    gap: int = 0
    shortest: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise LabanError(f"threshold is {self.threshold}, give a probability between 0 and 1")
        for name, least in (("smooth", 0), ("gap", 0), ("shortest", 1)):
            if getattr(self, name) < least:
                raise LabanError(f"{name} is {getattr(self, name)}, give {least} frames or more")
        if self.divide not in ("background", "class"):
            raise LabanError(f"divide is {self.divide!r}, give 'background' or 'class'")


@dataclass(frozen=True)
class Run:
    """Successive frames that belong together.

    Attributes:
        kind: Their class, or 0 for all where only background divides.
        start: First frame.
        end: The frame behind the last.
        sums: (K,) probabilities of the classes, summed over the frames that count.
        count: How many frames count: those in joined gaps do not.
    """

    kind: int
    start: int
    end: int
    sums: np.ndarray
    count: int

    def with_next(self, other: "Run") -> "Run":
        """Both and the gap between them."""
        sums, count = self.sums + other.sums, self.count + other.count
        return Run(self.kind, self.start, other.end, sums, count)


def smoothed(blocks: Iterable[np.ndarray], half: int) -> Iterator[np.ndarray]:
    """Each frame's mean with ``half`` neighbours on each side: ``(n, K) ... -> (m, K) ...``.

    At the ends of the recording with those that there are.
    """
    rows = iter(blocks)
    first = next(rows, None)
    if half == 0 or first is None:
        yield from () if first is None else chain([first], rows)
        return
    margin = np.zeros((half, first.shape[1] + 1))  # the last column counts frames
    held = margin
    for block in chain([first], rows, [None]):
        more = margin if block is None else np.column_stack((block, np.ones(len(block))))
        held = np.concatenate((held, more))
        if len(held) > 2 * half:
            sums = np.lib.stride_tricks.sliding_window_view(held, 2 * half + 1, axis=0).sum(-1)
            yield sums[:, :-1] / sums[:, -1:]
            held = held[len(held) - 2 * half :]


def stretches(
    blocks: Iterable[np.ndarray], threshold: float, divide: Divide = "class"
) -> Iterator[Run]:
    """Runs of frames that are not background: ``(n, K + 1) ... -> Run ...``, background last."""
    held: Run | None = None
    start = 0
    for block in blocks:
        inside = 1 - block[:, -1] >= threshold
        kinds = block[:, :-1].argmax(1) if divide == "class" else np.zeros(len(block), int)
        kinds = np.where(inside, kinds, -1)
        edges = np.flatnonzero(np.diff(kinds, prepend=-2))
        for edge, stop in zip(edges, [*edges[1:], len(block)], strict=True):
            kind, first, last = int(kinds[edge]), start + int(edge), start + int(stop)
            if held is not None and (held.end < first or held.kind != kind):
                yield held
                held = None
            if kind < 0:
                continue
            sums = block[edge:stop, :-1].sum(0, dtype=np.float64)
            run = Run(kind, first, last, sums, last - first)
            held = run if held is None else held.with_next(run)
        start += len(block)
    if held is not None:
        yield held


def joined(runs: Iterable[Run], gap: int) -> Iterator[Run]:
    """Successive runs of a kind with at most ``gap`` frames between them become one."""
    held: Run | None = None
    for run in runs:
        if held is not None and held.kind == run.kind and run.start - held.end <= gap:
            held = held.with_next(run)
            continue
        if held is not None:
            yield held
        held = run
    if held is not None:
        yield held


def long_enough(runs: Iterable[Run], shortest: int) -> Iterator[Run]:
    """The runs of ``shortest`` frames or more."""
    return (run for run in runs if run.end - run.start >= shortest)


def named(run: Run, classes: Sequence[str]) -> Detection:
    """The class of the highest mean probability, and that mean."""
    best = int(run.sums.argmax())
    return Detection(classes[best], run.start, run.end, float(run.sums[best] / run.count))


def joined_segments(
    blocks: Iterable[np.ndarray], joining: Joining, classes: Sequence[str]
) -> Iterator[Detection]:
    """The segments of a recording, in order.

    Args:
        blocks: Probabilities (n, K + 1) of successive frames, background last.
        joining: The numbers.
        classes: K class names.
    """
    runs = stretches(smoothed(blocks, joining.smooth), joining.threshold, joining.divide)
    runs = long_enough(joined(runs, joining.gap), joining.shortest)
    # Once more: what lay between two runs of a class may have been too short to stay.
    return (named(run, classes) for run in joined(runs, joining.gap))
