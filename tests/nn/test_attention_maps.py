import pytest
import torch

from laban.nn import Directions, Scope, SoftmaxMaps, TanhMaps


@pytest.mark.parametrize("strategy", ["a", "b", "c"])
@pytest.mark.parametrize("kind", [TanhMaps, SoftmaxMaps])
def test_forward_heads_see_the_past_and_backward_ones_the_future(kind, strategy):
    """A frame changed at one place changes forward heads from there on, backward ones up to it."""
    maps = kind(4, embedding=3, heads=4, over="frames", strategy=strategy, directions=Directions())
    x, place = torch.randn(2, 9, 5, 4), 5
    changed = x.clone()
    changed[:, place] += 1
    before, after = (maps.mix(maps(z, Scope(2, 1)), z).unflatten(-1, (2, -1)) for z in (x, changed))
    moved = (before - after).abs().amax((0, 2, 4)) > 1e-6  # (T, 2)
    assert moved[:, 0].tolist() == [False] * place + [True] * (9 - place)
    assert moved[:, 1].tolist() == [True] * (place + 1) + [False] * (8 - place)


@pytest.mark.parametrize("over", ["joints", "frames"])
@pytest.mark.parametrize("kind", [TanhMaps, SoftmaxMaps])
def test_one_map_of_the_mean_is_that_of_the_mean_embedding(kind, over):
    maps = kind(4, embedding=3, heads=2, over=over, strategy="b")
    x, there = torch.randn(1, 6, 5, 4), torch.ones(1, 6, 5, dtype=torch.bool)
    there[:, 4:] = False
    there[:, :, 3] = False
    scores, seen = maps.scores(x, Scope(1, 1, mask=there))
    embedded = maps.embed(x) * there[..., None]
    embedded = embedded if over == "joints" else embedded.transpose(1, 2)
    mean = embedded.sum(1) / 4  # of 6 frames or 5 joints
    query, key = mean.view(1, -1, 2, 2, 3).permute(2, 0, 3, 1, 4)
    wanted = query @ key.transpose(-1, -2) / 3
    torch.testing.assert_close(scores[:, 0], wanted)
    assert seen.sum() == 4
