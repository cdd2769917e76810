"""Forecasting: what is cut, seen, decoded and judged, against loops written from the sentences."""

import numpy as np
import pytest
import torch
from torch import nn

from laban.batch import collate
from laban.clip import Clip
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.nn import Features
from laban.objectives.forecasting import Forecasting, known, last_feature
from laban.pipelines import PIPELINES, View
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["kinect-v2"]
PIPELINE = PIPELINES["metric"](SKELETON, turn=180.0)


class Seen(nn.Module):
    """An encoder that keeps what it was shown."""

    dim = 3

    def forward(self, poses, present):
        self.poses, self.present = poses, present
        return Features(poses[..., :3], present[..., None].expand(poses.shape[:4]))


def made(encoder=None, stream="joint", fps=25.0, **options):
    torch.manual_seed(0)
    encoder = encoder or ENCODERS["st-gcn"](SKELETON, layers=((8, 1), (8, 2)), dropout=0.0)
    options = {"seen": 0.4, "horizons": (80, 160, 320), "width": 8} | options
    return Forecasting(encoder, View(PIPELINE, stream), fps=fps, **options)


def taught(objective):
    """With a decoder that moves joints."""
    for parameter in objective.decoder.parameters():
        nn.init.normal_(parameter, std=0.1)
    return objective.double().eval()


def batch(lengths=(18, 30, 25), persons=2, double=True):
    rng = np.random.default_rng(0)
    clips = []
    for number, frames in enumerate(lengths):
        poses = rng.normal(size=(persons, frames, 25, 3)).cumsum(1) / 20 + 2
        present = np.ones((persons, frames), bool)
        if persons > 1:
            present[1, : 5 * number] = False
        poses[:, :, 3] = 0  # which the sensor never saw
        clips.append(Clip(f"c{number}", poses * present[..., None, None], SKELETON, present))
    found = collate(clips, [-1] * len(clips), range(len(clips)))
    found.poses = found.poses.double() if double else found.poses
    return found


def test_times_are_frames_of_the_store_s_rate():
    assert (made().seen, made().ahead, made().times) == (10, 8, [2.0, 4.0, 8.0])
    objective = made(fps=30.0, seen=2.0, horizons=(80, 160, 320, 400))
    assert (objective.seen, objective.ahead, objective.window) == (60, 12, 72)
    assert objective.times == [2.4, 4.8, 9.6, 12.0]
    assert made(fps=60.0, horizons=(80, 90)).ahead == 6


def test_windows_lie_anywhere_in_a_clip_and_never_outside():
    objective, clips = made(), batch()
    assert objective.starts(clips, None).tolist() == [0, 6, 3]
    drawn = torch.stack(
        [objective.starts(clips, torch.Generator().manual_seed(n)) for n in range(200)]
    )
    assert drawn.min(0).values.tolist() == [0, 0, 0]
    assert drawn.max(0).values.tolist() == [0, 12, 7]
    window = objective.cut(clips, torch.tensor([0, 5, 7]))
    for row, start in enumerate([0, 5, 7]):
        assert torch.equal(window.poses[row], clips.poses[row, :, start : start + 18])
        assert torch.equal(window.present[row], clips.present[row, :, start : start + 18])


def test_a_short_clip_among_long_ones_is_judged_where_it_is():
    clips = batch((12, 30))
    window = made().cut(clips, torch.tensor([0, 0]))
    assert window.present[0, 0].tolist() == [True] * 12 + [False] * 6
    assert not window.poses[0, :, 12:].any()


def test_what_is_judged_was_seen_last_and_is_there_then():
    objective, clips = made(), batch()
    clips.present[0, 0, 9] = False
    clips.present[1, 0, 12] = False
    window = objective.cut(clips, torch.zeros(3, dtype=torch.long))
    poses, there = objective.truth(window.poses, window.present)
    assert poses.shape == (3, 2, 8, 25, 3) and there.shape == (3, 2, 8, 25)
    for clip in range(3):
        for person in range(2):
            for frame in range(8):
                for joint in (0, 3):
                    now = clips.present[clip, person, 10 + frame]
                    wanted = now and clips.present[clip, person, 9] and joint != 3
                    assert bool(there[clip, person, frame, joint]) == bool(wanted)


def test_the_loss_is_the_mean_distance_in_metres():
    objective, clips = taught(made()).requires_grad_(False), batch()
    loss, logs = objective(clips)
    window = objective.cut(clips, objective.starts(clips, None))
    predicted = objective.ahead_of(window.poses[:, :, :10], window.present[:, :, :10])
    total = 0.0
    for clip in range(3):
        per_frame = []
        for frame in range(8):
            lengths = [
                float((predicted[clip, m, frame, v] - window.poses[clip, m, 10 + frame, v]).norm())
                for m in range(2)
                for v in range(25)
                if v != 3 and window.present[clip, m, 9] and window.present[clip, m, 10 + frame]
            ]
            per_frame.append(sum(lengths) / len(lengths))
        total += sum(per_frame) / 8
    assert float(loss) == pytest.approx(total / 3)
    assert float(logs["mpjpe"]) == pytest.approx(1000 * total / 3)


