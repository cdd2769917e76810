from dataclasses import replace

import numpy as np
import pytest

from laban.errors import LabanError
from laban.evaluation.scores import Scores, fuse, softmax

CLASSES = ("a", "b", "c")


def scores(values, labels=(0, 1, 2, 2), clips=("w", "x", "y", "z")):
    values = np.array(values, np.float32)
    return Scores("toy", "test", CLASSES, tuple(clips), np.array(labels), values)


ONE = scores([[3, 0, 0], [0, 1, 2], [0, 0, 1], [2, 1, 0]])
TWO = scores([[1, 0, 0], [0, 9, 2], [0, 0, 1], [0, 0, 1]])


def test_figures_by_hand():
    assert ONE.top(1) == pytest.approx(50)
    assert ONE.top(2) == pytest.approx(75)
    assert ONE.top(5) == 100
    assert ONE.per_class() == {"a": 100.0, "b": 0.0, "c": 50.0}
    assert ONE.confusion().tolist() == [[1, 0, 0], [0, 0, 1], [1, 0, 1]]
    absent = scores([[1, 0, 0]], [0], ["w"])
    assert absent.per_class() == {"a": 100.0, "b": None, "c": None}


def test_round_trip(tmp_path):
    ONE.save(tmp_path / "s.parquet")
    back = Scores.load(tmp_path / "s.parquet")
    assert back.clips == ONE.clips and back.classes == ONE.classes
    assert (back.benchmark, back.split) == ("toy", "test")
    np.testing.assert_array_equal(back.values, ONE.values)
    np.testing.assert_array_equal(back.labels, ONE.labels)


def test_seeds_are_kept_and_fused_one_by_one(tmp_path):
    """Mean and spread of a fusion are over as many seeds as all of its runs have."""
    three = Scores.of_seeds([replace(ONE), replace(TWO), replace(ONE)])
    three.save(tmp_path / "s.parquet")
    back = Scores.load(tmp_path / "s.parquet")
    assert back.repeats == (50.0, 100.0, 50.0) and len(back.further) == 2
    np.testing.assert_array_equal(back.values, ONE.values)
    np.testing.assert_array_equal(back.further[0], TWO.values)
    np.testing.assert_array_equal(back.further[1], ONE.values)
    two = Scores.of_seeds([replace(TWO), replace(ONE)])
    total = fuse([back, two], [1.0, 0.5])
    assert [total.repeats[0], total.top(1)] == [fuse([ONE, TWO], [1.0, 0.5]).top(1)] * 2
    assert total.repeats[1] == fuse([TWO, ONE], [1.0, 0.5]).top(1) and len(total.repeats) == 2
    assert total.to_json()["top1_mean"] == np.mean(total.repeats)
    assert fuse([back, replace(TWO)]).repeats == () == Scores.of_seeds([replace(ONE)]).repeats


def test_fusing_sums_probabilities_by_clip_name():
    order = [2, 0, 3, 1]
    shuffled = scores(TWO.values[order], TWO.labels[order], [TWO.clips[row] for row in order])
    expected = softmax(ONE.values) + 0.5 * softmax(TWO.values)
    for other in (TWO, shuffled):
        fused = fuse([ONE, other], [1, 0.5])
        assert fused.clips == ONE.clips
        np.testing.assert_allclose(fused.values, expected, rtol=1e-6)
    logits = fuse([ONE, shuffled], scores="logits")
    np.testing.assert_allclose(logits.values, ONE.values + TWO.values)
    assert fuse([ONE, TWO]).top(1) == pytest.approx(75)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(TWO, clips=("w", "x", "y", "q")), "tested on other clips than run 1"),
        (replace(TWO, classes=("a", "b", "d")), "other classes"),
        (replace(TWO, labels=np.array([0, 1, 2, 1])), "other labels"),
        (replace(TWO, clips=("w", "x", "y", "y")), "scores a clip twice"),
        (
            scores(TWO.values[:3], TWO.labels[:3], TWO.clips[:3]),
            "1 differ, such as z",
        ),
    ],
)
def test_runs_that_do_not_fit_are_refused(other, message):
    with pytest.raises(LabanError, match=message):
        fuse([ONE, other])


def test_weights_and_numbers():
    with pytest.raises(LabanError, match="1 weights for 2 runs"):
        fuse([ONE, TWO], [1.0])
    with pytest.raises(LabanError, match="two runs or more"):
        fuse([ONE])
