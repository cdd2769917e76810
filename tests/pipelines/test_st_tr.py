"""The official steps, written again one frame and joint at a time from their description."""

import math

import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.clip import Clip
from laban.errors import LabanError
from laban.pipelines.st_tr import FRAMES, STTRPipeline, looped, normalise
from laban.skeletons import SKELETONS
from laban.streams import STREAMS

NTU = SKELETONS["kinect-v2"]


def turn_onto(vector, axis):
    """The matrix of the shortest turn, by angle and axis."""
    angle = math.acos(np.clip(vector @ axis / np.linalg.norm(vector), -1, 1))
    across = np.cross(vector, axis)
    across /= np.linalg.norm(across)
    k = np.array(
        [[0, -across[2], across[1]], [across[2], 0, -across[0]], [-across[1], across[0], 0]]
    )
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k


def naive_loop(body, size):
    """One body: nulls in front moved out, then what is there over and over."""
    if not body[0].any():
        body = body[(body != 0).any((1, 2))]
    body = body[:size]
    last = max(t for t in range(len(body)) if body[t].any()) + 1
    return np.stack([body[t % last] for t in range(size)])


def naive_normalised(poses):
    """Centre joint 1 of the first body, bone 0 to 1 upright, joints 4 to 8 along x."""
    poses = poses.astype(np.float64)
    made = np.zeros_like(poses)
    for m, t, v in np.ndindex(poses.shape[:3]):
        if poses[m, t, v].any():
            made[m, t, v] = poses[m, t, v] - poses[0, t, 1]
    for tail, tip, axis in ((0, 1, [0, 0, 1.0]), (4, 8, [1.0, 0, 0])):
        turn = turn_onto(made[0, 0, tip] - made[0, 0, tail], np.array(axis))
        for place in np.ndindex(poses.shape[:3]):
            made[place] = turn @ made[place]
    return made


def recording(seed=0, frames=12):
    poses = np.random.default_rng(seed).normal(size=(2, frames, 25, 3)).astype(np.float32)
    poses[0, 9:] = 0
    poses[1, :3] = poses[1, 6] = 0
    poses[0, 3, 7] = 0
    return poses


@pytest.mark.parametrize("frames", [5, 12, 40])
def test_every_body_is_repeated_with_its_own_period(frames):
    poses = recording()
    found, present = looped(poses, (poses != 0).any((2, 3)), frames)
    wanted = np.stack([naive_loop(body, frames) for body in poses])
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(present, (wanted != 0).any((2, 3)))


@pytest.mark.parametrize("seed", range(5))
def test_normalisation_is_the_official_one(seed):
    poses = recording(seed)
    found = normalise(poses, NTU, FRAMES["kinect-v2"])
    np.testing.assert_allclose(found, naive_normalised(poses), atol=1e-5)


def test_preparation_keeps_the_two_bodies_that_move_most_and_lasts_300_frames():
    rng = np.random.default_rng(0)
    bodies = [rng.normal(size=(20, 25, 3)) * scale for scale in (0.1, 1, 0.5)]
    prepared = STTRPipeline(NTU).prepare(Clip("c", np.stack(bodies), NTU))
    assert prepared.poses.shape == (2, 300, 25, 3)
    chosen = np.stack([bodies[1], bodies[2]]).astype(np.float32)
    wanted = naive_normalised(np.tile(chosen, (1, 15, 1, 1)))
    np.testing.assert_allclose(prepared.poses, wanted, atol=1e-4)
    assert prepared.present.all()


def test_listed_bodies_follow_no_ids():
    """Two tracks that relieve each other are one body to the official code."""
    poses = np.random.default_rng(0).normal(size=(2, 10, 25, 3))
    poses[0, 6:] = poses[1, :6] = 0
    clip = Clip("c", poses, NTU)
    assert STTRPipeline(NTU).prepare(clip).persons == 2
    listed = STTRPipeline(NTU, listed=True, frames=10).prepare(clip)
    one = Clip("one", poses.sum(0), NTU)
    np.testing.assert_array_equal(listed.poses, STTRPipeline(NTU, frames=10).prepare(one).poses)


def view_of(pipeline, seed, stream="joint", clips=3):
    prepared = [pipeline.prepare(Clip("c", recording(n), NTU)) for n in range(clips)]
    batch = collate(prepared, range(clips), range(clips))
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    return pipeline.view(batch, stream, generator), batch


def test_training_sees_what_the_test_sees_on_ntu():
    for stream in STREAMS:
        (train, there), _ = view_of(STTRPipeline(NTU), 0, stream)
        (test, present), _ = view_of(STTRPipeline(NTU), None, stream)
        assert torch.equal(train, test) and torch.equal(there, present)


def test_a_window_is_a_random_stretch_of_training_alone():
    pipeline = STTRPipeline(NTU, window=150)
    (poses, _), batch = view_of(pipeline, 3)
    assert poses.shape[2] == 150
    starts = []
    for row in range(3):
        windows = batch.poses[row].unfold(1, 150, 1).movedim(-1, 2)  # (M, 151, 150, V, C)
        starts.append([s for s in range(151) if torch.equal(windows[:, s], poses[row])])
    assert all(starts)
    assert view_of(pipeline, None)[0][0].shape[2] == 300


def test_clips_and_options_that_cannot_be_used():
    flat = Clip("flat", np.ones((1, 5, 25, 2)), NTU)
    with pytest.raises(LabanError, match="clip flat has 2 channels, pipeline st-tr takes x y z"):
        STTRPipeline(NTU).prepare(flat)
    assert STTRPipeline(NTU, turn=False).prepare(flat).poses.shape == (1, 300, 25, 2)
    with pytest.raises(LabanError, match="window is 0, give 1 or more"):
        STTRPipeline(NTU, window=0)
