"""Hi-TRS against its levels written by hand, a window at a time."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from laban.encoders import HiTRS
from laban.encoders.hi_trs_levels import between_frames
from laban.errors import LabanError
from laban.nn import Classifier, sinusoid
from laban.skeletons import SKELETONS, Skeleton

KINECT = SKELETONS["kinect-v2"]
SMALL = {"width": 8, "heads": 2, "head_width": 4, "dropout": 0.0, "longest": 40}


def close(got, wanted):
    scale = max(1.0, float(wanted.detach().abs().max()))
    torch.testing.assert_close(got, wanted, atol=2e-5 * scale, rtol=1e-4)


def make(skeleton=KINECT, **options):
    """An encoder whose codes and tokens are away from their start."""
    encoder = HiTRS(skeleton, **(SMALL | options)).eval()
    for parameter in encoder.parameters():
        nn.init.normal_(parameter, 0, 0.4)
    return encoder


def size(module):
    return sum(p.numel() for p in module.parameters())


def test_size_is_that_of_the_official_tensors():
    file = np.load(Path(__file__).parents[1] / "golden" / "hi-trs.npz")
    pretraining = ("s_pose_reg", "c_motion_cls", "v_motion_cls", "v_ft_reg")
    official = sum(
        int(np.prod(entry["shape"]))
        for entry in json.loads(bytes(file["tensors"]))
        if not entry["name"].startswith(pretraining)
    )
    ours = size(Classifier(HiTRS(KINECT, depth=3), 60))
    assert ours == official == 6_948_668
    # With the heads of pre-training it has the 7.08 million of the official class.
    heads = (128 * 3 + 3) + (256 * 2 + 2) + (512 * 2 + 2) + (512 * 256 + 256)
    assert round((ours + heads) / 1e6, 2) == 7.08
    layers = [
        4 * w * 512 + 2 * w * h + h + w + 4 * w for w, h in ((128, 128), (256, 128), (512, 256))
    ]
    assert ours - size(Classifier(HiTRS(KINECT), 60)) == sum(layers)


def test_codes_start_as_sinusoids():
    encoder = HiTRS(KINECT)
    close(encoder.frame.code, sinusoid(torch.arange(25), 128))
    close(encoder.clip.code[3, 7, :128], sinusoid(torch.tensor(7), 128))
    close(encoder.clip.code[3, 7, 128:], sinusoid(torch.tensor(3), 128))
    close(encoder.whole.code, sinusoid(torch.arange(200), 512))


def test_a_joint_of_a_clip_sees_other_frames_itself_and_the_token():
    mask = between_frames(3, 4, torch.device("cpu"))
    for i in range(13):
        for j in range(13):
            same_frame = i < 12 and j < 12 and i // 4 == j // 4
            assert mask[i, j] == (i == j or not same_frame)


def naive(encoder, poses, starts, there=None):
    """(T, V, C) of one person -> (1, D): every window encoded by itself, from its own frames."""
    frames, joints = poses.shape[:2]
    there = [True] * frames if there is None else there
    count, dilation, _ = encoder.windows
    tokens = []
    for start in starts:
        window, keys, real = [], [], []
        for number in (start + i * dilation for i in range(count)):
            inside = 0 <= number < frames
            window.append(poses[number] if inside else torch.zeros_like(poses[0]))
            keys.append(not inside or there[number])
            real.append(inside and there[number])
        x = encoder.frame(torch.stack(window), encoder.frame.code)
        seen = torch.tensor(keys).repeat_interleave(joints)
        seen = between_frames(count, joints, poses.device) & torch.cat((seen, torch.tensor([True])))
        if any(real):
            clip = x.flatten(0, 1)[None]
            tokens.append(encoder.clip(clip, encoder.clip.code.flatten(0, 1), seen[None, None]))
        else:
            tokens.append(None)
    known = [k for k, token in enumerate(tokens) if token is not None]
    x = torch.stack([tokens[k] for k in known], 1)
    return encoder.whole(x, encoder.whole.code[known])


@pytest.mark.parametrize("windows", [(7, 2, 7), (7, 2, 1), (5, 1, 3)])
def test_frames_encoded_once_are_frames_encoded_in_every_window(windows):
    encoder = make(windows=windows)
    poses = torch.randn(2, 2, 30, 25, 3)
    margin = windows[0] // 2 * windows[1]
    span = (windows[0] - 1) * windows[1]
    starts = [s for s in range(-margin, 30, windows[2]) if s + span < 30 + margin]
    got = encoder(poses).values
    for clip in range(2):
        for person in range(2):
            close(got[clip, person, 0], naive(encoder, poses[clip, person], starts))


def test_frames_without_a_person_are_seen_by_nobody():
    encoder, poses = make(), torch.randn(1, 2, 40, 25, 3)
    present = torch.ones(1, 2, 40, dtype=torch.bool)
    present[0, 0, 3:5] = False
    present[0, 0, 15:36] = False
    starts = range(-6, 40 - 12 + 6, 7)
    wanted = naive(encoder, poses[0, 0], starts, present[0, 0].tolist())
    close(encoder(poses, present).values[0, 0, 0], wanted)
    close(encoder(poses, present).values[0, 1, 0], naive(encoder, poses[0, 1], starts))


def test_a_clip_ends_with_its_last_frame_with_anybody():
    encoder, poses = make(), torch.randn(2, 2, 40, 25, 3)
    present = torch.zeros(2, 2, 40, dtype=torch.bool)
    present[0, :, :23], present[1, 0, :9], present[1, 1, :17] = True, True, True
    got = encoder(poses, present).values
    close(got[:1], encoder(poses[:1, :, :23]).values)
    close(got[1:], encoder(poses[1:, :, :17], present[1:, :, :17]).values)


def test_zeros_for_the_absent_are_averaged_in():
    encoder = make(absent_as_zeros=True)
    poses, present = torch.randn(2, 2, 30, 25, 3), torch.ones(2, 2, 30, dtype=torch.bool)
    present[0, 1], present[1, :, 20:], present[1, 1, 4:9] = False, False, False
    zeroed = poses.masked_fill(~present[..., None, None], 0)
    got = encoder(poses, present)
    assert got.present.all()
    close(got.values[:1], encoder(zeroed[:1]).values)
    close(got.values[1:], encoder(zeroed[1:, :, :20]).values)


def test_stages_make_the_forward_pass_and_levels_are_their_outputs():
    encoder, poses = make(), torch.randn(2, 1, 20, 25, 3)
    frames = encoder.frames(poses)
    clips = encoder.clips(frames, *encoder.cut(frames))
    assert frames.values.shape == (2, 1, 20, 25, 8)
    assert clips.values.shape == (2, 1, 3, 1, 16)
    assert torch.equal(encoder.video(clips).values, encoder(poses).values)
    for level, wanted in (("frame", frames), ("clip", clips)):
        lower = HiTRS(KINECT, level=level, **SMALL).eval()
        assert lower.dim == wanted.values.shape[-1] and not hasattr(lower, "whole")
        lower.load_state_dict(
            {k: v for k, v in encoder.state_dict().items() if k in lower.state_dict()}
        )
        assert torch.equal(lower(poses).values, wanted.values)


@pytest.mark.parametrize("level", ["frame", "clip", "video"])
def test_clips_already_cut_are_the_windows_of_the_poses(level):
    encoder, poses = make(level=level), torch.randn(2, 2, 30, 25, 3)
    padded = nn.functional.pad(poses, (0, 0, 0, 0, 6, 6))
    cut = torch.stack([padded[:, :, s : s + 13 : 2] for s in range(0, 30, 7)], 2)
    got = encoder.from_clips(cut)
    if level == "frame":
        assert got.values.shape == (2, 2, 35, 25, 8)
        close(got.values[:, :, 3:7], encoder(poses).values[:, :, 0:7:2])
        return
    close(got.values, encoder(poses).values)
    present = torch.ones(2, 2, 5, dtype=torch.bool)
    present[0, :, 3:], present[1, 1] = False, False
    got = encoder.from_clips(cut, present)
    close(got.values[:1, :, :3], encoder.from_clips(cut[:1, :, :3]).values)
    close(got.values[1:, :1], encoder.from_clips(cut[1:, :1]).values)
    assert not got.present[1, 1].any() and (got.values[1, 1] == 0).all()


def test_joints_are_a_skeleton_of_their_own_with_their_codes():
    whole = make()
    part = make(Skeleton("three", ("a", "b", "c"), (0, 0, 0)))
    joints = torch.tensor([20, 3, 9])
    weights = whole.state_dict()
    weights["frame.code"] = weights["frame.code"][joints]
    weights["clip.code"] = weights["clip.code"][:, joints]
    part.load_state_dict(weights)
    poses = torch.randn(2, 1, 16, 25, 3)
    wanted = part(poses[:, :, :, joints]).values
    close(whole(poses, None, joints).values, wanted)
    more = torch.stack((torch.tensor([20, -1, 3, 9]), torch.tensor([-1, 20, 3, 9])))
    close(whole(poses, None, more).values, wanted)


def test_a_clip_without_joints_has_no_features():
    encoder, poses = make(), torch.randn(2, 1, 16, 25, 3)
    got = encoder(poses, None, torch.tensor([[1, 2], [-1, -1]]))
    assert got.present[0].all() and not got.present[1].any()
    assert (got.values[1] == 0).all() and got.values.isfinite().all()


def test_dropped_frames_move_the_place_of_a_clip():
    encoder, poses = make(), torch.randn(1, 1, 14, 25, 3)
    frames = torch.arange(14)[None].clone()
    frames[:, 8:] += 21  # as long as three clips
    x = encoder.frames(poses)
    numbers, exists = encoder.cut(x)
    clips = encoder.clips(x, numbers, exists)
    codes = []
    for k, window in enumerate(numbers[0].tolist()):
        real = [number for number in window if number >= 0]
        place = k + 3 * sum(number >= 8 for number in real) / len(real)
        low, share = int(place), place % 1
        codes.append((1 - share) * encoder.whole.code[low] + share * encoder.whole.code[low + 1])
    wanted = encoder.whole(clips.values[0, :, :, 0], torch.stack(codes))
    close(encoder(poses, None, None, frames).values[0, 0, 0], wanted)
    twice = encoder.double()(poses.double(), None, None, frames).values[0, 0, 0]
    close(twice.float(), wanted)


def test_misfits_are_refused():
    with pytest.raises(LabanError, match="unknown level of hi-trs 'clips': did you mean clip"):
        HiTRS(KINECT, level="clips")
    with pytest.raises(LabanError, match=r"windows is \(7, 0, 7\), give three numbers"):
        HiTRS(KINECT, windows=(7, 0, 7))
    with pytest.raises(LabanError, match="depth of hi-trs is 0, give 1 or more"):
        HiTRS(KINECT, depth=0)
    with pytest.raises(LabanError, match="dropout of hi-trs is 1.5, give 0 to below 1"):
        HiTRS(KINECT, dropout=1.5)
    encoder = make()
    with pytest.raises(LabanError, match="poses have 22 joints but this hi-trs was made for 25"):
        encoder(torch.randn(1, 1, 9, 22, 3))
    with pytest.raises(LabanError, match="make 41 clips but this hi-trs knows 40 places"):
        encoder(torch.randn(1, 1, 281, 25, 3))
