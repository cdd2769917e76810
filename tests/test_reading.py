"""Reading over several processes: the same store over a Dask cluster, and nobody is left behind."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from joblib import parallel_config

import laban.reading
from laban.convert import convert
from laban.reading import end_with


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


WORKER = """
import os, time
from laban.reading import end_with
owner = os.getpid()
if os.fork():
    time.sleep(60)
end_with(owner)
print("works", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="tells a parent's end by its number")
def test_a_worker_ends_with_the_process_that_started_it():
    owner = subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE)
    assert owner.stdout.readline() == b"works\n"
    owner.kill()
    owner.communicate(timeout=15)  # to the end of what the worker, too, could write to


def test_a_process_of_another_parent_goes_on():
    end_with(os.getpid())  # its own parent is another
