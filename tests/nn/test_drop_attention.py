import pytest
import torch

from laban.nn import DropAttention, attend, drop_attention


def naive(query, key, value, kept=None):
    """Softmax over the kept keys, row by row."""
    found = torch.zeros(*query.shape[:3], value.shape[3])
    for r in range(query.shape[0]):
        for h in range(query.shape[1]):
            keys = [k for k in range(key.shape[2]) if kept is None or kept[r, h, k]]
            if keys:
                scores = query[r, h] @ key[r, h, keys].T / query.shape[3] ** 0.5
                found[r, h] = scores.softmax(-1) @ value[r, h, keys]
    return found


@pytest.mark.parametrize(("keys", "values"), [(4, 16), (4, 4), (8, 3)])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("maps", [False, True])
def test_attention_is_a_softmax_over_the_keys_that_are_kept(
    keys, values, masked, maps, monkeypatch
):
    monkeypatch.setattr(drop_attention, "maps_are_faster", lambda *_: maps)
    query, key = torch.randn(2, 3, 2, 7, keys).unbind()
    value, kept = torch.randn(3, 2, 7, values), torch.rand(3, 2, 7) < 0.5 if masked else None
    if masked:
        kept[1, 1] = False  # nothing is left: zeros
    torch.testing.assert_close(
        attend(query, key, value, kept), naive(query, key, value, kept), atol=1e-5, rtol=1e-4
    )


def test_absent_elements_give_nothing():
    module, x = DropAttention(5, 8, 12, heads=2, drop=0.5).eval(), torch.randn(3, 6, 5)
    there = torch.rand(3, 6) < 0.6
    there[:, 0] = True
    got = module(x, there)
    other = torch.where(there[..., None], x, 1e3)
    assert torch.equal(module(other, there)[there], got[there])
    for r in range(3):
        alone = module(x[r : r + 1, there[r]])
        torch.testing.assert_close(got[r, there[r]], alone[0], atol=1e-5, rtol=1e-4)


def test_training_drops_half_of_the_keys_for_all_queries_of_a_head():
    """Uniform scores: the output is the mean of the values kept."""
    module = DropAttention(4, 2, 2, heads=1, drop=0.5)
    for parameter in module.parameters():
        torch.nn.init.zeros_(parameter)
    module.embed.weight.data[4, 0] = 1  # the first value is the first channel
    module.out.weight.data.copy_(torch.eye(2))
    x = torch.zeros(4000, 6, 4)
    x[:, :, 0] = 2.0 ** torch.arange(6)
    found = module.train()(x)[..., 0].detach()
    assert torch.equal(found, found[:, :1].expand(-1, 6))  # one draw for all queries
    means = {
        sum(2.0**k for k in range(6) if bits >> k & 1) / max(bits.bit_count(), 1)
        for bits in range(64)
    }
    assert all(min(abs(float(f) - m) for m in means) < 1e-4 for f in found[:200, 0])
    assert abs(float((found[:, 0] == 0).float().mean()) - 2**-6) < 0.01  # none of six is kept
    module.drop = 0.0
    torch.testing.assert_close(module(x)[..., 0], torch.full((4000, 6), 63 / 6))


def test_evaluation_drops_nothing():
    module, x = DropAttention(5, 8, 12, heads=2, drop=0.9).eval(), torch.randn(3, 6, 5)
    assert torch.equal(module(x), module(x))
