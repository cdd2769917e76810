"""The official steps, written again one frame at a time from their description."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from laban.batch import collate
from laban.clip import Clip
from laban.errors import LabanError
from laban.pipelines.pstl import PSTLPipeline, faced, resized
from laban.skeletons import SKELETONS

NTU = SKELETONS["kinect-v2"]


def recording(seed=0, frames=37, persons=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(persons, frames, 25, 3)).astype(np.float32).cumsum(1)


@pytest.mark.parametrize("frames", [1, 2, 23, 50, 137])
def test_resizing_is_bilinear_with_half_pixel_centres(frames):
    poses = recording(frames=frames)
    found, present = resized(poses, np.ones((2, frames), bool), 50)
    flat = torch.from_numpy(poses).transpose(1, 3).flatten(0, 2)[None]
    wanted = F.interpolate(flat, size=50, mode="linear", align_corners=False)
    wanted = wanted.view(2, 3, 25, 50).permute(0, 3, 2, 1)
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert present.all()


def test_absent_frames_are_not_blended_in():
    poses, present = recording(frames=4, persons=1), np.array([[True, False, True, False]])
    poses = np.where(present[..., None, None], poses, 0)
    found, there = resized(poses, present, 8)
    # Targets lie at -0.25 (held at 0), 0.25, 0.75, ..., 3.25 (held at 3).
    assert there[0].tolist() == [True, True, True, True, True, True, True, False]
    np.testing.assert_allclose(found[0, 2], poses[0, 0])
    np.testing.assert_allclose(found[0, 3], poses[0, 2])
    assert (found[0, 7] == 0).all()


def test_every_frame_is_turned_until_its_shoulders_lie_along_x():
    poses = recording() - recording()[:, :, 20:21]
    found = faced(poses, np.ones((2, 37), bool), (4, 8))
    across = found[:, :, 8] - found[:, :, 4]
    np.testing.assert_allclose(across[..., 2], 0, atol=1e-4)
    assert (across[..., 0] > 0).all()
    np.testing.assert_array_equal(found[..., 1], poses[..., 1])
    lengths = np.linalg.norm(poses[..., [0, 2]], axis=-1)
    np.testing.assert_allclose(np.linalg.norm(found[..., [0, 2]], axis=-1), lengths, rtol=1e-4)


def test_one_side_is_the_official_angle():
    poses = recording()
    found = faced(poses, np.ones((2, 37), bool), (4, 8), one_side=True)
    for body, turned in zip(poses.astype(np.float64), found, strict=True):
        line = body[:, 8] - body[:, 4]
        for t in range(37):
            x, z = line[t, 0], line[t, 2]
            angle = np.arccos(x / (np.hypot(x, z) + 1e-4))
            angle = -angle if line[:, 2].sum() >= 0 else angle
            cos, sin = np.cos(angle), np.sin(angle)
            turn = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
            np.testing.assert_allclose(turned[t], body[t] @ turn.T, atol=1e-4)


def test_preparation_centres_every_body_in_every_frame():
    prepared = PSTLPipeline(NTU).prepare(Clip("c", recording(), NTU))
    assert prepared.poses.shape == (2, 50, 25, 3)
    np.testing.assert_allclose(prepared.poses[:, :, 20], 0, atol=1e-6)


def test_listed_bodies_are_the_first_two_of_each_frame():
    poses = recording(persons=3)
    poses[0, 20:] = 0
    listed = PSTLPipeline(NTU, listed=True).prepare(Clip("c", poses, NTU))
    packed = np.stack([np.concatenate((poses[0, :20], poses[1, 20:])), poses[1].copy()])
    packed[1, 20:] = poses[2, 20:]
    wanted = PSTLPipeline(NTU, listed=True).prepare(Clip("w", packed, NTU))
    np.testing.assert_array_equal(listed.poses, wanted.poses)


def view_of(pipeline, seed, stream="joint", clips=8):
    prepared = [pipeline.prepare(Clip("c", recording(0), NTU)) for _ in range(clips)]
    batch = collate(prepared, range(clips), range(clips))
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    return pipeline.view(batch, stream, generator)[0], batch


def test_clips_have_their_own_draws_or_one_a_batch():
    poses, _ = view_of(PSTLPipeline(NTU), 3)
    assert len({float(body[0, 9, 3, 1]) for body in poses}) == 8
    poses, _ = view_of(PSTLPipeline(NTU, one_draw=True), 3)
    assert all(torch.equal(body, poses[0]) for body in poses)


def test_a_view_is_a_shifted_slanted_and_turned_clip_whose_sides_may_be_swapped():
    pipeline = PSTLPipeline(NTU)
    poses, batch = view_of(pipeline, 3)
    padded = torch.cat(
        (batch.poses[:, :, :8].flip(2), batch.poses, batch.poses[:, :, -8:].flip(2)), 2
    )
    swaps = 0
    for row in range(8):
        fits = []
        for swapped in (False, True):
            source = padded[row][:, :, list(NTU.mirror)] if swapped else padded[row]
            for start in range(17):
                flat = source[:, start : start + 50].reshape(-1, 3)
                linear = torch.linalg.lstsq(flat, poses[row].reshape(-1, 3)).solution
                off = (flat @ linear - poses[row].reshape(-1, 3)).abs().max()
                fits += [swapped] if off < 1e-2 else []
        assert len(fits) == 1
        swaps += fits[0]
    assert 0 < swaps < 8


def test_joint_and_bone_are_moved_as_one():
    pipeline = PSTLPipeline(NTU)
    both, _ = view_of(pipeline, 3, "joint+bone")
    joint, _ = view_of(pipeline, 3, "joint")
    bone, _ = view_of(pipeline, 3, "bone")
    torch.testing.assert_close(both, torch.cat((joint, bone), -1))


def test_without_augmentation_training_sees_what_the_test_sees():
    pipeline = PSTLPipeline(NTU, augment=False)
    assert torch.equal(view_of(pipeline, 3)[0], view_of(pipeline, None)[0])


def test_clips_and_options_that_cannot_be_used():
    with pytest.raises(LabanError, match="clip flat has 2 channels, pipeline pstl takes x y z"):
        PSTLPipeline(NTU).prepare(Clip("flat", np.ones((1, 5, 25, 2)), NTU))
    with pytest.raises(LabanError, match="frames is 0, give 1 or more"):
        PSTLPipeline(NTU, frames=0)
    with pytest.raises(LabanError, match="swap 2.0"):
        PSTLPipeline(NTU, swap=2.0)
