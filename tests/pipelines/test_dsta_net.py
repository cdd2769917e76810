"""The official steps, written again one joint at a time from their description."""

import math

import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.clip import Clip
from laban.errors import LabanError
from laban.pipelines.dsta_net import FRAMES, DSTANetPipeline, normalise
from laban.skeletons import SKELETONS

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


def naive(poses):
    """Steps 2 to 5 of the official NTU preparation: joints 0, 20 and 5."""
    poses = poses.astype(np.float64)
    centre = poses[0, 0, 0].copy()
    made = np.zeros_like(poses)
    for m, t, v in np.ndindex(poses.shape[:3]):
        if poses[m, t, v].any():
            made[m, t, v] = poses[m, t, v] - centre
    made /= np.linalg.norm(made[0, 0, 20] - made[0, 0, 0])
    upright = turn_onto(made[0, 0, 20] - made[0, 0, 0], np.array([0, 0, 1.0]))
    for place in np.ndindex(poses.shape[:3]):
        made[place] = upright @ made[place]
    level = made[0, 0, 5] - made[0, 0, 20]
    level[2] = 0
    facing = turn_onto(level, np.array([1.0, 0, 0]))
    for place in np.ndindex(poses.shape[:3]):
        made[place] = facing @ made[place]
    return made


def recording(seed=0, frames=12):
    rng = np.random.default_rng(seed)
    poses = rng.normal(size=(2, frames, 25, 3)).astype(np.float32)
    poses[1, :4] = 0
    poses[0, 3, 7] = 0
    return poses


@pytest.mark.parametrize("seed", range(5))
def test_normalisation_is_the_official_one(seed):
    poses = recording(seed)
    found = normalise(poses, (poses != 0).any((2, 3)), NTU, FRAMES["kinect-v2"])
    np.testing.assert_allclose(found, naive(poses), atol=2e-4)


def test_hands_are_centred_and_sized_but_not_turned():
    skeleton = SKELETONS["hand-22"]
    poses = np.random.default_rng(0).normal(size=(1, 4, 22, 3)).astype(np.float32)
    made = DSTANetPipeline(skeleton).prepare(Clip("c", poses, skeleton)).poses
    size = np.linalg.norm(poses[0, 0, 10] - poses[0, 0, 0])
    np.testing.assert_allclose(made, (poses - poses[0, 0, 0]) / size, atol=1e-5)


def test_a_first_person_who_comes_later_is_still_the_centre():
    poses = recording(frames=10)[:1] * 3
    poses = np.concatenate([poses, poses * 0.95])
    poses[0, :5] = 0
    clip = DSTANetPipeline(NTU).prepare(Clip("c", poses, NTU))
    np.testing.assert_allclose(clip.poses[0, 5, 0], 0, atol=1e-6)


def test_the_test_view_is_even_floor_sampling_and_a_centre_crop():
    frames = 37
    poses = np.random.default_rng(0).normal(size=(1, frames, 25, 3)).astype(np.float32)
    pipeline = DSTANetPipeline(NTU)
    prepared = pipeline.prepare(Clip("c", poses, NTU))
    view, _ = pipeline.view(collate([prepared], [0], [0]), "joint")
    chosen = [int(i * frames / 150) for i in range(150)][11:139]
    np.testing.assert_allclose(view[0, 0].numpy(), prepared.poses[0, chosen])


@pytest.mark.parametrize("stream", ["slow", "fast"])
def test_temporal_streams_are_differences_of_the_clip_before_sampling(stream):
    frames, step = 41, {"slow": 1, "fast": 2}[stream]
    poses = np.random.default_rng(0).normal(size=(1, frames, 25, 3)).astype(np.float32)
    pipeline = DSTANetPipeline(NTU)
    prepared = pipeline.prepare(Clip("c", poses, NTU))
    kept = prepared.poses[0, ::step]
    expected = np.concatenate([kept[1:] - kept[:-1], np.zeros((1, 25, 3), np.float32)])
    chosen = [int(i * len(expected) / 150) for i in range(150)][11:139]
    longer = Clip("l", np.random.default_rng(1).normal(size=(1, 90, 25, 3)), NTU)
    batch = collate([prepared, pipeline.prepare(longer)], [0, 0], [0, 1])
    view, _ = pipeline.view(batch, stream)
    np.testing.assert_allclose(view[0, 0].numpy(), expected[chosen], atol=1e-6)


def test_training_views_draw_150_and_crop_128():
    frames = 400
    poses = np.zeros((1, frames, 25, 3), np.float32)
    poses[..., 0] = np.arange(1, frames + 1)[None, :, None]
    poses[..., 1] = np.arange(25)
    batch = collate([Clip("c", poses, NTU)] * 64, [0] * 64, range(64))
    view, _ = DSTANetPipeline(NTU).view(batch, "joint", torch.Generator().manual_seed(0))
    chosen = view[:, 0, :, 0, 0].long() - 1
    assert chosen.shape == (64, 128)
    assert (chosen.diff(dim=1) > 0).all()
    span = (chosen[:, -1] - chosen[:, 0]).float().mean()
    assert 300 < span < 380  # 128 of 150 numbers drawn from 400


def test_wrong_options_name_themselves():
    with pytest.raises(LabanError, match="crop is 200, give 1 to window = 150"):
        DSTANetPipeline(NTU, crop=200)
    with pytest.raises(LabanError, match="unknown joint of skeleton kinect-v2 'spine-bas'"):
        DSTANetPipeline(NTU, origin="spine-bas").prepare(Clip("c", recording(), NTU))


def test_official_bones_replay_the_edge_list():
    """The official list in its order, each edge overwriting the joint that it ends in."""
    edges = [(0, 1), (1, 20), (2, 20), (3, 2), (4, 20), (5, 4), (6, 5), (7, 6), (8, 20), (9, 8)]
    edges += [(10, 9), (11, 10), (12, 0), (13, 12), (14, 13), (15, 14), (16, 0), (17, 16)]
    edges += [(18, 17), (19, 18), (21, 22), (22, 7), (23, 24), (24, 11)]
    pipeline = DSTANetPipeline(NTU, official_bones=True)
    clip = pipeline.prepare(Clip("c", recording()[:1], NTU))
    expected = np.zeros_like(clip.poses)
    for start, end in edges:
        expected[:, :, end] = clip.poses[:, :, end] - clip.poses[:, :, start]
    assert (expected == 0).all((0, 1, 3)).sum() == 5
    chosen = [int(i * clip.frames / 150) for i in range(150)][11:139]
    view, _ = pipeline.view(collate([clip], [0], [0]), "bone")
    np.testing.assert_allclose(view[0].numpy(), expected[:, chosen], atol=1e-6)
    with pytest.raises(LabanError, match="official_bones is about kinect-v2"):
        DSTANetPipeline(SKELETONS["hand-22"], official_bones=True)
