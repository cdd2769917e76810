import pytest
import torch

from laban.nn import PositionCode, Scope, TanhMaps, attention_scores


def scores_by_loops(query, key, strategy):
    """Equations 2, 3 and 4 for one clip and head: (R, L, E) twice -> (R or 1, L, L)."""
    repetitions, length, size = query.shape
    per = [query[t] @ key[t].T / size for t in range(repetitions)]
    if strategy == "a":
        return torch.stack(per)
    if strategy == "c":
        return sum(per)[None] / repetitions
    total = torch.zeros(length, length)
    for t in range(repetitions):
        for tau in range(repetitions):
            total += query[t] @ key[tau].T
    return total[None] / (size * repetitions**2)


@pytest.mark.parametrize("strategy", ["a", "b", "c"])
def test_scores_are_equations_2_to_4(strategy):
    query, key = torch.randn(2, 2, 6, 5, 3, 4)  # (N, R, L, H, E)
    got = attention_scores(query, key, strategy, 6)
    for n in range(2):
        for h in range(3):
            wanted = scores_by_loops(query[n, :, :, h], key[n, :, :, h], strategy)
            torch.testing.assert_close(got[n, :, h], wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("strategy", ["b", "c"])
def test_scores_count_what_exists(strategy):
    query, key = torch.randn(2, 1, 6, 5, 3, 4)
    query[:, 4:] = key[:, 4:] = 0
    got = attention_scores(query, key, strategy, torch.tensor([4]))
    wanted = attention_scores(query[:, :4], key[:, :4], strategy, 4)
    torch.testing.assert_close(got, wanted)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("strategy", ["a", "b", "c"])
@pytest.mark.parametrize("over", ["joints", "frames"])
def test_maps_and_mixing_by_loops(over, strategy, balanced):
    frames, joints, heads = 4, 5, 2
    size = joints if over == "joints" else frames
    maps = TanhMaps(
        6,
        embedding=3,
        heads=heads,
        over=over,
        strategy=strategy,
        code=PositionCode("joint" if over == "joints" else "frame", 6, joints=joints),
        shared=torch.randn(size, size),
        balanced=balanced,
    )
    torch.nn.init.normal_(maps.alpha)
    x = torch.randn(2, frames, joints, 6)
    found = maps(x, Scope(2, 1))
    mixed = maps.mix(found, x).unflatten(3, (heads, 6))
    both = maps.embed(x + maps.code(x, None, None)).view(2, frames, joints, 2, heads, 3)
    for n in range(2):
        for h in range(heads):
            # Elements second, repetitions first.
            query, key, value = both[n, :, :, 0, h], both[n, :, :, 1, h], x[n]
            if over == "frames":
                query, key, value = (z.transpose(0, 1) for z in (query, key, value))
            alpha, shared = maps.alpha[h], maps.shared[h]
            wanted = torch.tanh(scores_by_loops(query, key, strategy))
            wanted = wanted + alpha * shared if balanced else alpha * wanted + shared
            torch.testing.assert_close(found[n, :, h], wanted, atol=1e-5, rtol=1e-4)
            y = torch.stack([wanted[min(r, len(wanted) - 1)] @ v for r, v in enumerate(value)])
            y = y if over == "joints" else y.transpose(0, 1)
            torch.testing.assert_close(mixed[n, :, :, h], y, atol=1e-5, rtol=1e-4)
