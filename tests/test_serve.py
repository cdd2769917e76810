"""What 'laban serve' asks of its server."""

import http.client
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.viewer.conftest import write_run

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")


@contextmanager
def serving(run):
    """The command, and the port at which it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "laban", "serve", str(run), "--port", str(port)]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as process:
        try:
            for _ in range(600):
                time.sleep(0.1)
                if socket.socket().connect_ex(("127.0.0.1", port)) == 0:
                    break
            yield process.pid, port
        finally:
            process.terminate()


def memory(process):
    """MiB of a process."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def healthy(connection):
    connection.request("GET", "/health")
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_idle_connections_stay_open_and_cost_little(tmp_path):
    """A client's pause is no reason to close on it: what it sends next would be lost."""
    run = write_run(tmp_path / "run", {"name": "recognition"})
    with serving(run) as (process, port):
        kept = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(300)]
        assert healthy(kept[0])
        before = memory(process)
        assert all(healthy(one) for one in kept)
        assert memory(process) < before + 30
        sockets = [one.sock for one in kept]
        time.sleep(7)  # more than the 5 s after which uvicorn closes by default
        assert all(healthy(one) for one in kept)
        assert [one.sock for one in kept] == sockets
