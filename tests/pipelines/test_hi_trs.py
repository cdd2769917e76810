"""The official loader's steps, written again one clip at a time from their description."""

import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.clip import Clip
from laban.errors import LabanError
from laban.pipelines.hi_trs import HiTRSPipeline
from laban.skeletons import SKELETONS

NTU = SKELETONS["kinect-v2"]
LENGTHS = (60, 33, 5, 1)


def recording(frames=20, persons=2, seed=0):
    return np.random.default_rng(seed).normal(size=(persons, frames, 25, 3)).astype(np.float32)


def batch(pipeline, copies=1, persons=2):
    clips = [Clip("c", recording(n, persons, seed=n), NTU) for n in LENGTHS] * copies
    return collate([pipeline.prepare(c) for c in clips], [0] * len(clips), range(len(clips)))


def test_nothing_is_normalised_and_lengths_stay():
    pipeline = HiTRSPipeline(NTU)
    clip = Clip("c", recording(), NTU)
    np.testing.assert_array_equal(pipeline.prepare(clip).poses, clip.poses)
    made = batch(pipeline)
    poses, present = pipeline.view(made, "joint")
    assert torch.equal(poses, made.poses)
    assert present.sum(2).tolist() == [[n, n] for n in LENGTHS]


def test_empty_frames_at_the_ends_are_cut_off_and_others_stay():
    poses = recording(12, persons=1)
    poses[:, [0, 1, 5, 11]] = 0
    clip = HiTRSPipeline(NTU).prepare(Clip("c", poses, NTU))
    np.testing.assert_array_equal(clip.poses, poses[:, 2:11])
    assert clip.present.tolist() == [[t != 3 for t in range(9)]]


def test_a_view_has_a_place_for_every_person():
    pipeline = HiTRSPipeline(NTU)
    poses, present = pipeline.view(batch(pipeline, persons=1), "joint+bone")
    assert poses.shape == (4, 2, 60, 25, 6)
    assert not present[:, 1].any() and (poses[:, 1] == 0).all()


def change(pose, changed, frames):
    """Which steps took a clip (M, T, V, 3) to another: (spatial, temporal)."""
    length = int(changed[0].any((-1, -2)).sum())
    if length < frames:
        for start in range(frames - length + 1):
            spatial = spatial_step(pose[:, start : start + length], changed[:, :length])
            if spatial:
                assert length >= round(0.8 * frames)
                return spatial, "trim"
        return None, "trim"
    spatial = spatial_step(pose, changed)
    return (
        (spatial, "none") if spatial else (spatial_step(pose[:, -1:], changed[:, -1:]), "between")
    )


def spatial_step(pose, changed):
    """The one step that explains a change of all frames and persons, or None."""
    if np.allclose(pose, changed, atol=1e-5):
        return "none"
    factor = (changed * pose).sum() / (pose * pose).sum()
    if np.allclose(pose * factor, changed, atol=1e-4):
        assert 0.8 <= factor <= 1.2
        return "scale"
    shift = changed - pose
    if np.allclose(shift, shift[:1, :1], atol=1e-4):
        moved = (np.abs(shift[0, 0]) > 1e-6).any(-1)
        assert moved.sum() == 5 and np.abs(shift).max() <= 0.2
        return "offset"
    matrix = np.linalg.lstsq(pose.reshape(-1, 3), changed.reshape(-1, 3), rcond=None)[0]
    if np.allclose(pose @ matrix, changed, atol=1e-3):
        assert (
            np.allclose(np.diag(matrix), 1, atol=1e-3) and np.abs(matrix - np.eye(3)).max() < 0.51
        )
        return "shear"
    return None


def test_half_of_the_clips_are_changed_by_one_step_in_space_and_one_in_time():
    pipeline = HiTRSPipeline(NTU)
    clips = [pipeline.prepare(Clip("c", recording(30, seed=n), NTU)) for n in range(400)]
    made = collate(clips, [0] * 400, range(400))
    poses, present = pipeline.view(made, "joint", torch.Generator().manual_seed(0))
    assert torch.equal(present, poses.any(-1).any(-1))
    steps = [change(a.numpy(), b.numpy(), 30) for a, b in zip(made.poses, poses, strict=True)]
    assert None not in {spatial for spatial, _ in steps}
    untouched = sum(spatial == "none" for spatial, _ in steps)
    assert all(temporal == "none" for spatial, temporal in steps if spatial == "none")
    assert 160 < untouched < 240
    for spatial in ("scale", "offset", "shear"):
        count = sum(s == spatial for s, _ in steps)
        assert 45 < count < 90
    # A trim of nothing looks like neither: round(share * 30) is 0 for a twelfth of the trims.
    between = sum(t == "between" for _, t in steps)
    trims = sum(t == "trim" for _, t in steps)
    assert 70 < between < 130 and 60 < trims < 130


@pytest.mark.parametrize("stream", ["bone", "motion"])
def test_streams_are_of_the_changed_poses(stream):
    pipeline = HiTRSPipeline(NTU)
    made = batch(pipeline, copies=8)
    joint, there = pipeline.view(made, "joint", torch.Generator().manual_seed(3))
    found, _ = pipeline.view(made, stream, torch.Generator().manual_seed(3))
    if stream == "bone":
        wanted = joint - joint[..., list(NTU.parents), :]
    else:
        wanted = torch.zeros_like(joint)
        for row, count in enumerate(there[:, 0].sum(1).tolist()):
            wanted[row, :, : count - 1] = joint[row, :, 1:count] - joint[row, :, : count - 1]
    torch.testing.assert_close(found, wanted)


def test_wrong_options_name_themselves():
    with pytest.raises(LabanError, match="persons is 0, give 1 or more"):
        HiTRSPipeline(NTU, persons=0)
    with pytest.raises(LabanError, match="trim is 1, give a share"):
        HiTRSPipeline(NTU, trim=1)


def test_whole_clips_keep_empty_frames_where_they_are():
    poses = np.random.default_rng(0).normal(size=(1, 9, 25, 3))
    poses[:, [0, 1, 4, 8]] = 0
    clip = Clip("c", poses, SKELETONS["kinect-v2"])
    for whole, frames in ((False, 6), (True, 9)):
        prepared = HiTRSPipeline(SKELETONS["kinect-v2"], whole=whole).prepare(clip)
        assert prepared.frames == frames
    np.testing.assert_array_equal(prepared.poses, clip.poses)
    assert prepared.present[0].tolist() == [t not in (0, 1, 4, 8) for t in range(9)]
