"""Average precision of found segments, mAP_a over classes and mAP_v over recordings.

PKU-MMD, https://arxiv.org/abs/1703.07475, section 5: a found segment is right where its class is
and it overlaps a true one by the ratio theta or more; of several for the same true one the most
confident counts and the others are wrong. Interpolated AP of G true segments is the mean, over the
G recalls k / G, of the highest precision at that recall or a higher one; recalls not reached give
0. mAP_a is the mean of AP over classes, mAP_v over recordings.

Unusual here: a class (a recording) without a true segment has no AP and takes no part in the mean;
its found segments are wrong for the recordings (the classes) that they are in.

Differs from PKU-MMD's evaluation code, https://github.com/ECHO960/PKU-MMD (``pku=True``): that
looks at precision only just below each segment that overlaps enough, counts a last frame out of
lengths, and takes the mean over all classes. The community's code for detection
(https://github.com/JHang2020/Simple-Skeleton-Detection) has mAP_a as here and mAP_v as PKU-MMD's.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from laban.detection.spans import Spans, best_overlaps

__all__ = ["THRESHOLDS", "average_precisions", "mean_precision", "right_ones"]

THRESHOLDS = tuple(round(0.1 * k, 1) for k in range(1, 10))


def right_ones(
    confidence: np.ndarray, best: np.ndarray, matched: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Order by falling confidence (N,), and in that order who is right (N,).

    Args:
        confidence: (N,) of found segments; of equals the first comes first.
        best: (N,) the true segment that each overlaps most.
        matched: (N,) whether it overlaps enough.
    """
    order = np.argsort(-confidence, kind="stable")
    right = np.zeros(len(order), bool)
    places = np.flatnonzero(matched[order])
    _, first = np.unique(best[order][places], return_index=True)
    right[places[first]] = True
    return order, right


def _interpolated(right: np.ndarray, truths: int) -> float:
    """AP of flags by falling confidence: ``(N,) -> ``."""
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    return float(highest[right].sum() / truths)


def _swept(right: np.ndarray, matched: np.ndarray, truths: int) -> float:
    """AP as PKU-MMD's code has it: ``(N,), (N,) -> ``, both by falling confidence.

    Found segments are taken away, the least confident first; when one goes that overlapped enough,
    the precision of those left is looked at.
    """
    if not len(right):
        return 0.0
    left = np.arange(len(right))
    below = (np.cumsum(right) - right) / np.maximum(left, 1)
    highest = np.maximum.accumulate(np.where(matched, below, 0.0)[::-1])[::-1]
    return float(np.maximum(highest, right.mean())[right].sum() / truths)


def average_precisions(
    found: Spans,
    truth: Spans,
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    by: Literal["label", "recording"],
    pku: bool = False,
) -> dict[int, np.ndarray]:
    """AP at each threshold, (len(thresholds),) in 0 to 1, of each class or recording with truth.

    Args:
        found: Segments with confidence.
        truth: True segments.
        thresholds: Overlaps that count as found.
        by: Whose AP.
        pku: As PKU-MMD's evaluation code has it.
    """
    best, share = best_overlaps(found, truth, ends="excluded" if pku else "included")
    values = {}
    for key in np.unique(getattr(truth, by)):
        truths = int((getattr(truth, by) == key).sum())
        rows = np.flatnonzero(getattr(found, by) == key)
        if pku:  # of equal confidence the code takes the first away first
            rows = rows[::-1]
        row = []
        for threshold in thresholds:
            matched = (share[rows] >= threshold) & (best[rows] >= 0)
            order, right = right_ones(found.confidence[rows], best[rows], matched)
            row.append(
                _swept(right, matched[order], truths) if pku else _interpolated(right, truths)
            )
        values[int(key)] = np.array(row)
    return values


def mean_precision(
    found: Spans,
    truth: Spans,
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    by: Literal["label", "recording"],
    pku: int | None = None,
) -> np.ndarray:
    """Mean AP at each threshold: ``-> (len(thresholds),)`` in 0 to 1, NaN without a true segment.

    Args:
        found: Segments with confidence.
        truth: True segments.
        thresholds: Overlaps that count as found.
        by: ``label`` for mAP_a, ``recording`` for mAP_v.
        pku: As PKU-MMD's evaluation code has it, over this number of classes or recordings.
    """
    values = average_precisions(found, truth, thresholds, by=by, pku=pku is not None)
    if not values:
        return np.full(len(thresholds), np.nan)
    return np.sum(list(values.values()), axis=0) / (len(values) if pku is None else pku)
