"""Average precision: worked by hand, against naive versions, both kinds of ends."""

import numpy as np
import pytest

from laban.detection.precision import average_precisions, mean_precision, right_ones
from laban.detection.spans import Spans, best_overlaps, overlaps


def test_overlap_of_both_kinds_of_ends():
    """Frames 0 to 9 and 5 to 14: 5 of 15 frames; by differences of frame numbers 4 of 14."""
    one, two = Spans.of([(0, 0, 0, 10)]), Spans.of([(0, 0, 5, 15)])
    assert overlaps(one, two) == pytest.approx(5 / 15)
    assert overlaps(one, two, ends="excluded") == pytest.approx(4 / 14)
    touching = Spans.of([(0, 0, 10, 12), (0, 0, 9, 12)])
    assert overlaps(one, touching).tolist() == [[0.0, 1 / 12]]
    assert overlaps(one, touching, ends="excluded").tolist() == [[0.0, 0.0]]
    frame = Spans.of([(0, 0, 3, 4)])
    assert overlaps(frame, frame) == 1 and overlaps(frame, frame, ends="excluded") == 0


def test_only_one_class_and_recording_match():
    truth = Spans.of([(0, 1, 0, 10), (0, 2, 0, 10), (1, 1, 0, 8), (0, 1, 4, 9)])
    found = Spans.of([(0, 2, 0, 10, 0.9), (1, 2, 0, 10, 0.9), (1, 1, 0, 10, 0.9), (0, 1, 5, 9)])
    best, share = best_overlaps(found, truth)
    assert best.tolist() == [1, -1, 2, 3]
    assert share == pytest.approx([1, 0, 0.8, 0.8])


def test_average_precision_by_hand():
    """Two true segments. By confidence: right, wrong, right: precision 1 and 2/3 at recall 1/2, 1.

    The same segment found twice is wrong the second time. PKU-MMD's code looks just below those
    that overlap enough: one of two is right below the last (1/2), none are left below the first,
    and the whole list gives 2/3 at both recalls; below a second finding one of one is right.
    """
    truth = Spans.of([(0, 0, 0, 10), (0, 0, 20, 30)])
    for middle, swept in (((0, 0, 40, 50, 0.5), 2 / 3), ((0, 0, 1, 10, 0.5), (1 + 2 / 3) / 2)):
        found = Spans.of([(0, 0, 0, 10, 0.9), middle, (0, 0, 21, 30, 0.2)])
        (values,) = average_precisions(found, truth, [0.5], by="label").values()
        assert values == pytest.approx([(1 + 2 / 3) / 2])
        (values,) = average_precisions(found, truth, [0.5], by="label", pku=True).values()
        assert values == pytest.approx([swept])


def test_of_equal_overlaps_pku_mmd_s_code_takes_the_last():
    """Found frames 0 to 20 overlap 0 to 10 and 10 to 20 alike, by 11 of 21 (10 of 20).

    The first of equals is the one that the second segment finds, so that this is a repetition.
    """
    truth = Spans.of([(0, 0, 0, 11), (0, 0, 10, 21)])
    found = Spans.of([(0, 0, 0, 21, 0.9), (0, 0, 0, 11, 0.8)])
    assert average_precisions(found, truth, [0.3], by="label")[0] == pytest.approx([0.5])
    assert average_precisions(found, truth, [0.3], by="label", pku=True)[0] == pytest.approx([1.0])


def test_mean_over_classes_and_over_recordings_by_hand():
    """Class 0: found in recording 0, missed in 1. Class 1: found in 1. Class 2: false alarm in 0.

    mAP_a: AP of class 0 is 1/2, of class 1 1; class 2 has no truth. mAP_v: recording 0 has the
    false alarm above the right one: 1/2; recording 1 finds one of two: 1/2.
    """
    truth = Spans.of([(0, 0, 0, 10), (1, 0, 0, 10), (1, 1, 20, 30)])
    found = Spans.of([(0, 0, 0, 10, 0.6), (0, 2, 40, 50, 0.7), (1, 1, 20, 30, 0.9)])
    assert mean_precision(found, truth, [0.5], by="label") == pytest.approx([0.75])
    assert mean_precision(found, truth, [0.5], by="recording") == pytest.approx([0.5])
    assert mean_precision(found, truth, [0.5], by="label", pku=3) == pytest.approx([0.5])


