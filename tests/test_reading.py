"""Reading over the processes of a Dask cluster: the same store as from one."""

import json

import numpy as np
import pytest
from joblib import parallel_config

import laban.reading
from laban.convert import convert


@pytest.mark.slow
def test_a_dask_cluster_writes_the_same_bytes(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    raw = tmp_path / "raw"
    raw.mkdir()
    rng = np.random.default_rng(0)
    for trial in range(12):
        text = json.dumps({"skeletons": rng.standard_normal((3 + trial, 20, 3)).tolist()})
        (raw / f"a01_s01_e{trial:02}_v01.json").write_text(text[: 99 if trial == 7 else None])
    one = convert("nw-ucla", raw, tmp_path / "1.arrow").value
    monkeypatch.setattr(laban.reading, "CHUNK_FILES", 2)
    monkeypatch.setattr(laban.reading, "CHUNKS_A_WAVE", 1)
    size = {"n_workers": 2, "threads_per_worker": 1}
    with (
        distributed.LocalCluster(**size, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        parallel_config(backend="dask"),
    ):
        two = convert("nw-ucla", raw, tmp_path / "2.arrow", workers=2).value
    assert (tmp_path / "1.arrow").read_bytes() == (tmp_path / "2.arrow").read_bytes()
    assert two["skipped"] == one["skipped"] and two["clips"] == 11
