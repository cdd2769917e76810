"""Scores of online gestures as the SHREC tracks count them.

SHREC 2022 track on online detection of heterogeneous gestures, https://arxiv.org/abs/2207.06706,
and its evaluation code, https://github.com/univr-VIPS/Shrec22: a found gesture is right where it
covers half of a true one of its class and is at most twice as long. In order of time each takes the
first true one that fits and is free. For each class: detection rate = right / true, false positives
= wrong / true, Jaccard index = right / (right + missed + wrong); the figures are means over
classes.

Unusual here: classes without a true gesture have no figures (the code divides by zero); ``wrong``
counts their found ones too. The last frame of a gesture counts as one of its frames
(``ends="excluded"``: as the code subtracts first from last frames).
"""

from dataclasses import dataclass

import numpy as np

from laban.detection.spans import Ends, Spans

__all__ = ["Online", "gesture_scores", "right_pairs"]

SHARE = 0.5
LONGEST = 2.0


@dataclass(frozen=True)
class Online:
    """Figures of online gestures.

    Attributes:
        detection_rate: Mean over classes, 0 to 1.
        false_positives: Mean over classes of wrong gestures a true one.
        jaccard: Mean over classes, 0 to 1.
        wrong: How many found gestures are wrong.
        delay: Mean frames from the start of a true gesture to the last frame looked at when it was
            first reported, over the right ones; NaN where there is none. (The track measures from
            the start that is reported.)
    """

    detection_rate: float
    false_positives: float
    jaccard: float
    wrong: int
    delay: float


def right_pairs(found: Spans, truth: Spans, *, ends: Ends = "included") -> np.ndarray:
    """For each found gesture the row of the true one that it finds, or -1: ``-> (N,)``."""
    short = 1 if ends == "excluded" else 0
    pairs, free = np.full(len(found), -1), np.ones(len(truth), bool)
    for row in np.lexsort((found.start, found.recording)):
        start, end = found.start[row], found.end[row]
        length = truth.end - truth.start - short
        common = np.minimum(end, truth.end) - np.maximum(start, truth.start) - short
        fits = free & (truth.recording == found.recording[row]) & (truth.label == found.label[row])
        fits &= (end - start - short <= LONGEST * length) & (common >= SHARE * length)
        if fits.any():
            rows = np.flatnonzero(fits)
            pairs[row] = rows[np.argmin(truth.start[rows])]
            free[pairs[row]] = False
    return pairs


def gesture_scores(
    found: Spans, truth: Spans, *, waited: int = 0, ends: Ends = "included"
) -> Online:
    """The figures.

    Args:
        found: Found gestures.
        truth: True gestures.
        waited: Frames looked at behind a gesture's first one before it is reported.
        ends: Whether the last frame of a gesture counts.
    """
    pairs = right_pairs(found, truth, ends=ends)
    right = pairs >= 0
    rates = []
    for label in np.unique(truth.label):
        true = int((truth.label == label).sum())
        hits = int((right & (found.label == label)).sum())
        wrong = int((~right & (found.label == label)).sum())
        rates.append((hits / true, wrong / true, hits / (true + wrong)))
    rate, false, jaccard = np.mean(rates, axis=0) if rates else (float("nan"),) * 3
    late = found.start[right] + waited - truth.start[pairs[right]]
    delay = float(late.mean()) if right.any() else float("nan")
    return Online(float(rate), float(false), float(jaccard), int((~right).sum()), delay)
