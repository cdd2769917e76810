import math

import numpy as np

from laban.prediction import Prediction, softmax


def test_softmax_is_the_formula_and_survives_large_scores():
    scores = np.array([[1.0, 2, 3], [1000, 999, -1000]])
    found = softmax(scores)
    total = sum(math.exp(x) for x in (1, 2, 3))
    np.testing.assert_allclose(found[0], [math.exp(x) / total for x in (1, 2, 3)])
    np.testing.assert_allclose(found[1], [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1)), 0])


def test_the_most_probable_come_first():
    shares = np.array([0.1, 0.3, 0.05, 0.3, 0.2, 0.05])
    said = Prediction.of("c", shares, "abcdef")
    assert (said.label, said.index, said.probability) == ("b", 1, 0.3)
    assert said.top5 == [("b", 0.3), ("d", 0.3), ("e", 0.2), ("a", 0.1), ("c", 0.05)]
    assert said.to_json()["top5"][0] == ["b", 0.3]
