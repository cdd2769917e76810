"""AimCLR's drop, divergence and mined neighbours, number by number."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F

import laban.objectives.aim_clr
from laban.draws import Draws
from laban.nn import Features, masked_mean
from laban.objectives.aim_clr import attention_drop, mined


def naive_drop(values, present, threshold):
    """SimAM's attention in each person's channels; joints, then numbers, that stand out go."""
    clips, persons, frames, joints, width = values.shape
    joint_stays = torch.zeros(clips, persons, joints)
    stays = torch.zeros_like(values)
    joints_there = numbers_there = 0
    for b in range(clips):
        for m in range(persons):
            there = present[b, m]
            attention = torch.zeros(frames, joints, width)
            for d in range(width):
                x = values[b, m, :, :, d]
                mean = x[there].mean()
                variance = (x[there] - mean).square().sum() / (int(there.sum()) - 1)
                attention[..., d] = (x - mean).square() / (4 * (variance + 1e-4)) + 0.5
            attention = torch.sigmoid(attention)
            stays[b, m] = ((attention < threshold) & there[..., None]).float()
            numbers_there += int(there.sum()) * width
            for v in range(joints):
                if there[:, v].any():
                    joints_there += 1
                    joint_stays[b, m, v] = float(attention[there[:, v], v].mean() < threshold)
    joint_stays = joint_stays * joints_there / joint_stays.sum()
    stays = stays * numbers_there / stays.sum()
    return values * joint_stays[:, :, None, :, None] * stays


@pytest.mark.parametrize("threshold", [0.7, 0.67])
def test_what_stands_out_is_dropped_and_the_rest_scaled_up(threshold):
    torch.manual_seed(0)
    values, present = torch.randn(3, 2, 5, 6, 4), torch.ones(3, 2, 5, 6, dtype=torch.bool)
    values[0, 0, :, 2] += 6.0
    present[1, 1, 3:] = present[2, 0, :, 4:] = False
    values = values * present[..., None]
    dropped = attention_drop(Features(values, present), threshold)
    wanted = naive_drop(values, present, threshold)
    assert (wanted == 0).sum() > (values == 0).sum()
    torch.testing.assert_close(dropped.values, wanted)
    assert dropped.present is present


def test_by_default_a_quarter_of_normal_numbers_goes_and_joints_that_move_most(made):
    """The official network's threshold, behind which |x - mean| is 1.18 spreads."""
    objective, _ = made("aim-clr")
    torch.manual_seed(0)
    values, present = torch.randn(8, 1, 12, 25, 64), torch.ones(8, 1, 12, 25, dtype=torch.bool)
    values[:, :, :, 3] *= 2.0
    dropped = attention_drop(Features(values, present), objective.threshold).values
    gone = (dropped == 0).float().mean((0, 1, 2, 4))
    assert gone[3] == 1
    further = math.erfc(math.sqrt(2 * (math.log(0.7 / 0.3) - 0.5)))
    others = torch.cat((gone[:3], gone[4:]))  # whose spread is a little below that of all
    torch.testing.assert_close(others, torch.full((24,), further), atol=0.05, rtol=0)


def test_neighbours_of_every_embedding_count():
    logits = [torch.tensor([[9.0, 1.0, 5.0, 2.0]]), torch.tensor([[9.0, 4.0, 3.0, 1.0]])]
    assert mined(logits, 1).tolist() == [[True, True, True, False]]
    assert mined(logits[:1], 2).tolist() == [[True, False, True, True]]


@pytest.mark.parametrize("epoch", [0, 5])
@pytest.mark.parametrize("drop", [True, False])
def test_the_loss_is_contrast_and_divergence(epoch, drop, made):
    objective, clips = made("aim-clr", mining=5, drop=drop)
    objective.epoch = epoch
    twin, generator = copy.deepcopy(objective), torch.Generator().manual_seed(0)
    loss, logs = objective(clips, torch.Generator().manual_seed(0))
    features = twin.encoder(*twin.extreme(clips, generator))
    shown = [features, attention_drop(features, 0.7)][: 1 + drop]
    found = [twin.projector(masked_mean(one)) for one in shown]
    found.insert(0, twin.projector(masked_mean(twin.encoder(*twin.view(clips, generator)))))
    query, *extremes = (F.normalize(one, dim=1) for one in found)
    keys = twin.key_projector(masked_mean(twin.key_encoder(*twin.view(clips, generator))))
    keys = F.normalize(keys, dim=1)

    def distribution(embedding, clip):
        rivals = [keys[clip], *twin.queue]
        parts = torch.stack([torch.exp(embedding[clip] @ one / 0.5) for one in rivals])
        return parts / parts.sum()

    contrast = divergence = 0.0
    for clip in range(4):
        target = distribution(query, clip)
        others = [distribution(one, clip) for one in extremes]
        positive = {0}
        if epoch >= 5:
            positive |= {1 + int(one[1:].argmax()) for one in (target, *others)}
        contrast = contrast - sum(torch.log(target[k]) for k in positive) / len(positive)
        for one in others:
            divergence = divergence - (target.detach() * torch.log(one)).sum() / len(others)
    torch.testing.assert_close(logs["contrast"], contrast.detach() / 4)
    torch.testing.assert_close(logs["divergence"], divergence.detach() / 4)
    torch.testing.assert_close(loss, (contrast + divergence) / 4)


def test_the_query_is_the_divergence_s_fixed_aim(made):
    objective, clips = made("aim-clr")
    _, logs = objective(clips, torch.Generator().manual_seed(0))
    # Cross-entropy of the target with anything is its entropy at least.
    entropy = 0.0
    twin, clips = made("aim-clr")
    generator = torch.Generator().manual_seed(0)
    twin.extreme(clips, generator)
    query = twin.embed(twin._features(clips, generator))
    target = twin.logits(query, twin.keys(clips, generator)).softmax(1)
    entropy = -(target * target.log()).sum(1).mean()
    assert logs["divergence"] > entropy - 1e-5 and entropy > 0
    assert logs["divergence"] < math.log(11) + 5


def test_extreme_views_keep_shape_and_differ_from_plain_ones(made):
    objective, clips = made("aim-clr")
    poses, present = objective.extreme(clips, torch.Generator().manual_seed(0))
    plain, there = objective.view(clips, torch.Generator().manual_seed(0))
    assert poses.shape == plain.shape and torch.equal(present, there)
    assert not any(torch.equal(one, two) for one, two in zip(poses, plain, strict=True))


@pytest.mark.parametrize("reverse", [True, False])
def test_extreme_views_are_changed_in_the_official_order(reverse, made, monkeypatch):
    """Each step by draws of its own; the official code has no reversal."""
    steps = ["swap", "reversal", "axis_rotation", "noise", "blur", "axis_mask"]
    gone, rows = [], []
    for step in steps:
        name = f"random_{step}"
        plain = getattr(laban.objectives.aim_clr, name)

        def seen(*given, step=step, plain=plain):
            gone.append(step)
            (draws,) = (one for one in given if isinstance(one, Draws))
            rows.append(tuple(draws._rows.tolist()))
            assert step != "noise" or given[-1] == 0.01
            return plain(*given)

        monkeypatch.setattr(laban.objectives.aim_clr, name, seen)
    objective, clips = made("aim-clr", reverse=reverse)
    objective.extreme(clips, torch.Generator().manual_seed(0))
    assert gone == [step for step in steps if reverse or step != "reversal"]
    assert len(set(rows)) == len(rows)
