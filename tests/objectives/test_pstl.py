"""The three passes of PSTL: what each shows the encoder, and which losses add up."""

import pytest
import torch
from torch import nn

from laban.batch import collate
from laban.clip import Clip
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.nn import Features
from laban.objectives import OBJECTIVES
from laban.objectives.barlow_twins import redundancy_terms
from laban.pipelines import PIPELINES, View
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["kinect-v2"]


class Spy(nn.Module):
    """An encoder that keeps what it was shown."""

    dim = 3

    def __init__(self):
        super().__init__()
        self.line = nn.Linear(3, 3)
        self.shown = []

    def forward(self, poses, present, joints=None, frames=None):
        self.shown.append((poses, present, joints, frames))
        values = self.line(poses)
        return Features(values, present[..., None].expand(values.shape[:-1]))


def batch(clips=4, frames=16):
    torch.manual_seed(0)
    pipeline = PIPELINES["pstl"](SKELETON, frames=frames, persons=1)
    made = [
        pipeline.prepare(Clip(f"c{n}", torch.randn(frames, 25, 3).cumsum(0).numpy(), SKELETON))
        for n in range(clips)
    ]
    return pipeline, collate(made, [0] * clips, range(clips))


def passes(name, **options):
    pipeline, clips = batch()
    torch.manual_seed(0)
    objective = OBJECTIVES[name](Spy(), View(pipeline, "joint"), width=4, **options)
    loss, logs = objective(clips, torch.Generator().manual_seed(0))
    return objective, objective.encoder.shown, loss, logs


def test_anchor_whole_then_without_frames_then_without_joints():
    _, shown, _, _ = passes("pstl", joints=9, frames=3)
    (anchor, _, *none), (short, there, no_joints, frames), (full, _, joints, no_frames) = shown
    assert anchor.shape == full.shape == (4, 1, 16, 25, 3) and none == [None, None]
    assert short.shape == (4, 1, 10, 25, 3) and there.all() and no_joints is None
    assert frames.shape == (4, 10) and (frames.diff(dim=1) > 0).all()
    assert joints.shape == (4, 16) and no_frames is None
    assert not torch.equal(anchor, full)  # every pass has an augmentation of its own
    assert len({tuple(row) for row in joints.tolist()}) > 1


def test_views_of_native_length_that_are_all_short_lose_fewer_frames():
    """As one among longer ones does: no batch stops a training."""
    pipeline, clips = batch(frames=16)
    clips.poses, clips.present = clips.poses[:, :, :5], clips.present[:, :, :5]
    pipeline.frames = None
    pipeline.view = lambda batch, stream, generator: (batch.poses, batch.present)
    objective = OBJECTIVES["pstl"](Spy(), View(pipeline, "joint"), width=4, frames=10)
    objective(clips, torch.Generator().manual_seed(0))
    _, present, _, _ = objective.encoder.shown[1]
    assert present.any(1).sum(1).tolist() == [1] * 4


def test_the_temporal_pass_shows_the_frames_that_it_names(monkeypatch):
    """The fastest frames of the augmented view itself are gone."""
    views = []
    plain = PIPELINES["pstl"].view

    def kept(self, *arguments):
        views.append(plain(self, *arguments))
        return views[-1]

    monkeypatch.setattr(PIPELINES["pstl"], "view", kept)
    _, shown, _, _ = passes("pstl", frames=3, spatial="none")
    assert len(shown) == 2
    poses, (short, _, _, frames) = views[1][0], shown[1]
    for clip in range(4):
        assert torch.equal(short[clip, 0], poses[clip, 0, frames[clip]])
        steps = poses[clip, 0].diff(dim=0).square().sum((1, 2))
        assert not set(steps.topk(3).indices.tolist()) & set(frames[clip].tolist())


