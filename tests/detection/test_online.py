"""Online gestures: by hand, and the rule of the SHREC track step by step."""

import numpy as np
import pytest

from laban.detection.online import gesture_scores, right_pairs
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
    ("start", "end", "right", "differently"),
    [
        (5, 15, True, False),  # half of the ten frames; 4 of 9 by differences
        (6, 15, False, False),
        (0, 20, True, False),  # twice as long; 19 is more than 2 x 9 by differences
        (0, 21, False, False),
        (3, 8, True, False),
    ],
)
def test_half_covered_and_at_most_twice_as_long(start, end, right, differently):
    truth, found = Spans.of([(0, 0, 0, 10)]), Spans.of([(0, 0, start, end)])
    assert (right_pairs(found, truth)[0] == 0) == right
    assert (right_pairs(found, truth, ends="excluded")[0] == 0) == differently


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


def test_no_truth():
    scores = gesture_scores(Spans.of([(0, 0, 0, 5)]), Spans.of([]))
    assert np.isnan(scores.detection_rate) and np.isnan(scores.delay) and scores.wrong == 1
