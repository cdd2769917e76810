"""A hundred clients at once: nothing is lost, nothing is a fault of the server's."""

import pytest

pytest.importorskip("httpx")
pytest.importorskip("websockets")

from benchmarks.load import Found, load  # noqa: E402


def test_figures_of_what_was_found():
    found = Found(memory=[100.0, 130.0, 120.0], lost=["upload: 500 "])
    for number in range(1, 101):
        found.answered("upload", 200, number / 1000)
    found.answered("upload", 429, 0.002)
    value = found.to_json()
    assert value["answers"] == 101 and value["by_status"] == {"upload": {"200": 100, "429": 1}}
    assert value["latency_ms"]["upload 200"] == {"p50": 50.5, "p95": 95.0, "p99": 99.0, "most": 100}
    assert value["lost"] == 1 and value["server_mib"] == {"start": 100, "most": 130, "end": 120}


@pytest.mark.slow
def test_a_hundred_clients_lose_nothing():
    value = load(run=None, clients=100, seconds=20, at_once=4)
    assert value["lost"] == 0, value["first_lost"]
    assert value["alive"] and value["left"] == "0"
    assert len(value["log"].splitlines()) == 1, value["log"]  # its address and no complaint
    statuses = value["by_status"]
    assert statuses["upload"]["200"] > 5 and statuses["live"]["a frame"] > 5
    assert {"400", "422"} & set(statuses["malformed"])
    assert not any(status.startswith("5") for kind in statuses.values() for status in kind)
    memory = value["server_mib"]
    assert memory["most"] < memory["start"] + 200
