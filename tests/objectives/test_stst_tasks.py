"""STST's three losses against Eq. 16 to 18 written out, and what the encoder is shown."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from laban.batch import Batch
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.nn import Features, sinusoid
from laban.objectives import OBJECTIVES, stst_heads
from laban.objectives.stst_heads import of_every_frame
from laban.pipelines import PIPELINES, View
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["hand-22"]
ONLY = {"semantic": False, "coordinates": False, "permutation": False}


def view():
    return View(PIPELINES["general"](SKELETON, frames=9, persons=1), "joint")


def batch(clips=6, frames=9, persons=1):
    torch.manual_seed(0)
    poses = torch.randn(clips, persons, frames, 22, 3).cumsum(2)
    present = torch.ones(clips, persons, frames, dtype=torch.bool)
    labels = torch.arange(clips) % 2
    return Batch(poses, present, torch.full((clips,), frames), labels, torch.arange(clips))


def made(name="stst-tasks", encoder=None, **options):
    torch.manual_seed(0)
    encoder = encoder or ENCODERS["stst"](SKELETON, heads=(1, 1), layers=((8, 4, 1), (8, 4, 1)))
    return OBJECTIVES[name](encoder, view(), **options)


class Shown:
    """What an encoder's method was called with and gave."""

    def __init__(self, monkeypatch, encoder, method):
        self.calls, plain = [], getattr(encoder, method)

        def kept(*arguments, **named):
            given = plain(*arguments, **named)
            self.calls.append((arguments, named, given))
            return given

        monkeypatch.setattr(encoder, method, kept)


def test_semantic_tokens_are_masked_in_all_frames_and_told_by_mean_features(monkeypatch):
    """Eq. 16 over the selected alone, 80 / 10 / 10 as `selected` says."""
    masks = (torch.rand(6, 22) < 0.5, torch.rand(6, 22) < 0.3, torch.rand(6, 22) < 0.3)
    chosen, masked, other = masks[0], masks[0] & masks[1], masks[0] & masks[2] & ~masks[1]
    monkeypatch.setattr(stst_heads, "selected", lambda *_: (chosen, masked, other))
    objective = made(**(ONLY | {"semantic": True})).eval()
    encoder, heads = objective.encoder, objective.tasks
    embed, encode = (Shown(monkeypatch, encoder, name) for name in ("embed", "encode"))
    loss, logs = objective(batch(), torch.Generator().manual_seed(0))
    tokens, own = embed.calls[0][1]["tokens"], encoder.tokens.semantic
    values, total = encode.calls[0][2].values, 0.0
    for clip in range(6):
        for joint in range(22):
            same = (own == tokens[clip, joint]).all(-1)
            if masked[clip, joint]:
                assert torch.equal(tokens[clip, joint], heads.mask)
            elif other[clip, joint]:
                assert same.sum() == 1 and not same[joint]
            else:
                assert same[joint]
            if chosen[clip, joint]:
                score = heads.semantic(values[clip, 0, :, joint].mean(0)[None])[0]
                total = total - torch.log_softmax(score, 0)[joint]
    torch.testing.assert_close(loss, total / chosen.sum())
    assert logs.keys() == {"semantic", "loss"}


def test_coordinates_are_masked_by_frame_and_found_again_as_in_equation_17(monkeypatch):
    objective = made(**(ONLY | {"coordinates": True}), share=1.0).eval()
    clips = batch()
    whole, _ = objective.view(clips, torch.Generator().manual_seed(0))
    seen = Shown(monkeypatch, objective.encoder, "forward")
    loss, _ = objective(clips, torch.Generator().manual_seed(0))
    (shown, _), _, features = seen.calls[0]
    zero, same = (shown == 0).all(-1), (shown == whole).all(-1)
    assert zero.float().mean() == pytest.approx(0.8, abs=0.03)
    assert same.float().mean() == pytest.approx(0.1, abs=0.03)
    noise = (shown - whole)[~zero & ~same]
    assert noise.std() == pytest.approx(1, abs=0.1) and noise.mean() == pytest.approx(0, abs=0.1)
    total = 0.0
    for clip in range(6):
        for frame in range(9):
            said = objective.tasks.coordinates(features.values[clip, 0, frame])
            total = total + (said - whole[clip, 0, frame]).square().sum()
    torch.testing.assert_close(loss, total / (6 * 9 * 22))


def test_the_shipped_coordinate_task_judges_all_joints_by_absolute_errors(monkeypatch):
    objective = made(**(ONLY | {"coordinates": True}), shipped=True).eval()
    clips, kinds = batch(), torch.zeros(2)
    whole, _ = objective.view(clips, torch.Generator().manual_seed(0))
    seen = Shown(monkeypatch, objective.encoder, "forward")
    for seed in range(20):
        loss, _ = objective(clips, torch.Generator().manual_seed(seed))
        (shown, _), _, features = seen.calls[-1]
        whole, _ = objective.view(clips, torch.Generator().manual_seed(seed))
        zero, moved = (shown == 0).all(-1), (shown != whole).any(-1)
        moved &= ~zero
        assert torch.equal(zero, zero[:1].expand_as(zero))  # one draw for the batch
        offsets = (shown - whole)[moved]
        torch.testing.assert_close(offsets, offsets[:, :1].expand(-1, 3), atol=1e-5, rtol=0)
        assert offsets.abs().max() <= 0.5 and offsets.abs().max() > 0.3
        kinds += torch.stack((zero.float().mean(), moved.float().mean())) / 20
        said = objective.tasks.coordinates(features.values)
        torch.testing.assert_close(loss, (said - whole).abs().mean())
    assert kinds[0] == pytest.approx(0.1, abs=0.02) and kinds[1] == pytest.approx(0.1, abs=0.02)


