import numpy as np

from laban.video import Tracks, matched
from tests.video.recorded import person


def test_the_nearest_pair_is_matched_first_and_nobody_twice():
    """Against the rule, written out pair by pair."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        old = {k: person(*rng.uniform(0, 60, 2)) for k in (3, 5, 8)}
        new = np.stack([person(*rng.uniform(0, 60, 2)) for _ in range(4)])
        pairs = []
        for name, a in old.items():
            for p, b in enumerate(new):
                moved = sorted(np.hypot(*(a[j] - b[j])) for j in range(17))[8]
                boxes = [np.hypot(*(one.max(0) - one.min(0))) for one in (a, b)]
                pairs.append((moved / max(boxes), name, p))
        wanted = [None] * 4
        for far, name, p in sorted(pairs):
            if far <= 0.6 and wanted[p] is None and name not in wanted:
                wanted[p] = name
        assert matched(old, new, most=0.6) == wanted


def test_a_joint_that_leaps_does_not_count():
    leaping = person(10.0)
    leaping[3] += 500
    assert matched({0: person(10.0)}, leaping[None], most=0.3) == [0]
    assert matched({0: person(10.0)}, person(30.0)[None], most=0.3) == [None]
    assert matched({}, person(1.0)[None], most=1) == [None]
    assert matched({0: person(1.0)}, np.zeros((0, 17, 2)), most=1) == []


def test_ids_are_kept_whatever_the_order_and_over_a_short_absence():
    tracks = Tracks(patience=0.5)
    a, b = (lambda t: person(10 + t)), (lambda t: person(90 - t))
    assert tracks.follow(np.stack([a(0), b(0)]), 0.0) == (0, 1)
    assert tracks.follow(np.stack([b(1), a(1)]), 0.1) == (1, 0)
    assert tracks.follow(np.stack([b(2)]), 0.2) == (1,)
    assert tracks.follow(np.zeros((0, 17, 2)), 0.3) == ()
    assert tracks.follow(np.stack([a(3), b(3), person(50)]), 0.4) == (0, 1, 2)
    assert tracks.follow(np.stack([a(4)]), 1.0) == (3,)  # forgotten
