"""Scores of online gestures as the SHREC tracks count them.

SHREC 2022 track on online detection of heterogeneous gestures, https://arxiv.org/abs/2207.06706,
and its evaluation code, https://github.com/univr-VIPS/Shrec22: a found gesture is right where it
covers half of a true one of its class and is at most twice as long. In order of time each takes the
first true one that fits and is free. For each class: detection rate = right / true, false positives
= wrong / true, Jaccard index = right / (right + missed + wrong); the figures are means over
classes.

Unusual here: classes without a true gesture have no figures (the code divides by zero); ``wrong``
counts their found ones too.

Differs from that code (``track=True``, for figures beside published ones): it subtracts first from
last frames, so that a last frame counts out of lengths; and a found gesture that touches a free
true one of its class, is at most twice as long and covers less than half of it is neither right
nor wrong there, and finds no later one. Here it is wrong.
"""

from dataclasses import dataclass

import numpy as np

from laban.detection.spans import Spans

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


WRONG, FORGIVEN = -1, -2


def right_pairs(found: Spans, truth: Spans, *, track: bool = False) -> np.ndarray:
    """For each found gesture the row of the true one that it finds: ``-> (N,)``.

    `WRONG` where it finds none, `FORGIVEN` where the track's code does not count that.

    Args:
        found: Found gestures.
        truth: True gestures.
        track: As the track's evaluation code has it.
    """
    short = 1 if track else 0
    pairs, free = np.full(len(found), WRONG), np.ones(len(truth), bool)
    for row in np.lexsort((found.start, found.recording)):
        start, end = found.start[row], found.end[row]
        length = truth.end - truth.start - short
        common = np.minimum(end, truth.end) - np.maximum(start, truth.start) - short
        fits = free & (truth.recording == found.recording[row]) & (truth.label == found.label[row])
        fits &= end - start - short <= LONGEST * length
        # Of the track the first that it touches decides.
        fits &= common > 0 if track else common >= SHARE * length
        if fits.any():
            rows = np.flatnonzero(fits)
            first = rows[np.argmin(truth.start[rows])]
            right = common[first] >= SHARE * length[first]
            pairs[row] = first if right else FORGIVEN
            free[first] &= not right
    return pairs


def gesture_scores(found: Spans, truth: Spans, *, waited: int = 0, track: bool = False) -> Online:
    """The figures.

    Args:
        found: Found gestures.
        truth: True gestures.
        waited: Frames looked at behind a gesture's first one before it is reported.
        track: As the track's evaluation code has it.
    """
    pairs = right_pairs(found, truth, track=track)
    right, false_ones = pairs >= 0, pairs == WRONG
    rates = []
    for label in np.unique(truth.label):
        true = int((truth.label == label).sum())
        hits = int((right & (found.label == label)).sum())
        wrong = int((false_ones & (found.label == label)).sum())
        rates.append((hits / true, wrong / true, hits / (true + wrong)))
    rate, false, jaccard = np.mean(rates, axis=0) if rates else (float("nan"),) * 3
    late = found.start[right] + waited - truth.start[pairs[right]]
    delay = float(late.mean()) if right.any() else float("nan")
    return Online(float(rate), float(false), float(jaccard), int(false_ones.sum()), delay)
