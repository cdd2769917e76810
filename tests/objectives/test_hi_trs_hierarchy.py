"""Hi-TRS's losses against Eq. 5 to 7 written out, clip by clip and person by person."""

import pytest
import torch
import torch.nn.functional as F

from laban.batch import Batch
from laban.draws import Draws
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.nn import Features, sliding_windows
from laban.objectives import OBJECTIVES, hi_trs_hierarchy
from laban.objectives.corruption import selected
from laban.objectives.hi_trs_hierarchy import masked_poses, windows_at
from laban.pipelines import PIPELINES, View
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["hand-22"]
TASKS = ("spatial", "clip", "video", "future")
SMALL = {"width": 8, "depth": 1, "heads": 2, "head_width": 4, "dropout": 0.0}
LENGTHS = (40, 26, 33, 12)


def batch():
    """Two persons in the first and the third clip, one of them there for a while."""
    torch.manual_seed(0)
    poses = torch.randn(4, 2, 40, 22, 3).cumsum(2) / 5
    present = torch.zeros(4, 2, 40, dtype=torch.bool)
    for clip, length in enumerate(LENGTHS):
        present[clip, 0, :length] = True
    present[0, 1, :40] = present[2, 1, 5:30] = True
    poses = poses * present[..., None, None]
    return Batch(poses, present, torch.tensor(LENGTHS), torch.zeros(4).long(), torch.arange(4))


def made(*tasks, level="video", **options):
    torch.manual_seed(0)
    encoder = ENCODERS["hi-trs"](SKELETON, level=level, **SMALL)
    view = View(PIPELINES["hi-trs"](SKELETON, changed=0.0), "joint")
    chosen = {task: task in tasks for task in TASKS} if tasks else {}
    return OBJECTIVES["hi-trs-hierarchy"](encoder, view, **chosen, **options)


def seen_masks(monkeypatch):
    kept = []

    def keeps(*arguments, **named):
        kept.append((arguments, masked_poses(*arguments, **named)))
        return kept[-1][1]

    monkeypatch.setattr(hi_trs_hierarchy, "masked_poses", keeps)
    return kept


@pytest.mark.parametrize("distance", ["l1", "smooth"])
def test_the_spatial_loss_is_equation_5(distance, monkeypatch):
    objective, kept = made("spatial", distance=distance), seen_masks(monkeypatch)
    clips = batch()
    loss, logs = objective(clips, torch.Generator().manual_seed(0))
    (poses, present, (chosen, _, _), _), broken = kept[0]
    said, total, count = objective.spatial(objective.encoder.frames(broken, present).values), 0.0, 0
    for clip, person, frame, joint in chosen.nonzero().tolist():
        if present[clip, person, frame]:
            off = said[clip, person, frame, joint] - poses[clip, person, frame, joint]
            if distance == "l1":
                total = total + off.abs().sum()
            else:
                off = (10 * off).abs()
                total = total + torch.where(off < 1, off**2 / 2, off - 0.5).mean()
            count += 1
    assert count > 300
    torch.testing.assert_close(loss, total / count)
    assert logs.keys() == {"spatial", "loss"}


def test_masked_joints_are_anywhere_and_others_come_from_their_own_person():
    torch.manual_seed(0)
    poses, present = torch.randn(6, 2, 30, 22, 3), torch.rand(6, 2, 30) < 0.8
    poses = poses * present[..., None, None]
    draws = [Draws(torch.Generator().manual_seed(n), torch.arange(6)) for n in range(2)]
    chosen, masked, other = selected(draws[0].uniform(2, 30, 22), 0.5)
    broken = masked_poses(poses, present, (chosen, masked, other), draws[1])
    there = present[..., None].expand_as(chosen)
    assert torch.equal(broken[~masked & ~other], poses[~masked & ~other])
    assert (broken[~there] == 0).all()
    for clip in range(6):
        real = poses[clip][there[clip]]
        new = broken[clip][masked[clip] & there[clip]]
        low, high = real.amin(0), real.amax(0)
        assert (new >= low).all() and (new <= high).all()
        share = ((new - low) / (high - low)).mean(0)
        torch.testing.assert_close(share, torch.full((3,), 0.5), atol=0.06, rtol=0)
    for clip, person, frame, joint in (other & there).nonzero().tolist():
        found = (poses[clip, person] == broken[clip, person, frame, joint]).all(-1).nonzero()
        assert len(found) == 1 and int(found[0, 1]) != joint
    ones = masked_poses(poses, present, (chosen, masked, other), draws[1], ones=True)
    assert (ones[masked & there] == 1).all()


