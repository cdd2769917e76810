"""The numbers that join frames to segments, chosen on recordings that trained nothing.

One number after the other takes the value with the best score, twice round: the score is the mean
of F1 at overlaps of 0.1, 0.25 and 0.5, which weighs missed and false segments alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from laban.detection.agreement import f1_score
from laban.detection.joining import Joining, joined_segments
from laban.detection.spans import Spans

__all__ = ["CHOICES", "tuned"]

CHOICES: dict[str, tuple] = {
    "smooth": (0, 2, 5, 10, 15, 20),
    "threshold": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "divide": ("background", "class"),
    "gap": (0, 5, 10, 20),
    "shortest": (1, 5, 10, 15, 20, 30),
}
OVERLAPS = (0.1, 0.25, 0.5)


def tuned(
    probabilities: Sequence[np.ndarray], truth: Spans, start: Joining, classes: Sequence[str]
) -> tuple[Joining, float]:
    """The best joining and its score, 0 to 1.

    Args:
        probabilities: (T, K + 1) of each validation recording, background last.
        truth: Their true segments, recordings by number in this order.
        start: Where the search starts; of equal values the first one met stays.
        classes: K class names.
    """
    numbers = {name: number for number, name in enumerate(classes)}

    def score(joining: Joining) -> float:
        found = Spans.of(
            (recording, numbers[one.label], one.start, one.end, one.confidence)
            for recording, values in enumerate(probabilities)
            for one in joined_segments([values], joining, classes)
        )
        return float(np.mean([f1_score(found, truth, overlap) for overlap in OVERLAPS]))

    best, highest = start, score(start)
    for _ in range(2):
        for name, values in CHOICES.items():
            best, highest = _climbed(best, highest, name, values, score)
    return best, highest


def _climbed(
    best: Joining,
    highest: float,
    name: str,
    values: Sequence,
    score: Callable[[Joining], float],
) -> tuple[Joining, float]:
    """The best value of one number."""
    base = best
    for value in values:
        other = replace(base, **{name: value})
        if (reached := score(other)) > highest:
            best, highest = other, reached
    return best, highest
