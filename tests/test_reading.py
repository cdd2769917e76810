"""Reading over several processes: the same store over a Dask cluster, and nobody is left behind."""

import json
import os
import signal
import subprocess
import sys

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


WORKER = """
import os, sys, time
from laban.reading import end_with
owner = os.getpid()
if os.fork():
    time.sleep(60)
while sys.argv[1] == "waits" and os.getppid() == owner:
    time.sleep(0.1)
    print("waits", flush=True)
end_with(owner)
print("works", flush=True)
time.sleep(60)
"""

# Workers are started before the first task is made ready for them.
OWNER = """
import os, signal
from laban.reading import outcomes
from laban.readers import Entry

class Reader:
    def __getstate__(self):
        os.kill(os.getpid(), signal.SIGKILL)

class Source:
    def size(self, path):
        return 1

list(outcomes(Reader(), Source(), [Entry("a", "a"), Entry("b", "b")], workers=2))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="starts its worker by a fork")
@pytest.mark.parametrize("worker", ["works", "waits"])
def test_a_worker_ends_with_an_owner_that_goes_later_or_before_it_begins(worker):
    command = [sys.executable, "-c", WORKER, worker]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert owner.stdout.readline() == worker.encode() + b"\n"
    owner.kill()
    owner.wait()  # until nobody asks for it, its number is in use
    owner.communicate(timeout=30)  # to the end of what the worker, too, could write to


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_workers_end_where_their_owner_is_killed_before_their_first_task():
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE)
    assert owner.wait(timeout=60) == -signal.SIGKILL
    owner.communicate(timeout=60)
