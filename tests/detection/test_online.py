"""Online gestures: by hand, and the rule of the SHREC track step by step."""

import numpy as np
import pytest

from laban.detection.online import FORGIVEN, WRONG, gesture_scores, right_pairs
from laban.detection.spans import Spans


def test_scores_by_hand():
    """Class 0: one of two found, and one false alarm. Class 1: found, 2 frames late.

    Rates: (1/2 + 1) / 2, (1/2 + 0) / 2; Jaccard 1 / (1 + 1 + 1) and 1.
    """
    truth = Spans.of([(0, 0, 0, 10), (0, 0, 50, 60), (0, 1, 20, 30)])
    found = Spans.of([(0, 0, 1, 10), (0, 0, 80, 90), (0, 1, 22, 30)])
    scores = gesture_scores(found, truth, waited=5)
    assert scores.detection_rate == pytest.approx(0.75)
    assert scores.false_positives == pytest.approx(0.25)
    assert scores.jaccard == pytest.approx((1 / 3 + 1) / 2)
    assert (scores.wrong, scores.delay) == (1, pytest.approx(5 + 1.5))


@pytest.mark.parametrize(
    ("start", "end", "right", "track"),
    [
        (5, 15, True, FORGIVEN),  # half of the ten frames; 4 of 9 by differences
        (6, 15, False, FORGIVEN),
        (0, 20, True, WRONG),  # twice as long; 19 is more than 2 x 9 by differences
        (0, 21, False, WRONG),
        (3, 8, True, FORGIVEN),
        (9, 15, False, WRONG),  # a common frame has no length by differences
        (4, 10, True, 0),
    ],
)
def test_half_covered_and_at_most_twice_as_long(start, end, right, track):
    truth, found = Spans.of([(0, 0, 0, 10)]), Spans.of([(0, 0, start, end)])
    assert right_pairs(found, truth)[0] == (0 if right else WRONG)
    assert right_pairs(found, truth, track=True)[0] == track


def naive_pairs(found, truth):
    free, pairs = list(range(len(truth))), {}
    for row in sorted(range(len(found)), key=lambda n: found[n][:1] + found[n][2:3]):
        r, c, s, e = found[row]
        for other in sorted(free, key=lambda n: truth[n][2]):
            q, k, t, f = truth[other]
            if (r, c) != (q, k) or e - s > 2 * (f - t) or min(e, f) - max(s, t) < (f - t) / 2:
                continue
            free.remove(other)
            pairs[row] = other
            break
    return [pairs.get(row, -1) for row in range(len(found))]


@pytest.mark.parametrize("seed", range(5))
def test_pairs_against_the_naive_version(seed):
    rng = np.random.default_rng(seed)

    def some():
        starts = rng.permutation(80)[:25]  # starts differ, so that their order is clear
        return [(int(rng.integers(2)), int(rng.integers(2)), int(s), int(s + rng.integers(4, 14)))
                for s in starts]  # fmt: skip

    found, truth = some(), some()
    pairs = right_pairs(Spans.of(found), Spans.of(truth))
    assert pairs.tolist() == naive_pairs(found, truth)
    assert (pairs >= 0).any()


def naive_track(found, truth):
    """The track's loops: first and last frames, rows (recording, class, first, last)."""
    counts = {label: [0, 0, 0, 0] for _, label, _, _ in truth}  # true, right, missed, wrong
    free = sorted(truth, key=lambda row: row[2])
    for _, label, _, _ in truth:
        counts[label][0] += 1
    for r, label, first, last in sorted(found, key=lambda row: row[2]):
        outcome = 3
        for true in free:
            q, other, start, end = true
            if (r, label) != (q, other) or last - first > 2 * (end - start):
                continue
            share = (min(last, end) - max(first, start)) / (end - start)
            if share > 0:
                outcome = 1 if share >= 0.5 else None
                break
        if outcome == 1:
            free.remove(true)
        if outcome and label in counts:
            counts[label][outcome] += 1
    for _, label, _, _ in free:
        counts[label][2] += 1
    return np.mean([(r / t, w / t, r / (r + m + w)) for t, r, m, w in counts.values()], axis=0)


@pytest.mark.parametrize("seed", range(5))
def test_the_track_s_figures_against_its_loops(seed):
    rng = np.random.default_rng(seed)

    def some():
        starts = rng.permutation(80)[:25]
        return [(int(rng.integers(2)), int(rng.integers(3)), int(s), int(s + rng.integers(4, 14)))
                for s in starts]  # fmt: skip

    found, truth = some(), some()
    scores = gesture_scores(Spans.of(found), Spans.of(truth), track=True)
    rows = ([(*row[:3], row[3] - 1) for row in part] for part in (found, truth))
    expected = naive_track(*rows)
    figures = (scores.detection_rate, scores.false_positives, scores.jaccard)
    np.testing.assert_allclose(figures, expected)
    pairs = right_pairs(Spans.of(found), Spans.of(truth), track=True)
    assert FORGIVEN in pairs and WRONG in pairs


def test_no_truth():
    scores = gesture_scores(Spans.of([(0, 0, 0, 5)]), Spans.of([]))
    assert np.isnan(scores.detection_rate) and np.isnan(scores.delay) and scores.wrong == 1