def test_coordinates_that_were_not_selected_do_not_count(monkeypatch):
    """A head that finds nothing pays for the selected alone, here those that are not there."""
    objective = made(**(ONLY | {"coordinates": True}), share=0.3).eval()
    for parameter in objective.tasks.coordinates.out.parameters():
        nn.init.zeros_(parameter)
    clips = batch(clips=40)
    whole, _ = objective.view(clips, torch.Generator().manual_seed(1))
    seen = Shown(monkeypatch, objective.encoder, "forward")
    loss, _ = objective(clips, torch.Generator().manual_seed(1))
    changed = (seen.calls[0][0][0] != whole).any(-1)
    far = whole.square().sum(-1)
    assert changed.float().mean() == pytest.approx(0.27, abs=0.02)
    torch.testing.assert_close(loss, far[changed].mean(), rtol=0.05, atol=0)
    clips.present[20:] = False
    one, _ = objective(clips, torch.Generator().manual_seed(1))
    assert one > 0 and one != loss


def test_the_order_of_three_segments_is_told_as_in_equation_18(monkeypatch):
    objective = made(**(ONLY | {"permutation": True})).eval()
    clips = batch(clips=30)
    whole, _ = objective.view(clips, torch.Generator().manual_seed(0))
    seen = Shown(monkeypatch, objective.encoder, "forward")
    loss, _ = objective(clips, torch.Generator().manual_seed(0))
    (shown, _), _, features = seen.calls[0]
    total, ways = 0.0, list(itertools.permutations(range(3)))
    for clip in range(30):
        parts = whole[clip].split(3, 1)
        made_ = [torch.equal(torch.cat([parts[k] for k in way], 1), shown[clip]) for way in ways]
        assert sum(made_) == 1
        score = objective.tasks.permutation(features.values[clip].mean((0, 1, 2))[None])[0]
        total = total - torch.log_softmax(score, 0)[made_.index(True)]
    torch.testing.assert_close(loss, total / 30)


def test_the_joint_loss_is_recognition_s_and_a_fifth_of_each_task():
    objective = made("recognition+stst-tasks", classes=2).eval()
    clips = batch()
    loss, logs = objective(clips, torch.Generator().manual_seed(0))
    poses, present = objective.view(clips, torch.Generator().manual_seed(0))
    recognised = F.cross_entropy(objective.model(poses, present), clips.labels)
    tasks = logs["semantic"] + logs["coordinates"] + logs["permutation"]
    torch.testing.assert_close(loss, recognised + 0.2 * tasks)
    assert {"accuracy", "loss"} < logs.keys()


def test_heads_change_no_score_and_copy_no_encoder():
    plain = made("recognition", classes=2)
    joint = made("recognition+stst-tasks", classes=2)
    joint.load_state_dict(plain.state_dict(), strict=False)
    clips = batch()
    assert torch.equal(plain.eval().scores(clips), joint.eval().scores(clips))
    spare = joint.state_dict().keys() - plain.state_dict().keys()
    assert spare and all(name.startswith("tasks.") for name in spare)


def test_strided_features_stand_for_the_frames_that_they_cover():
    values, there = torch.randn(2, 1, 3, 4, 8), torch.rand(2, 1, 3, 4) < 0.5
    found, present = of_every_frame(Features(values, there), 9)
    for frame in range(9):
        code = sinusoid(torch.tensor([frame % 3]), 8)[0]
        torch.testing.assert_close(found[:, :, frame], values[:, :, frame // 3] + code)
        assert torch.equal(present[:, :, frame], there[:, :, frame // 3])
    short, _ = of_every_frame(Features(values, there), 8)  # frames 0-2, 3-5 and 6-7
    torch.testing.assert_close(short[:, :, 6], values[:, :, 2] + sinusoid(torch.tensor([0]), 8)[0])
    assert of_every_frame(Features(values, there), 3)[0] is values


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ONLY, "all of STST's tasks are off"),
        ({"share": 0.0}, "share is 0.0"),
        ({"segments": 1}, "segments 1: give a share above 0, and 2 to 6 segments"),
    ],
)
def test_wrong_options_name_themselves(options, message):
    with pytest.raises(LabanError, match=message):
        made(**options)


def test_hi_trs_s_level_decides_what_it_can_be_asked():
    def hi_trs(level):
        small = {"width": 8, "depth": 1, "heads": 1, "head_width": 4}
        return ENCODERS["hi-trs"](SKELETON, level=level, **small)

    with pytest.raises(LabanError, match="level clip have no joints"):
        made(encoder=hi_trs("clip"), **(ONLY | {"coordinates": True}))
    with pytest.raises(LabanError, match="level frame know no order"):
        made(encoder=hi_trs("frame"), **(ONLY | {"permutation": True}))
    objective = made(encoder=hi_trs("frame"), **(ONLY | {"coordinates": True}))
    assert objective(batch(), torch.Generator().manual_seed(0))[0] > 0
