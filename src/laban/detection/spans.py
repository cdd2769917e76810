"""Segments of many recordings as columns, and how far found ones overlap true ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Ends", "Spans", "best_overlaps", "overlaps"]

Ends = Literal["included", "excluded"]


@dataclass(frozen=True)
class Spans:
    """Segments, a row each, all columns (N,).

    Attributes:
        recording: Number of the recording.
        label: Number of the class.
        start: First frame.
        end: The frame behind the last.
        confidence: Of found segments; 1 for true ones.
    """

    recording: np.ndarray
    label: np.ndarray
    start: np.ndarray
    end: np.ndarray
    confidence: np.ndarray

    @classmethod
    def of(cls, rows: Iterable[Sequence[float]]) -> "Spans":
        """Rows of recording, label, start, end and, where there is one, confidence."""
        table = np.array([(*row, 1.0)[:5] for row in rows], np.float64).reshape(-1, 5)
        recording, label, start, end = table[:, :4].T.astype(np.int64)
        return cls(recording, label, start, end, table[:, 4])

    def __len__(self) -> int:
        return len(self.label)

    def chosen(self, which: np.ndarray) -> "Spans":
        """The rows of these numbers, or those where a flag is set."""
        return Spans(**{name: column[which] for name, column in vars(self).items()})


def overlaps(found: Spans, truth: Spans, *, ends: Ends = "included") -> np.ndarray:
    """Intersection over union of all pairs of one recording: ``(N), (G) -> (N, G)``.

    Args:
        found: Segments.
        truth: Others.
        ends: Whether the last frame of a segment counts. It does where a segment is as long as the
            number of its frames (Pascal VOC's ``+ 1`` on first and last frames); PKU-MMD's
            evaluation code subtracts first from last frames, so that it does not.
    """
    short = 1 if ends == "excluded" else 0
    last, first = np.minimum, np.maximum
    common = last.outer(found.end, truth.end) - first.outer(found.start, truth.start) - short
    common = common.clip(0)
    lengths = np.add.outer(found.end - found.start - short, truth.end - truth.start - short)
    union = lengths - common
    return np.where(union > 0, common / np.maximum(union, 1), 0.0)


def best_overlaps(
    found: Spans, truth: Spans, *, ends: Ends = "included"
) -> tuple[np.ndarray, np.ndarray]:
    """For each found segment the true one of its class and recording that it overlaps most.

    Returns:
        (N,) rows of the truth, -1 where none overlaps, and (N,) how far. Of equals the first one;
        where ends are excluded the last one, as in PKU-MMD's evaluation code.
    """
    best, share = np.full(len(found), -1), np.zeros(len(found))
    for recording in np.unique(found.recording):
        rows = np.flatnonzero(found.recording == recording)
        others = np.flatnonzero(truth.recording == recording)
        if not len(others):
            continue
        mine, theirs = found.chosen(rows), truth.chosen(others)
        values = overlaps(mine, theirs, ends=ends) * np.equal.outer(mine.label, theirs.label)
        share[rows] = values.max(1)
        if ends == "excluded":
            place = values.shape[1] - 1 - values[:, ::-1].argmax(1)
        else:
            place = values.argmax(1)
        best[rows] = np.where(share[rows] > 0, others[place], -1)
    return best, share
