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