def test_windows_of_any_start_are_those_of_the_sliding_cut():
    windows = (7, 2, 1)
    cut, exists = sliding_windows(torch.tensor([9, 20]), 20, windows)
    for clip, length in enumerate((9, 20)):
        assert exists[clip, :length].all() and not exists[clip, length:].any()
        for start in range(length):
            one = windows_at(torch.tensor([start]), torch.tensor([length]), windows)
            assert torch.equal(one[0], cut[clip, start])


def order_loss(head, right, wrong):
    """Eq. 6."""
    yes, no = torch.sigmoid(head(right)), torch.sigmoid(head(wrong))
    return -(torch.log(yes) + torch.log(1 - no)).squeeze()


def test_the_clip_loss_is_equation_6(monkeypatch):
    objective, kept = made("clip"), seen_masks(monkeypatch)
    encoder, calls = objective.encoder, []
    plain = encoder.clips
    monkeypatch.setattr(encoder, "clips", lambda *a: calls.append((a, plain(*a))) or calls[-1][1])
    clips = batch()
    loss, _ = objective(clips, torch.Generator().manual_seed(0))
    (_, numbers, _), found = calls[0]
    broken, total, count = kept[0][1], 0.0, 0
    for clip in range(4):
        whole, other = numbers[clip].tolist()
        assert sorted(whole) == sorted(other)
        swapped = [place for place in range(7) if whole[place] != other[place]]
        assert len(swapped) in (0, 2)
        for person in range(2):
            shown = [
                [torch.zeros(22, 3) if f < 0 else broken[clip, person, f] for f in frames]
                for frames in (whole, other)
            ]
            if not found.present[clip, person, 0, 0]:
                continue
            if all(torch.equal(one, two) for one, two in zip(*shown, strict=True)):
                continue
            tokens = found.values[clip, person, :, 0]
            total, count = total + order_loss(objective.clip, *tokens), count + 1
    assert count >= 4
    torch.testing.assert_close(loss, total / count)