@pytest.mark.parametrize("centred", [True, False])
def test_what_is_predicted_moves_with_what_is_seen(centred):
    """Exactly where the encoder sees it centred; a camera's place matters where it does not."""
    objective, clips = taught(made(centred=centred)), batch(persons=1)
    window = objective.cut(clips, objective.starts(clips, None))
    seen, present = window.poses[:, :, :10], window.present[:, :, :10]
    moved = (seen + torch.tensor([3.0, -1.0, 2.0])) * known(seen, present)[..., None]
    one, two = objective.ahead_of(seen, present), objective.ahead_of(moved, present)
    # What no sensor saw is a joint like any other to the decoder, and told nowhere.
    apart = (two - one) - torch.tensor([3.0, -1.0, 2.0], dtype=torch.float64)
    assert (apart.abs().max() < 1e-9) == centred


def test_the_encoder_sees_what_is_seen_around_the_first_person_s_last_place():
    encoder, clips = Seen(), batch()
    objective = made(encoder).double()
    clips.present[2, 0, 13:] = False  # so that the other one is first
    clips.poses *= clips.present[..., None, None]
    window = objective.cut(clips, torch.tensor([0, 5, 6]))
    objective.features(window.poses[:, :, :10], window.present[:, :, :10])
    root = SKELETON.index(SKELETON.spine[0])
    for clip, person in enumerate((0, 0, 1)):
        origin = window.poses[clip, person, 9, root]
        for m in range(2):
            for frame in range(10):
                pose = window.poses[clip, m, frame]
                wanted = (pose - origin) * (pose != 0).any(-1)[:, None]
                torch.testing.assert_close(encoder.poses[clip, m, frame], wanted)
    assert torch.equal(encoder.present, window.present[:, :, :10])


@pytest.mark.parametrize(("stream", "width"), [("bone", 3), ("joint+bone", 6), ("fast", 3)])
def test_any_stream_of_what_is_seen_predicts_positions(stream, width):
    clips = batch(double=False)
    encoder = ENCODERS["st-gcn"](SKELETON, channels=width, layers=((8, 1),), dropout=0.0)
    objective = made(encoder, stream)
    window = objective.cut(clips, objective.starts(clips, None))
    found = objective.ahead_of(window.poses[:, :, :10], window.present[:, :, :10])
    last = known(window.poses, window.present)[:, :, 9, :, None] * window.poses[:, :, 9]
    found = found[:, :, 0] * (last != 0)  # fresh, the decoder holds the last pose
    torch.testing.assert_close(found, last, atol=1e-5, rtol=1e-5)


def test_the_last_feature_is_the_last_one_that_exists():
    values = torch.randn(3, 2, 4, 5, 6)
    present = torch.rand(3, 2, 4, 5) < 0.5
    present[0, 0, 2:] = False
    present[1, 1] = False
    found = last_feature(Features(values, present))
    for clip in range(3):
        for person in range(2):
            frames = [t for t in range(4) if present[clip, person, t].any()]
            if not frames:
                assert not found[clip, person].any()
                continue
            t = frames[-1]
            wanted = values[clip, person, t][present[clip, person, t]].mean(0)
            torch.testing.assert_close(found[clip, person], wanted)


def test_bfloat16_does_not_round_what_is_measured():
    """Fresh, the decoder holds the last pose: to the bit, though the encoder is rounded."""
    objective, clips = made(), batch(double=False)
    window = objective.cut(clips, objective.starts(clips, None))
    with torch.autocast("cpu", torch.bfloat16):
        found = objective.ahead_of(window.poses[:, :, :10], window.present[:, :, :10])
    assert found.dtype == torch.float32
    last = window.poses[:, :, 9:10]
    assert ((found - last) * (last != 0)).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"fps": 10.0}, "have 10 frames a second, 80 ms ahead need 12.5 or more"),
        ({"fps": float("inf")}, "have inf frames a second"),
        ({"horizons": (160, 80)}, "give rising milliseconds"),
        ({"horizons": ()}, "give rising milliseconds"),
        ({"seen": 0.04}, "seen is 0.04 s, give two frames or more"),
    ],
)
def test_numbers_that_make_no_sense_are_said(options, sentence):
    with pytest.raises(LabanError, match=sentence):
        made(**options)


def test_clips_that_are_all_too_short_are_said():
    with pytest.raises(LabanError, match="clips have 12 frames or fewer, .* has 18"):
        made()(batch((12, 11)))


def test_a_pipeline_that_changes_lengths_is_refused():
    view = View(PIPELINES["general"](SKELETON), "joint")
    with pytest.raises(LabanError, match="predicts metres .* use pipeline metric"):
        Forecasting(Seen(), view, fps=30.0)
