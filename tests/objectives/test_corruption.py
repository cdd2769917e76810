"""Shares of what is selected, and reordering against lists that are cut and put together."""

import math
from itertools import combinations

import pytest
import torch

from laban.draws import Draws
from laban.objectives.corruption import (
    orders,
    permuted_segments,
    person_draws,
    selected,
    swapped_pair,
    with_swap,
)


def draws(clips, seed=0):
    return Draws(torch.Generator().manual_seed(seed), torch.arange(clips))


def test_of_what_is_selected_80_10_and_10_percent():
    chosen, masked, other = selected(draws(20_000).uniform(20), 0.15)
    assert chosen.float().mean() == pytest.approx(0.15, abs=0.003)
    assert not (masked & other).any() and not ((masked | other) & ~chosen).any()
    assert (masked.sum() / chosen.sum()).item() == pytest.approx(0.8, abs=0.01)
    assert (other.sum() / chosen.sum()).item() == pytest.approx(0.1, abs=0.01)


def test_a_person_s_numbers_do_not_hang_on_the_room_around():
    one = person_draws(draws(3), 1, 5, 4)
    more = person_draws(draws(3), 2, 9, 4)
    assert torch.equal(one[:, 0], more[:, 0, :5])
    assert not torch.equal(more[:, 0], more[:, 1])


@pytest.mark.parametrize("count", [2, 3, 4])
def test_segments_are_cut_and_put_together_in_every_order(count):
    ways = orders(count, torch.device("cpu"))
    assert len(ways) == math.factorial(count) and ways[0].tolist() == list(range(count))
    for length in (3, 7, 12):
        found = permuted_segments(torch.full((len(ways),), length), 12, ways)
        for way, row in zip(ways.tolist(), found.tolist(), strict=True):
            cuts = [k * length // count for k in range(count + 1)]
            parts = [list(range(cuts[k], cuts[k + 1])) for k in way]
            assert row == sum(parts, []) + list(range(length, 12))


@pytest.mark.parametrize(("size", "apart"), [(2, 1), (5, 1), (5, 2), (2, 2), (7, 2)])
def test_every_pair_far_enough_apart_is_as_likely(size, apart):
    first, second = swapped_pair(torch.full((60_000,), size), draws(60_000).uniform(), apart)
    found = (first * size + second).bincount(minlength=size * size) / 60_000
    wanted = [p for p in combinations(range(size), 2) if p[1] - p[0] >= apart] or [(0, 1)]
    for pair in combinations(range(size), 2):
        share = 1 / len(wanted) if pair in wanted else 0
        assert found[pair[0] * size + pair[1]] == pytest.approx(share, abs=0.01)
    assert found.sum() == pytest.approx(1)


def test_a_swap_is_two_exchanged():
    found = with_swap(5, torch.tensor([[0, 1]]), torch.tensor([[3, 2]]))
    assert found.tolist() == [[[3, 1, 2, 0, 4], [0, 2, 1, 3, 4]]]
