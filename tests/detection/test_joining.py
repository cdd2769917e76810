"""From frames to segments: each step by hand, and in blocks as in one piece."""

import numpy as np
import pytest

from laban.detection.joining import (
    Detection,
    Joining,
    joined_segments,
    smoothed,
    stretches,
)
from laban.detection.live import reported
from laban.detection.spans import Spans
from laban.detection.tuning import tuned
from laban.errors import LabanError

CLASSES = ("wave", "nod")


def probabilities(word):
    """A frame a letter: w and n are sure classes, W and N weak ones, . is background."""
    rows = {
        "w": [0.9, 0.0, 0.1],
        "n": [0.1, 0.8, 0.1],
        "W": [0.35, 0.1, 0.55],
        "N": [0.1, 0.35, 0.55],
        ".": [0.0, 0.1, 0.9],
    }
    return np.array([rows[letter] for letter in word])


def found(word, **options):
    joining = Joining(**{"smooth": 0, "threshold": 0.4, **options})
    segments = joined_segments([probabilities(word)], joining, CLASSES)
    return [(one.label, one.start, one.end) for one in segments]


def test_segments_by_hand():
    assert found("..wwww..nn.") == [("wave", 2, 6), ("nod", 8, 10)]
    assert found("wwnn") == [("wave", 0, 2), ("nod", 2, 4)]
    assert found("wwwnn", divide="background") == [("wave", 0, 5)]
    assert found("wwWww", threshold=0.5) == [("wave", 0, 2), ("wave", 3, 5)]
    assert found("wwWww", threshold=0.5, gap=1) == [("wave", 0, 5)]
    assert found("ww.nn", gap=1) == [("wave", 0, 2), ("nod", 3, 5)]
    assert found("wwnww", gap=1, shortest=2) == [("wave", 0, 5)]
    assert found("w.ww", shortest=2) == [("wave", 2, 4)]
    assert found("....") == []


def test_confidence_is_the_mean_over_the_frames_that_count():
    (one,) = joined_segments(
        [probabilities("wW.w")], Joining(smooth=0, threshold=0.4, gap=1), CLASSES
    )
    assert one == Detection("wave", 0, 4, pytest.approx((0.9 + 0.35 + 0.9) / 3))


def test_smoothing_against_the_naive_mean():
    values = np.random.default_rng(0).random((17, 3))
    for half in (0, 1, 4, 20):
        expected = [values[max(0, t - half) : t + half + 1].mean(0) for t in range(17)]
        for size in (1, 3, 17):
            blocks = [values[k : k + size] for k in range(0, 17, size)]
            parts = list(smoothed(blocks, half))
            np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-12)
    assert list(smoothed([], 2)) == []


def naive_runs(values, threshold):
    kinds = [int(row[:-1].argmax()) if 1 - row[-1] >= threshold else None for row in values]
    runs, start = [], 0
    for t in range(1, len(kinds) + 1):
        if t == len(kinds) or kinds[t] != kinds[start]:
            if kinds[start] is not None:
                runs.append((kinds[start], start, t))
            start = t
    return runs


def test_stretches_against_the_naive_version_in_blocks_of_any_size():
    values = np.random.default_rng(1).dirichlet(np.ones(3), 60)
    values = np.repeat(values, 3, axis=0)
    expected = naive_runs(values, 0.6)
    for size in (1, 2, 7, 64, 180):
        blocks = [values[k : k + size] for k in range(0, 180, size)]
        runs = list(stretches(blocks, 0.6))
        assert [(run.kind, run.start, run.end) for run in runs] == expected
        for run in runs:
            np.testing.assert_allclose(run.sums, values[run.start : run.end, :-1].sum(0))


@pytest.mark.parametrize("divide", ["class", "background"])
def test_blocks_of_any_size_give_the_same_segments(divide):
    values = np.repeat(np.random.default_rng(2).dirichlet(np.ones(3), 50), 4, axis=0)
    joining = Joining(smooth=3, threshold=0.5, divide=divide, gap=4, shortest=5)
    whole = list(joined_segments([values], joining, CLASSES))
    assert len(whole) > 3
    for size in (1, 9, 70):
        blocks = (values[k : k + size] for k in range(0, 200, size))
        parts = list(joined_segments(blocks, joining, CLASSES))
        assert [vars(p) | {"confidence": 0} for p in parts] == [
            vars(w) | {"confidence": 0} for w in whole
        ]
        np.testing.assert_allclose(
            [p.confidence for p in parts], [w.confidence for w in whole], atol=1e-12
        )


def test_tuning_finds_what_the_truth_needs():
    """Flickers of two frames and gaps of three: smoothing, joining or a length mends them."""
    word = "....wwwwwwww...wwwwwwww.....nn......nnnnnnnnnnnn....."
    truth = Spans.of([(0, 0, 4, 23), (0, 1, 36, 48)])
    start = Joining(smooth=0, threshold=0.5)
    best, score = tuned([probabilities(word)], truth, start, CLASSES)
    assert score == 1
    again = list(joined_segments([probabilities(word)], best, CLASSES))
    assert [one.label for one in again] == ["wave", "nod"]
    perfect = probabilities("..wwww..")
    assert tuned([perfect], Spans.of([(0, 0, 2, 6)]), start, CLASSES) == (start, 1.0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"threshold": 1.0}, "threshold is 1.0"),
        ({"smooth": -1}, "smooth is -1, give 0"),
        ({"shortest": 0}, "shortest is 0, give 1"),
        ({"divide": "label"}, "divide is 'label'"),
    ],
)
def test_numbers_out_of_range_are_refused(options, sentence):
    with pytest.raises(LabanError, match=sentence):
        Joining(**options)


def test_an_action_is_reported_while_it_happens_and_when_it_is_over():
    rows, read = probabilities("..wwwww.ww....nn...nnn"), []

    def frames():
        for row in rows:
            read.append(row)
            yield row[None]

    joining = Joining(smooth=0, threshold=0.4, gap=1, shortest=3)
    told = [
        (len(read) - 1, over, one.label, one.start, one.end)
        for one, over in reported(frames(), joining, CLASSES)
    ]
    assert told == [
        (4, False, "wave", 2, 5),  # the third frame of it is number 4
        (11, True, "wave", 2, 10),  # two frames without it
        (21, False, "nod", 19, 22),
        (21, True, "nod", 19, 22),
    ]


@pytest.mark.parametrize("size", [1, 6, 200])
def test_what_was_reported_in_the_end_is_what_joining_finds(size):
    values = np.repeat(np.random.default_rng(3).dirichlet(np.ones(3), 50), 4, axis=0)
    joining = Joining(smooth=2, threshold=0.6, divide="background", gap=3, shortest=6)
    blocks = (values[k : k + size] for k in range(0, 200, size))
    over = [one for one, done in reported(blocks, joining, CLASSES) if done]
    whole = list(joined_segments([values], joining, CLASSES))
    assert [(o.label, o.start, o.end) for o in over] == [(w.label, w.start, w.end) for w in whole]
    assert len(over) > 3
