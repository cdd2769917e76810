import pytest
import torch

from laban.nn import MeanMaps, Scope, mean_maps


@pytest.mark.parametrize("frames", [4, 1])
def test_the_mean_is_of_the_frames_in_which_somebody_is(frames):
    """One map for all frames counts once, whatever frames are there."""
    maps, mask = torch.randn(2, frames, 3, 5, 5), torch.ones(2, 4, 5, dtype=torch.bool)
    mask[0, 2:] = False
    mask[1, :, 3] = False
    got = mean_maps(maps, Scope(2, 1, mask=mask))[:, 0]
    for row in range(2):
        there = [t for t in range(frames) if frames == 1 or mask[row, t].any()]
        wanted = sum(maps[row, t] for t in there) / len(there)
        if row == 1:
            wanted[:, 3], wanted[:, :, 3] = 0, 0
        torch.testing.assert_close(got[row], wanted)


def test_persons_who_are_no_row_have_zeros():
    maps = torch.ones(1, 2, 3, 5, 5)
    got = mean_maps(maps, Scope(1, 2, places=torch.tensor([1])))
    assert got.shape == (1, 2, 3, 5, 5)
    assert (got[0, 0] == 0).all() and (got[0, 1] == 1).all()


def test_parts_are_the_whole():
    maps, mask = torch.randn(2, 7, 3, 5, 5), torch.rand(2, 7, 5) < 0.6
    whole, parts = MeanMaps(), MeanMaps()
    whole.add(maps, mask)
    for some, there in zip(maps.split(3, 1), mask.split(3, 1), strict=True):
        parts.add(some, there)
    torch.testing.assert_close(parts.mean(), whole.mean())
