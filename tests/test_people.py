import numpy as np

from laban.clip import Clip
from laban.people import (
    bridge_gaps,
    choose_people,
    drop_empty_frames,
    energy,
    first_people,
    is_upright,
    listed_people,
    most_confident,
    people_present,
)
from laban.skeletons import SKELETONS


def body(rng, *, wide=False, lively=1.0, frames=20):
    """A standing body (taller than wide) or a piece of furniture, moving as much as told."""
    poses = rng.normal(size=(frames, 25, 3)) * 0.02 * lively
    poses[..., 1] += np.linspace(0, 0.3 if wide else 1.6, 25)
    poses[..., 0] += np.linspace(0, 1.5 if wide else 0.3, 25)
    return poses.astype(np.float32)


def clip(bodies, present=None):
    return Clip("c", np.stack(bodies), SKELETONS["kinect-v2"], present=present)


def test_energy_is_the_spread_about_the_centre_joint():
    rng = np.random.default_rng(0)
    poses = rng.normal(size=(2, 6, 25, 3)).astype(np.float32)
    present = np.ones((2, 6), bool)
    present[1, 3:] = False
    found = energy(poses, present, 0)
    for m in range(2):
        relative = poses[m, present[m]] - poses[m, present[m]][:, :1]
        expected = sum(relative[..., c].astype(float).std() for c in range(3))
        np.testing.assert_allclose(found[m], expected)
    assert energy(poses, np.zeros((2, 6), bool), 0).tolist() == [0, 0]


def test_ghosts_go_and_the_liveliest_comes_first():
    rng = np.random.default_rng(1)
    still, lively = body(rng), body(rng, lively=8)
    ghost = body(rng, wide=True) * 0.3
    assert is_upright(np.stack([still, ghost]), np.ones((2, 20), bool)).tolist() == [True, False]
    chosen = choose_people(clip([ghost, still, lively]))
    np.testing.assert_array_equal(chosen.poses, [lively, still])


def test_a_lone_body_always_stays_and_two_are_kept_at_most():
    rng = np.random.default_rng(2)
    ghost = body(rng, wide=True)
    assert choose_people(clip([ghost])).persons == 1
    assert choose_people(clip([body(rng) for _ in range(4)])).persons == 2


def test_empty_frames_go():
    poses = np.ones((2, 5, 25, 3), np.float32)
    present = np.array([[1, 0, 0, 1, 0], [0, 0, 1, 1, 0]], bool)
    kept, there = drop_empty_frames(poses, present)
    assert kept.shape == (2, 3, 25, 3)
    assert there.tolist() == [[True, False, True], [False, True, True]]


def test_gaps_are_bridged_evenly_and_ends_held():
    poses = np.zeros((2, 7, 4, 3), np.float32)
    poses[0, 1], poses[0, 5] = 2, 10
    poses[1] = np.arange(7)[:, None, None]
    present = np.array([[0, 1, 0, 0, 0, 1, 0], [1] * 7], bool)
    before = poses.copy()
    filled = bridge_gaps(poses, present)
    np.testing.assert_allclose(filled[0, :, 0, 0], [2, 2, 4, 6, 8, 10, 10])
    np.testing.assert_array_equal(filled[1], poses[1])
    np.testing.assert_array_equal(poses, before)


def crowd(rng, persons=5, frames=7):
    """Persons in a picture, each in some frames, with confidence; nobody in the last frame."""
    present = rng.random((persons, frames)) < 0.6
    present[:, -1] = False
    there = present[..., None]
    poses = rng.random((persons, frames, 18, 2)).astype(np.float32) * there[..., None]
    confidence = rng.random((persons, frames, 18)).astype(np.float32) * there
    confidence[:2, 0] = 0  # present or not, without any confidence
    return Clip("c", poses, SKELETONS["openpose-18"], present=present, confidence=confidence)


def test_the_surest_people_of_each_frame():
    clip = crowd(np.random.default_rng(0))
    chosen = most_confident(clip, most=2)
    for t in range(clip.frames):
        there = [m for m in range(clip.persons) if clip.present[m, t]]
        order = sorted(there, key=lambda m: -clip.confidence[m, t].sum())[:2]
        assert chosen.present[:, t].tolist() == [k < len(order) for k in range(2)]
        for k, m in enumerate(order):
            np.testing.assert_array_equal(chosen.poses[k, t], clip.poses[m, t])
            np.testing.assert_array_equal(chosen.confidence[k, t], clip.confidence[m, t])
    assert most_confident(clip, most=9).persons == 5


def test_people_in_a_picture_are_chosen_by_confidence():
    clip = crowd(np.random.default_rng(1))
    poses, present = people_present(clip, most=2)
    expected = most_confident(clip, most=2)
    np.testing.assert_array_equal(poses, expected.poses[:, expected.present.any(0)])
    np.testing.assert_array_equal(present, expected.present[:, expected.present.any(0)])
    blind = Clip("c", clip.poses, clip.skeleton, present=clip.present)
    np.testing.assert_array_equal(most_confident(blind, most=2).poses, clip.poses[:2])


def test_energy_without_a_centre_counts_the_way_through_the_room():
    poses = np.random.default_rng(0).normal(size=(2, 6, 25, 3)).astype(np.float32)
    expected = [sum(body[..., c].astype(float).std() for c in range(3)) for body in poses]
    np.testing.assert_allclose(energy(poses, np.ones((2, 6), bool), None), expected)


def test_listed_people_are_each_frame_s_first():
    present = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]], bool)
    poses = np.arange(1, 4)[:, None, None, None] * present[..., None, None].astype(np.float32)
    found, there = listed_people(poses, present, most=2)
    assert found[..., 0, 0].tolist() == [[1, 2, 3, 0], [2, 3, 0, 0]]
    assert there.tolist() == [[True, True, True, False], [True, True, False, False]]


def test_the_first_bodies_of_each_frame_move_up():
    poses = np.random.default_rng(3).normal(size=(4, 5, 25, 3)).astype(np.float32)
    there = np.array([[1, 0, 0, 1, 1], [1, 1, 0, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 1, 1]], bool)
    poses[~there] = 0
    found, present = first_people(Clip("c", poses, SKELETONS["kinect-v2"]), most=2)
    expected = np.zeros_like(poses[:2])
    for t in range(5):
        for place, m in enumerate([m for m in range(4) if there[m, t]][:2]):
            expected[place, t] = poses[m, t]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(present, (expected != 0).any((2, 3)))
    assert len(first_people(Clip("c", poses[1:3], SKELETONS["kinect-v2"]), most=2)[0]) == 2
    assert len(first_people(Clip("c", poses[::3], SKELETONS["kinect-v2"]), most=1)[0]) == 1
