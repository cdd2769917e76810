import pytest
import torch

from laban.nn import Dropout


@pytest.mark.parametrize("share", [0.5, 0.25, 0.2, 0.9, 1e-3])
def test_so_many_are_gone_and_the_others_make_up_for_them(share):
    torch.manual_seed(0)
    x = torch.full((64, 25, 257), 3.0).requires_grad_()
    y = Dropout(share)(x)
    gone = (y == 0).float().mean()
    assert abs(gone - share) < 4 * (share * (1 - share) / x.numel()) ** 0.5 + 2**-17
    kept = y[y != 0].unique()
    assert len(kept) == 1 and abs(kept.item() / 3 * (1 - share) - 1) < 1e-4
    # What is gone gives no gradient, the others theirs times the same factor.
    torch.testing.assert_close(torch.autograd.grad(y.sum(), x)[0], y.detach() / 3)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_draws_of_neighbours_are_independent(share):
    torch.manual_seed(0)
    gone = (Dropout(share)(torch.ones(400_000)) == 0).double()
    for step in range(1, 10):  # a word of the generator holds 4 or 8 draws
        both = torch.corrcoef(torch.stack((gone[step:], gone[:-step])))[0, 1]
        assert abs(both) < 0.008
    rows = gone.view(-1, 8).mean(0)
    assert (rows - share).abs().max() < 0.01


def test_draws_come_from_the_seed():
    x, layer = torch.ones(3, 7), Dropout(0.5)
    torch.manual_seed(5)
    first, second = layer(x), layer(x)
    torch.manual_seed(5)
    assert torch.equal(layer(x), first)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_keeps_precision_and_layout_of_any_input(dtype):
    x = torch.ones(5, 3, 4, dtype=dtype).movedim(-1, 1)
    y = Dropout(0.5)(x)
    assert y.dtype == dtype and y.shape == x.shape
    assert set(y.unique().tolist()) <= {0.0, 2.0}


def test_ends_of_the_range_and_evaluation():
    x = torch.randn(4, 5)
    assert torch.equal(Dropout(0.0)(x), x)
    assert not Dropout(1.0)(x).any()
    assert torch.equal(Dropout(0.5).eval()(x), x)
