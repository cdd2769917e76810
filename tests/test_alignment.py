import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from laban.alignment import rotation_between

number = st.floats(-5, 5)


@given(st.lists(number, min_size=6, max_size=6))
def test_between_makes_parallel(numbers):
    source, target = np.array(numbers).reshape(2, 3)
    if np.linalg.norm(source) < 1e-3 or np.linalg.norm(target) < 1e-3:
        return
    turn = rotation_between(source, target)
    turned = turn @ source
    np.testing.assert_allclose(
        turned / np.linalg.norm(turned), target / np.linalg.norm(target), atol=1e-6
    )
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-7)
    np.testing.assert_allclose(np.linalg.det(turn), 1)


def test_between_is_the_shortest_turn():
    turn = rotation_between(np.array([1.0, 0, 0]), np.array([1.0, 1, 0]))
    np.testing.assert_allclose(np.trace(turn), 1 + 2 * np.cos(np.pi / 4))
    np.testing.assert_allclose(turn @ [0, 0, 1], [0, 0, 1])


def test_between_opposite_and_zero():
    up = np.array([0.0, 0.0, 1.0])
    turn = rotation_between(-up, up)
    np.testing.assert_allclose(turn @ -up, up, atol=1e-7)
    np.testing.assert_allclose(np.linalg.det(turn), 1)
    np.testing.assert_array_equal(rotation_between(np.zeros(3), up), np.eye(3))