def test_the_loss_is_the_sum_of_two():
    objective, shown, loss, _ = passes("pstl", frames=3, redundancy=0.5)
    pooled = []
    for poses, _, _, _ in shown:
        embedded = objective.twins.projector(objective.encoder.line(poses).mean((1, 2, 3)))
        embedded = embedded - embedded.mean(0)
        pooled.append(embedded / embedded.square().mean(0).add(1e-5).sqrt())
    wanted = 0
    for other in pooled[1:]:
        one, two = redundancy_terms(pooled[0], other)
        wanted = wanted + one + 0.5 * two
    torch.testing.assert_close(loss, wanted, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "joints", "frames"),
    [
        ({"temporal": "none"}, 1, 0),
        ({"spatial": "none"}, 0, 1),
        ({"spatial": "random", "temporal": "random"}, 1, 1),
    ],
)
def test_rows_of_tables_2_and_3_are_options(options, joints, frames):
    _, shown, _, _ = passes("pstl", **({"frames": 3} | options))
    assert sum(one[2] is not None for one in shown) == joints
    assert sum(one[3] is not None for one in shown) == frames
    assert len(shown) == 1 + joints + frames


def test_random_masking_does_not_look_at_degree_or_motion():
    pipeline, clips = batch(64)
    view = View(pipeline, "joint")
    options = {"width": 4, "frames": 4, "joints": 1, "spatial": "random", "temporal": "random"}
    objective = OBJECTIVES["pstl"](Spy(), view, **options)
    for seed in range(30):
        objective(clips, torch.Generator().manual_seed(seed))
    rows = [one[2] for one in objective.encoder.shown if one[2] is not None]
    gone = 1 - torch.cat(rows).flatten().bincount(minlength=25) / (64 * 30)
    torch.testing.assert_close(gone, torch.full((25,), 0.04), atol=0.02, rtol=0)
    rows = [one[3] for one in objective.encoder.shown if one[3] is not None]
    kept = torch.cat(rows).flatten().bincount(minlength=16) / (64 * 30)
    torch.testing.assert_close(kept, torch.full((16,), 0.5), atol=0.05, rtol=0)


def test_one_draw_masks_all_clips_alike():
    _, shown, _, _ = passes("pstl", joints=8, frames=3, repeats=True, one_draw=True)
    assert (shown[2][2] == shown[2][2][0]).all()


def test_skeleton_bt_has_two_whole_views():
    _, shown, _, _ = passes("skeleton-bt")
    assert [one[0].shape for one in shown] == [(4, 1, 16, 25, 3)] * 2
    assert not torch.equal(shown[0][0], shown[1][0])
    assert all(one[2] is None and one[3] is None for one in shown)


def test_masked_joints_change_nothing(monkeypatch):
    """What the spatial pass says does not hang on the joints that it masks."""
    pipeline, clips = batch()
    torch.manual_seed(0)
    encoder = ENCODERS["st-gcn"](SKELETON, layers=((8, 1), (8, 2))).eval()
    objective = OBJECTIVES["pstl"](encoder, View(pipeline, "joint"), width=4, temporal="none")
    seen = []
    whole = objective.features

    def spoilt(poses, present, joints=None, frames=None):
        seen.append(whole(poses, present, joints, frames))
        if joints is not None:
            masked = torch.full_like(poses, torch.nan)
            for clip, row in enumerate(joints):
                masked[clip, :, :, row] = poses[clip, :, :, row]
            seen.append(whole(masked, present, joints, frames))
        return seen[-1]

    monkeypatch.setattr(objective, "features", spoilt)
    objective(clips, torch.Generator().manual_seed(0))
    torch.testing.assert_close(seen[1], seen[2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spatial": "none", "temporal": "none"}, "take objective skeleton-bt"),
        ({"joints": 25}, "mask 1 to 24 joints of kinect-v2"),
        ({"frames": 0}, "1 frame or more"),
        ({"frames": 8}, "masks 8 frames and 8 more of views of 16: lower objective.frames"),
        ({"spatial": "middle"}, "unknown spatial of objective pstl 'middle'"),
    ],
)
def test_wrong_options_name_themselves(options, message):
    with pytest.raises(LabanError, match=message):
        passes("pstl", **options)
