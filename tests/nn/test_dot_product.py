import pytest
import torch

from laban.nn import dot_product
from laban.nn.dot_product import dot_product_attention, maps_are_faster


def naive(query, key, value, seen):
    """A row at a time, over the keys that it may see."""
    found = query.new_zeros(*query.shape[:3], value.shape[3])
    for n, h, q in torch.cartesian_prod(*(torch.arange(size) for size in query.shape[:3])):
        scores = query[n, h, q] @ key[n, h].T / query.shape[3] ** 0.5
        weights = scores.exp() * seen[n, h, q]
        found[n, h, q] = weights / weights.sum() @ value[n, h]
    return found


@pytest.mark.parametrize("shape", [None, (7, 7), (3, 1, 1, 7), (3, 1, 7, 7)])
@pytest.mark.parametrize("maps", [False, True])
def test_both_ways_are_the_equation(shape, maps, monkeypatch):
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 3, 2, 7, 4, dtype=torch.float64).unbind()
    mask = None if shape is None else torch.rand(shape) < 0.5
    if mask is not None:
        mask[..., -1] = True
    seen = torch.ones(3, 2, 7, 7) if mask is None else mask.expand(3, 2, 7, 7)
    monkeypatch.setattr(dot_product, "maps_are_faster", lambda *_: maps)
    found = dot_product_attention(query, key, value, mask)
    torch.testing.assert_close(found, naive(query, key, value, seen.double()))


def test_gradients_of_both_ways_agree(monkeypatch):
    torch.manual_seed(0)
    parts = torch.randn(3, 2, 2, 9, 4, dtype=torch.float64, requires_grad=True)
    mask, found = torch.rand(9, 9) < 0.7, []
    mask.fill_diagonal_(fill_value=True)
    for maps in (False, True):
        monkeypatch.setattr(dot_product, "maps_are_faster", lambda *_, maps=maps: maps)
        answer = dot_product_attention(*parts.unbind(), mask).square().sum()
        found.append(torch.autograd.grad(answer, parts)[0])
    torch.testing.assert_close(*found)


def test_bfloat16_on_a_cpu_and_short_wide_values_go_through_maps():
    def chosen(length, wide, dtype):
        key, value = torch.zeros(1, 1, length, 4, dtype=dtype), torch.zeros(1, 1, length, wide)
        return maps_are_faster(key, value.to(dtype))

    assert chosen(40, 4, torch.bfloat16) and not chosen(2000, 4, torch.bfloat16)
    assert not chosen(40, 4, torch.float32)
    assert chosen(40, 16, torch.float32) and not chosen(300, 16, torch.float32)
