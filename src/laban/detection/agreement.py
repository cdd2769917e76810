"""How far found segments agree with true ones: frames, F1 at overlaps, order.

F1@k and edit score: Lea, Flynn, Vidal, Reiter and Hager, "Temporal Convolutional Networks for
Action Segmentation and Detection", CVPR 2017, https://arxiv.org/abs/1611.05267, section 4;
background takes no part in either. F1 at an overlap is PKU-MMD's F1-score too
(https://arxiv.org/abs/1703.07475, section 5).
"""

import numpy as np

from laban.detection.spans import Ends, Spans, best_overlaps

__all__ = ["edit_distance", "edit_score", "f1_score", "frame_accuracy", "painted"]


def f1_score(found: Spans, truth: Spans, threshold: float, *, ends: Ends = "included") -> float:
    """F1 of found segments that overlap by the threshold or more, 0 to 1.

    A true segment is found once; what else overlaps it most is wrong: 2 right / (found + true).
    """
    best, share = best_overlaps(found, truth, ends=ends)
    right = len(np.unique(best[(share >= threshold) & (best >= 0)]))
    count = len(found) + len(truth)
    return 2 * right / count if count else float("nan")


def edit_distance(one: np.ndarray, two: np.ndarray) -> int:
    """Levenshtein's distance: insertions, deletions, replacements: ``(N,), (G,) -> ``."""
    place = np.arange(len(two) + 1)
    row = place
    for number, label in enumerate(one, 1):
        cost = np.minimum(row[1:] + 1, row[:-1] + (two != label))
        # d[j] = min(cost[j], d[j - 1] + 1), all at once.
        row = np.minimum.accumulate(np.concatenate(([number], cost)) - place) + place
    return int(row[-1])


def edit_score(found: Spans, truth: Spans, recordings: int) -> float:
    """1 - distance / longer, the classes in order of their starts, mean over recordings, 0 to 1."""
    values = []
    for recording in range(recordings):
        one, two = (_in_order(spans, recording) for spans in (found, truth))
        longer = max(len(one), len(two))
        values.append(1 - edit_distance(one, two) / longer if longer else 1.0)
    return float(np.mean(values)) if values else float("nan")


def _in_order(spans: Spans, recording: int) -> np.ndarray:
    """(n,) the classes of a recording's segments in order of their starts."""
    rows = np.flatnonzero(spans.recording == recording)
    return spans.label[rows][np.argsort(spans.start[rows], kind="stable")]


def painted(spans: Spans, recording: int, frames: int, *, background: int) -> np.ndarray:
    """The class of each frame of a recording: ``-> (frames,)``; the later start lies on top."""
    labels = np.full(frames, background)
    rows = np.flatnonzero(spans.recording == recording)
    for row in rows[np.argsort(spans.start[rows], kind="stable")]:
        labels[spans.start[row] : spans.end[row]] = spans.label[row]
    return labels


def frame_accuracy(found: np.ndarray, truth: np.ndarray) -> float:
    """Share of frames whose class is right: ``(T,), (T,) -> ``; a truth of -1 is not asked for."""
    asked = truth >= 0
    return float((found == truth)[asked].mean()) if asked.any() else float("nan")