def test_without_found_or_true_segments():
    nothing, one = Spans.of([]), Spans.of([(0, 0, 0, 10)])
    assert mean_precision(nothing, one, [0.1, 0.5], by="label").tolist() == [0, 0]
    assert mean_precision(nothing, one, [0.1], by="recording", pku=1).tolist() == [0]
    assert np.isnan(mean_precision(one, nothing, [0.5], by="label")).all()


def naive_overlap(one, two, ends):
    if ends == "included":
        a, b = (set(range(s, e)) for s, e in (one, two))
        return len(a & b) / len(a | b)
    (s, e), (t, f) = (one[0], one[1] - 1), (two[0], two[1] - 1)
    common = max(0, min(e, f) - max(s, t))
    union = (e - s) + (f - t) - common
    return common / union if union else 0.0


def naive_flags(found, truth, threshold, ends):
    """(confidence, right, matched) by falling confidence: who is first at a true segment."""
    taken, flags = set(), []
    for r, c, s, e, p in found:
        shares = [
            naive_overlap((s, e), (t, f), ends) if (r, c) == (q, k) else 0.0 for q, k, t, f in truth
        ]
        last = ends == "excluded"  # of equals
        best = max(range(len(shares)), key=lambda n: (shares[n], n if last else -n), default=-1)
        matched = best >= 0 and shares[best] > 0 and shares[best] >= threshold
        flags.append((p, matched and best not in taken, matched))
        if matched:
            taken.add(best)
    return flags


def naive_ap(found, truth, threshold):
    """The mean over recalls k / G of the highest precision among cuts that reach k right ones."""
    flags = naive_flags(sorted(found, key=lambda row: -row[4]), truth, threshold, "included")
    cuts = [[flag for _, flag, _ in flags[:n]] for n in range(1, len(flags) + 1)]
    total = 0.0
    for k in range(1, len(truth) + 1):
        total += max((sum(cut) / len(cut) for cut in cuts if sum(cut) >= k), default=0.0)
    return total / len(truth)


def naive_pku(found, truth, threshold):
    """Segments go one by one, the least confident first."""
    left = naive_flags(sorted(found, key=lambda row: -row[4]), truth, threshold, "excluded")
    right = sum(flag for _, flag, _ in left)
    highest = right / len(left) if left else 0
    recall, area = right / len(truth), 0.0
    while left:
        _, flag, matched = left.pop()
        if not matched:
            continue
        right -= flag
        highest = max(highest, right / len(left) if left else 0)
        area += highest * (recall - right / len(truth))
        recall = right / len(truth)
    return area


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("by", "column"), [("label", 1), ("recording", 0)])
def test_average_precision_against_the_naive_version(seed, by, column):
    rng = np.random.default_rng(seed)
    truth = [(r, int(rng.integers(3)), s, s + int(rng.integers(1, 12)))
             for r in range(3) for s in range(0, 60, 12)]  # fmt: skip
    found = []
    for r, c, s, e in truth * 2:
        shift = rng.integers(-3, 4, 2)
        kind = c if rng.random() < 0.8 else int(rng.integers(4))
        start = max(0, s + int(shift[0]))
        found.append((r, kind, start, max(start + 1, e + int(shift[1])), float(rng.random())))
    found = [found[k] for k in rng.permutation(len(found))]
    thresholds = (0.1, 0.5, 0.7)
    for pku, naive in ((False, naive_ap), (True, naive_pku)):
        values = average_precisions(Spans.of(found), Spans.of(truth), thresholds, by=by, pku=pku)
        for key in {row[column] for row in truth}:
            mine = [row for row in found if row[column] == key]
            theirs = [row for row in truth if row[column] == key]
            expected = [naive(mine, theirs, threshold) for threshold in thresholds]
            assert values[key] == pytest.approx(expected)


def test_the_most_confident_of_several_is_right():
    order, right = right_ones(
        np.array([0.1, 0.9, 0.5, 0.9]), np.array([0, 1, 0, 1]), np.array([True] * 4)
    )
    assert order.tolist() == [1, 3, 2, 0]
    assert right.tolist() == [True, False, True, False]
