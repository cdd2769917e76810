import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from laban.nn import PreNormBlock, TokenTransformer
from laban.nn.transformer import with_token


def naive(block, x, seen):
    """One row (S, C) of a block, a head and a query at a time."""
    normed = F.layer_norm(x, x.shape[-1:], block.attention_norm.weight, block.attention_norm.bias)
    query, key, value = (normed @ w.T for w in block.project.weight.chunk(3))
    size = query.shape[1] // block.heads
    taken = torch.zeros_like(query)
    for h in range(block.heads):
        part = slice(h * size, (h + 1) * size)
        for s in range(len(x)):
            scores = [query[s, part] @ key[t, part] / math.sqrt(size) for t in range(len(x))]
            shares = torch.stack([a.exp() if seen[s, t] else a * 0 for t, a in enumerate(scores)])
            taken[s, part] = shares / shares.sum() @ value[:, part]
    x = x + taken @ block.merge.weight.T
    normed = F.layer_norm(x, x.shape[-1:], block.feed_norm.weight, block.feed_norm.bias)
    return x + block.feed(normed)


def shaken(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0, 0.5)
    return module.eval()


@pytest.mark.parametrize("masked", [False, True])
def test_a_block_is_the_equations(masked):
    block = shaken(PreNormBlock(6, heads=2, head_width=4, hidden=5, dropout=0.3))
    x, seen = torch.randn(3, 7, 6), torch.ones(7, 7, dtype=torch.bool)
    if masked:
        seen = torch.rand(7, 7) > 0.5
        seen[:, -1] = True
    mask = seen if masked else None
    wanted = torch.stack([naive(block, row, seen) for row in x])
    torch.testing.assert_close(block(x, mask), wanted)
    torch.testing.assert_close(block(x, mask, last_only=True), wanted[:, -1:])
    if masked:
        per_row = seen.expand(3, 1, 7, 7)
        torch.testing.assert_close(block(x, per_row, last_only=True), wanted[:, -1:])


def test_a_token_sums_up_what_it_may_see():
    code = torch.randn(4, 6)
    options = {"heads": 2, "head_width": 4, "hidden": 5, "dropout": 0.0}
    encoder = TokenTransformer(nn.Linear(3, 6), code, summed=True, depth=2, **options)
    assert torch.equal(encoder.code, code) and encoder.token.shape == (6,)
    assert 0 <= encoder.token.min() and encoder.token.max() <= 1
    encoder, x = shaken(encoder), torch.randn(2, 4, 3)
    tokens = torch.cat((encoder.read(x) + encoder.code, encoder.token.expand(2, 1, -1)), 1)
    everything = torch.ones(5, 5, dtype=torch.bool)
    for block in encoder.blocks:
        tokens = torch.stack([naive(block, row, everything) for row in tokens])
    torch.testing.assert_close(encoder(x, encoder.code), tokens[:, -1])
    seen = with_token(torch.tensor([True, True, False, True]).expand(2, -1))
    other = x.clone()
    other[:, 2] = 100
    torch.testing.assert_close(encoder(other, encoder.code, seen), encoder(x, encoder.code, seen))


def test_without_a_token_every_place_has_an_output():
    options = {"heads": 1, "head_width": 4, "hidden": 5, "dropout": 0.0}
    encoder = TokenTransformer(nn.Linear(3, 6), torch.randn(4, 6), summed=False, depth=1, **options)
    assert encoder.token is None
    assert encoder(torch.randn(2, 4, 3), encoder.code).shape == (2, 4, 6)


def test_dropout_is_on_both_branches():
    block = PreNormBlock(8, heads=2, head_width=4, hidden=5, dropout=1.0)
    x = torch.randn(2, 3, 8)
    torch.testing.assert_close(block(x), x)
    assert not torch.allclose(block.eval()(x), x)
