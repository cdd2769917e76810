"""Clips as batches, prepared when they are read or once for all."""

import numpy as np
import pytest

from laban.dataset import ClipDataset, EpochSampler, batches
from laban.pipelines import PIPELINES
from laban.store import Store


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("workers", [0, 1])
def test_clips_prepared_once_give_the_same_batches(name, workers, toy, tmp_path):
    store = Store(toy / "store.arrow")
    keys = [5, 0, 7, 3, 1]
    fresh = ClipDataset(store, keys, range(5), PIPELINES[name](store.skeleton))
    fresh.prepare(tmp_path / "prepared.arrow")
    sampler = EpochSampler(len(keys), 2, seed=1)
    once = fresh.prepared_at(tmp_path / "prepared.arrow")
    pairs = zip(batches(fresh, sampler), batches(once, sampler, workers=workers), strict=True)
    for one, other in pairs:
        for part in vars(one):
            np.testing.assert_array_equal(vars(one)[part], vars(other)[part])


@pytest.mark.parametrize(("rest", "sizes"), [(0, [4, 4]), (3, [4, 4, 3]), (2, [4, 4, 2])])
def test_the_last_smaller_batch_is_left_out_or_kept(rest, sizes):
    sampler = EpochSampler(11, 4, seed=0, rest=rest)
    found = list(sampler)
    assert [len(one) for one in found] == sizes and len(sampler) == len(sizes)
    assert len({place for one in found for place in one}) == sum(sizes)
    halves = [list(EpochSampler(11, 4, seed=0, rest=2, rank=rank, world=2)) for rank in (0, 1)]
    assert [[len(one) for one in half] for half in halves] == [[2, 2, 1]] * 2


def test_few_clips_are_one_batch_whatever_is_left_over():
    assert [len(one) for one in EpochSampler(3, 4, seed=0)] == [3]
    assert [len(one) for one in EpochSampler(3, 4, seed=0, rest=3)] == [3]
