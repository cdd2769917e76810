"""F1, edit score and frames: by hand and against naive versions."""

from functools import cache

import numpy as np
import pytest

from laban.detection.agreement import (
    edit_distance,
    edit_score,
    f1_score,
    frame_accuracy,
    painted,
)
from laban.detection.spans import Spans


def test_f1_by_hand():
    """Three true, four found: one exact, one with 6 of 14 frames, one twice, one of another class.

    At 0.25 two are right: 2 x 2 / (3 + 4); at 0.5 one.
    """
    truth = Spans.of([(0, 0, 0, 10), (0, 1, 20, 30), (0, 2, 40, 50)])
    found = Spans.of([(0, 0, 0, 10), (0, 1, 24, 34), (0, 1, 20, 22), (0, 0, 40, 50)])
    assert f1_score(found, truth, 0.25) == pytest.approx(4 / 7)
    assert f1_score(found, truth, 0.5) == pytest.approx(2 / 7)
    assert f1_score(truth, truth, 1.0) == 1
    assert np.isnan(f1_score(Spans.of([]), Spans.of([]), 0.5))


def test_f1_of_both_kinds_of_ends():
    """Frames 0 to 9 and 2 to 11: 8 of 12 frames (0.667), by differences 7 of 11 (0.636)."""
    truth, found = Spans.of([(0, 0, 0, 10)]), Spans.of([(0, 0, 2, 12)])
    assert f1_score(found, truth, 0.65) == 1
    assert f1_score(found, truth, 0.65, ends="excluded") == 0


@cache
def naive_distance(one, two):
    if not one or not two:
        return len(one) + len(two)
    return min(
        naive_distance(one[1:], two) + 1,
        naive_distance(one, two[1:]) + 1,
        naive_distance(one[1:], two[1:]) + (one[0] != two[0]),
    )


def test_edit_distance_against_the_recursion():
    rng = np.random.default_rng(0)
    for _ in range(60):
        one, two = (tuple(rng.integers(0, 4, rng.integers(0, 8)).tolist()) for _ in range(2))
        assert edit_distance(np.array(one), np.array(two)) == naive_distance(one, two)


def test_edit_score_by_hand():
    """Recording 0: found a c b a, true a b a: one insertion of 4. Recording 1 has neither."""
    truth = Spans.of([(0, 0, 0, 5), (0, 1, 10, 15), (0, 0, 20, 25)])
    found = Spans.of([(0, 1, 10, 15), (0, 0, 0, 5), (0, 2, 7, 9), (0, 0, 20, 25)])
    assert edit_score(found, truth, 1) == pytest.approx(0.75)
    assert edit_score(found, truth, 2) == pytest.approx(0.875)


def test_frames():
    spans = Spans.of([(0, 1, 4, 8), (0, 0, 1, 5), (1, 2, 0, 9)])
    labels = painted(spans, 0, 10, background=9)
    assert labels.tolist() == [9, 0, 0, 0, 1, 1, 1, 1, 9, 9]
    truth = np.array([9, 0, 0, 0, 0, 1, 1, 1, -1, -1])
    assert frame_accuracy(labels, truth) == pytest.approx(7 / 8)
