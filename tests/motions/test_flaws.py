"""The sensor's flaws occur, at the stated rates, and nowhere without being asked for."""

import numpy as np
import pytest

from laban.motions import ACTIONS, TWO_PERSON, record
from laban.motions.flaws import RATES, hidden_joints
from laban.skeletons import SKELETONS

KINECT = SKELETONS["kinect-v2"]


@pytest.fixture(scope="module")
def recordings():
    return [record(a, p, camera=1 + (a + p) % 3) for a in ACTIONS for p in range(1, 21)]


def within(count, total, rate):
    """Whether a count is within four standard deviations of what the rate lets expect."""
    return abs(count - total * rate) < 4 * np.sqrt(total * rate * (1 - rate)) + 1


def people(recording):
    return 2 if int(recording.name[-3:]) in TWO_PERSON else 1


def test_ghosts_are_wide_and_as_many_as_stated(recordings):
    ghosts = [r for r in recordings if len(r.poses) > people(r)]
    assert within(len(ghosts), len(recordings), RATES["ghost"])
    for r in ghosts:
        seen = r.poses[-1][r.present[-1]]
        if len(seen):
            spread = np.ptp(seen, axis=1).mean(0)
            assert spread[0] > 0.8 * spread[1]


def test_ids_change_as_often_as_stated_and_have_17_digits(recordings):
    changed = sum((r.ids[: people(r)] != r.ids[: people(r), :1]).any() for r in recordings)
    assert within(changed, len(recordings), RATES["new id"])
    assert all(len(str(number)) == 17 for r in recordings for number in np.unique(r.ids))


def test_bodies_are_lost_and_come_back(recordings):
    lost = [r for r in recordings if not r.present[: people(r)].all()]
    rate = 1 - (1 - RATES["late start"]) * np.exp(-RATES["lost burst"])
    assert within(len(lost), len(recordings), rate)
    assert any(not r.present[:, t].any() for r in lost for t in range(r.present.shape[1]))
    assert all(r.present[: people(r)].mean() > 0.6 for r in recordings)
    assert all(not r.poses[~r.present].any() for r in recordings)


def test_order_swaps_in_some_clips_of_two(recordings):
    pairs = [r for r in recordings if len(r.poses) == 2]
    swapped = sum((r.order != r.order[0]).any() for r in pairs)
    assert 0.15 * len(pairs) < swapped <= 0.5 * len(pairs)
    assert all((np.sort(r.order, 1) == np.arange(len(r.poses))).all() for r in recordings)


def test_hidden_joints_err_more_and_say_so():
    errors = {0: [], 1: [], 2: []}
    for action in (8, 14, 24, 55, 58):
        for performer in range(1, 9):
            flawed = record(action, performer, camera=2)
            clean = record(action, performer, camera=2, flaws=False)
            for m in range(len(clean.poses)):
                off = np.linalg.norm(flawed.poses[m] - clean.poses[m], axis=-1)
                there = flawed.present[m][:, None]
                for state in errors:
                    errors[state].append(off[(flawed.states[m] == state) & there])
    mean = {state: np.concatenate(values).mean() for state, values in errors.items()}
    assert mean[2] < 0.03
    assert mean[1] > 2 * mean[2]
    assert len(np.concatenate(errors[0])) > 50


def test_a_hand_behind_the_back_is_hidden_from_the_front():
    body = record(23, 1, flaws=False).poses[:, :1].astype(float)
    hand = KINECT.index("hand-left")
    middle = body[0, 0, KINECT.index("spine-mid")]
    body[0, 0, hand] = middle + (0.0, 0.0, 0.2)
    assert hidden_joints(body)[0, 0, hand]
    body[0, 0, hand] = middle - (0.0, 0.0, 0.2)
    assert not hidden_joints(body)[0, 0, hand]


def test_without_flaws_nothing_is_wrong():
    clean = record(55, 2, flaws=False)
    assert clean.present.all()
    assert (clean.states == 2).all()
    assert (clean.ids == clean.ids[:, :1]).all()
    assert len(clean.poses) == 2
