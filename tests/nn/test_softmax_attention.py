import pytest
import torch
import torch.nn.functional as F

from laban.nn import Directions, Scope, SoftmaxMaps, TransformerBlock

FRAMES, JOINTS, INPUTS, SIZE, HEADS = 5, 4, 6, 3, 2


def map_by_loops(query, key, there=None, way=None):
    """Eq. 6 and 14 for one head: (L, E) twice -> (L, L), row by row over those it may see."""
    found = torch.zeros(len(query), len(key))
    for i in range(len(query)):
        seen = [
            j
            for j in range(len(key))
            if j == i
            or (
                (there is None or there[j])
                and {None: True, "forward": j <= i, "backward": j >= i}[way]
            )
        ]
        scores = torch.stack([query[i] @ key[j] / SIZE**0.5 for j in seen])
        found[i, seen] = scores.softmax(0)
    return found


def by_loops(maps, x, there, over, strategy):
    """(T, V, C), (T, V) -> (R or 1, H, L, L): the maps of one person."""
    if over == "frames":
        x, there = x.transpose(0, 1), there.T
    directed = maps.directions is not None
    if strategy == "b":
        count = there.sum(0).clamp(min=1)
        x = ((x * there[..., None]).sum(0) / count[:, None])[None]
        there = there.any(0)[None]
    both = F.linear(x, maps.embed.weight, maps.embed.bias) * there[..., None]
    query, key = both.view(*x.shape[:2], 2, maps.heads, SIZE).unbind(2)
    if strategy == "c":  # the mean score is that of all repetitions' embeddings side by side
        count = there.any(1).sum().clamp(min=1)
        query, key = (z.permute(1, 2, 0, 3).flatten(2)[None] for z in (query / count, key))
        there = there.any(0)[None]
    ways = ["forward"] * HEADS + ["backward"] * HEADS if directed else [None] * HEADS
    found = []
    for q, k, seen in zip(query, key, there, strict=True):
        heads = [map_by_loops(q[:, h], k[:, h], seen, way) for h, way in enumerate(ways)]
        found.append(torch.stack(heads))
    return torch.stack(found)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("strategy", ["a", "b", "c"])
@pytest.mark.parametrize(("over", "directed"), [("joints", 0), ("frames", 0), ("frames", 1)])
def test_maps_are_equations_6_and_14(over, directed, strategy, masked):
    maps = SoftmaxMaps(
        INPUTS,
        embedding=SIZE,
        heads=HEADS * (1 + directed),
        over=over,
        strategy=strategy,
        directions=Directions() if directed else None,
    )
    x = torch.randn(2, FRAMES, JOINTS, INPUTS)
    there = torch.ones(2, FRAMES, JOINTS, dtype=torch.bool)
    if masked:
        there[0, 1:3] = False
        there[1, 3:] = False
        there[1, :, 2] = False
        x = x * there[..., None]
    got = maps(x, Scope(2, 1, mask=there if masked else None))
    present = there if over == "joints" else there.transpose(1, 2)  # (N, R, L)
    for n in range(2):
        wanted = by_loops(maps, x[n], there[n], over, strategy)
        rows = present[n] if strategy == "a" else present[n].any(0)[None]
        for r in range(len(wanted)):  # rows of what does not exist are nobody's
            torch.testing.assert_close(got[n, r][:, rows[r]], wanted[r][:, rows[r]])


def test_what_does_not_exist_leaves_no_gap():
    maps = SoftmaxMaps(
        4, embedding=2, heads=2, over="frames", strategy="b", directions=Directions()
    )
    there = torch.zeros(1, 6, 3, dtype=torch.bool)
    there[0, 2] = True
    found = maps(torch.zeros(1, 6, 3, 4), Scope(1, 1, mask=there))
    assert found.isfinite().all()
    assert (found[0, 0, :, 2, 2] == 1).all()


def test_directions_keep_their_diagonal():
    directions = Directions(4)
    for length in (3, 6):  # kept ready, and longer than that
        forward, backward = directions(torch.zeros(length, length))[:, 0]
        assert torch.equal(forward, torch.ones(length, length).tril().bool())
        assert torch.equal(backward, forward.T)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_block_is_equations_7_8_and_15(directed, stride):
    maps = SoftmaxMaps(
        INPUTS,
        embedding=SIZE,
        heads=HEADS * (1 + directed),
        over="frames",
        strategy="b",
        directions=Directions() if directed else None,
    )
    block = TransformerBlock(maps, INPUTS, 8, stride=stride)
    for norm in (block.first_norm, block.second_norm):
        torch.nn.init.normal_(norm.weight)
        torch.nn.init.normal_(norm.bias)
    x = torch.randn(1, FRAMES, JOINTS, INPUTS)
    found, scope = maps(x, Scope(1, 1))[0, 0], Scope(1, 1)
    total = 0
    for way in range(1 + directed):
        heads = [found[way * HEADS + h] for h in range(HEADS)]
        mixed = torch.cat([torch.einsum("ts,svc->tvc", m, x[0]) for m in heads], -1)
        h = F.layer_norm(
            block.project(mixed) + block.shortcut(x[0]),
            (8,),
            block.first_norm.weight,
            block.first_norm.bias,
        )
        first, _, second = block.feed
        fed = second(F.leaky_relu(first(h), 0.1))
        total = total + F.layer_norm(
            h + fed, (8,), block.second_norm.weight, block.second_norm.bias
        )
    torch.testing.assert_close(block(x, scope)[0], total[::stride])