def test_video_and_future_losses_are_equations_6_and_7(monkeypatch):
    objective = made("video", "future")
    encoder, calls = objective.encoder, []
    plain = encoder.clips
    monkeypatch.setattr(encoder, "clips", lambda *a: calls.append(plain(*a)) or calls[-1])
    videos, video = [], encoder.video
    monkeypatch.setattr(encoder, "video", lambda x: videos.append(x) or video(x))
    _, logs = objective(batch(), torch.Generator().manual_seed(0))
    values, there = calls[0].values[:, :, :, 0], calls[0].present[..., 0]
    shown = videos[0].values[4:, :, :, 0]
    orders, said, truth = [], [], []
    for clip in range(4):
        for person in range(2):
            exist = there[clip, person].nonzero()[:, 0].tolist()
            if len(exist) < 3:
                continue
            past, last = exist[:-1], exist[-1]
            two = [
                k for k in past if not torch.equal(shown[clip, person, k], values[clip, person, k])
            ]
            assert len(two) == 2  # exchanged
            order = list(range(there.shape[2]))
            order[two[0]], order[two[1]] = two[1], two[0]
            assert torch.equal(shown[clip, person], values[clip, person, order])

            def token(columns, order, clip=clip, person=person):
                seen = torch.zeros(1, 1, there.shape[2], 1, dtype=torch.bool)
                seen[..., columns, 0] = True
                rows = values[clip, person, order][None, None, :, None]
                return video(Features(rows, seen)).values[0, 0, 0, 0]

            same = token(past, list(range(there.shape[2])))
            orders.append(order_loss(objective.video, same, token(past, order)))
            said.append(F.normalize(objective.future(same), dim=0))
            truth.append(F.normalize(values[clip, person, last], dim=0))
    assert len(orders) == 5  # the last clip is too short
    torch.testing.assert_close(logs["video"], torch.stack(orders).mean())
    total = 0.0
    for i, one in enumerate(said):
        near = torch.exp(one @ truth[i] / 0.07)
        total = total - torch.log(near / sum(torch.exp(one @ other / 0.07) for other in truth))
    torch.testing.assert_close(logs["future"], total / len(said), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(logs["loss"], logs["video"] + logs["future"])


def test_the_truth_of_the_future_has_no_gradient():
    objective = made("future")
    said = torch.randn(3, 16, requires_grad=True)
    truth = torch.randn(3, 16, requires_grad=True)
    objective._future(said, truth).backward()
    assert said.grad is not None and truth.grad is None


def test_all_tasks_are_summed_and_each_can_be_switched():
    whole = made()
    _, logs = whole(batch(), torch.Generator().manual_seed(0))
    torch.testing.assert_close(logs["loss"], sum(logs[task] for task in TASKS))
    for task in TASKS:
        part = made(task)
        assert not part.load_state_dict(whole.state_dict(), strict=False).missing_keys
        _, one = part(batch(), torch.Generator().manual_seed(0))
        assert one.keys() == {task, "loss"}
        torch.testing.assert_close(one[task], logs[task], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("task", "above"), [("spatial", ("clip", "whole")), ("clip", ("whole",))])
def test_levels_that_nothing_teaches_keep_their_weights(task, above):
    objective = made(task)
    loss, _ = objective(batch(), torch.Generator().manual_seed(0))
    loss.backward()
    for name, parameter in objective.named_parameters():
        kept = name.split(".")[1] in above and name.startswith("encoder.")
        assert parameter.requires_grad != kept
        assert (parameter.grad is None) == kept, name


def test_what_pads_a_batch_changes_nothing():
    clips = batch()
    parts = []
    for rows in ([0, 2], [1, 3], [3]):
        longest = max(LENGTHS[row] for row in rows)
        part = Batch(**{name: value[rows] for name, value in vars(clips).items()})
        part.poses, part.present = part.poses[:, :, :longest], part.present[:, :, :longest]
        parts.append(part)
    objective = made("spatial")
    for small in parts[1:]:
        kept = []
        for one in (clips, small):
            generator = torch.Generator().manual_seed(0)
            poses, present = objective.view(one, generator)
            draws = Draws(generator, one.keys), Draws(generator, one.keys)
            chosen = selected(
                hi_trs_hierarchy.person_draws(draws[0], *poses.shape[1:4]), objective.share
            )
            kept.append(masked_poses(poses, present, chosen, draws[1]))
        assert torch.equal(kept[0][small.keys][:, :, : kept[1].shape[2]], kept[1])


def test_clips_too_short_for_a_task_leave_it_at_zero():
    clips = batch()
    clips.present[:, :, 8:] = False
    objective = made("spatial", "video", "future", share=0.0)
    loss, logs = objective(clips, torch.Generator().manual_seed(0))
    assert loss == 0 and len(logs) == 4 and all(value == 0 for value in logs.values())
    loss.backward()
    assert all(p.grad.isfinite().all() for p in objective.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "clip"}, "ends at level clip and a task needs level video"),
        ({"apart": 0}, "apart 0"),
        ({"temperature": 0.0}, "temperature 0.0"),
        ({"masked": "zeros"}, "unknown masked of objective hi-trs-hierarchy 'zeros'"),
        (dict.fromkeys(TASKS, False), "all tasks are off"),
    ],
)
def test_wrong_options_name_themselves(options, message):
    with pytest.raises(LabanError, match=message):
        made(**options)
