import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from laban import sampling
from laban.draws import Draws

LENGTHS = torch.tensor([1, 7, 150, 149, 151, 600])


def draws(seed=0, count=6):
    return Draws(torch.Generator().manual_seed(seed), torch.arange(count))


def test_uniform_is_the_floor_of_even_steps():
    chosen = sampling.uniform_frames(LENGTHS, 150)
    for row, frames in zip(chosen.tolist(), LENGTHS.tolist(), strict=True):
        assert row == [math.floor(i * frames / 150) for i in range(150)]


def test_linear_keeps_both_ends():
    chosen = sampling.linear_frames(LENGTHS, 64)
    assert (chosen[:, 0] == 0).all()
    assert torch.equal(chosen[:, -1], LENGTHS - 1)
    assert (chosen.diff(dim=1) >= 0).all()


def test_random_frames_are_a_sorted_subset_without_replacement():
    chosen = sampling.random_frames(LENGTHS, 150, draws())
    assert chosen.shape == (6, 150)
    assert (chosen.diff(dim=1) >= 0).all()
    for row, frames in zip(chosen.tolist(), LENGTHS.tolist(), strict=True):
        most = math.ceil(150 / frames)
        assert max(row) < frames
        assert max(row.count(frame) for frame in set(row)) <= most
    assert chosen[2].tolist() == list(range(150))
    assert not torch.equal(chosen, sampling.random_frames(LENGTHS, 150, draws(1)))


def test_random_frames_choose_every_frame_alike():
    frames = torch.full((4000,), 10)
    chosen = sampling.random_frames(frames, 4, draws(count=4000))
    share = torch.bincount(chosen.flatten(), minlength=10) / chosen.numel()
    assert (share - 0.1).abs().max() < 0.01


@pytest.mark.parametrize("jitter", [True, False])
def test_windows_lie_inside_and_cover_their_share(jitter):
    frames = torch.full((500,), 100)
    chosen = sampling.random_window(frames, 40, draws(count=500), shortest=0.5, jitter=jitter)
    assert chosen.min() >= 0 and chosen.max() <= 99
    assert (chosen.diff(dim=1) >= 0).all()
    span = (chosen[:, -1] - chosen[:, 0]).float()
    assert span.min() >= 45 and span.max() <= 99 and span.max() - span.min() > 30
    short = sampling.random_window(LENGTHS[:2], 40, draws(count=2), shortest=0.5)
    assert (short < LENGTHS[:2, None]).all()


def test_crops():
    chosen = torch.arange(150).repeat(300, 1)
    crop = sampling.random_crop(chosen, 128, draws(count=300))
    assert torch.equal(crop, crop[:, :1] + torch.arange(128))
    assert set(crop[:, 0].tolist()) == set(range(23))
    assert sampling.centre_crop(chosen, 128)[0].tolist() == list(range(11, 139))
    assert sampling.centre_crop(chosen, 200).shape == (300, 150)
    assert sampling.random_crop(chosen, 200, draws(count=300)).shape == (300, 150)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=5), st.floats(0, 0.9), st.integers(0, 99))
def test_a_trim_is_a_stretch_of_the_clip(lengths, most, seed):
    frames = torch.tensor(lengths)
    chosen, length = sampling.random_trim(frames, 50, draws(seed, len(lengths)), most=most)
    assert (length >= torch.ceil(frames * (1 - most) - 0.501)).all() and (length <= frames).all()
    assert (chosen >= 0).all() and (chosen[:, -1] < frames).all()
    for row, count in zip(chosen.tolist(), length.tolist(), strict=True):
        wanted = [row[0] + min(place, count - 1) for place in range(50)]
        assert row == wanted


def test_trims_reach_both_ends_and_every_length():
    frames = torch.full((3000,), 20)
    chosen, length = sampling.random_trim(frames, 20, draws(count=3000), most=0.2)
    found = set(zip(length.tolist(), chosen[:, 0].tolist(), strict=True))
    assert found == {(20 - gone, start) for gone in range(5) for start in range(gone + 1)}
    assert abs((length < 20).float().mean() - 7 / 8) < 0.02  # below 0.5 of 4 frames goes none


def test_take_frames_gathers_each_clip_by_its_own():
    poses, present = torch.randn(3, 2, 9, 4, 3), torch.rand(3, 2, 9) > 0.3
    chosen = torch.randint(0, 9, (3, 5))
    taken, there = sampling.take_frames(poses, present, chosen)
    for b in range(3):
        torch.testing.assert_close(taken[b], poses[b][:, chosen[b]])
        assert torch.equal(there[b], present[b][:, chosen[b]])


def test_a_window_that_leaves_the_clip_sees_it_backwards():
    chosen = sampling.random_reflected(12, draws(count=500), share=1 / 6)
    padded = [1, 0, *range(12), 11, 10]
    windows = [padded[start : start + 12] for start in range(5)]
    counts = [sum(row == window for row in chosen.tolist()) for window in windows]
    assert sum(counts) == 500
    assert min(counts) > 60
