"""The viewer's answers, and that whatever else is asked is answered with 4xx and a reason."""

import json
import subprocess
import sys
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
from fastapi.testclient import TestClient  # noqa: E402

from laban.server import Limits, application  # noqa: E402
from laban.store import Store  # noqa: E402
from laban.viewer import Library, network_of  # noqa: E402
from laban.viewer.files import static_files  # noqa: E402
from laban.viewer.scene import stream_values  # noqa: E402
from tests.viewer.conftest import two_persons  # noqa: E402

LIMITS = Limits(bytes=2**20, frames=200, persons=3, at_once=2, seconds=30.0)
CLIP = "/view/store/clips/1"


def served(run, store, **options):
    network = network_of(run)
    opened = None if store is None else Store(store)
    library = Library(network.card.benchmark, opened, most=2**22)
    app = application(network, LIMITS, library=library, **options)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client(viewed):
    with served(viewed.naming, viewed.clips) as client:
        yield client


def test_a_clip_is_told_as_it_is(client, viewed):
    store = Store(viewed.clips)
    told = client.get(CLIP).json()
    assert (told["name"], told["frames"], told["persons"]) == ("clip-1", 24, 2)
    for name in ("joint", "motion", "fast"):
        said = client.get(f"{CLIP}/streams/{name}")
        shape = [int(size) for size in said.headers["x-shape"].split(",")]
        found = np.frombuffer(said.content, "<f4").reshape(shape)
        np.testing.assert_array_equal(found, stream_values(store[1], name))
    about = client.get("/view").json()
    assert (about["task"], about["store"]) == ("recognition", "store")
    assert (about["layers"], about["no_attention"]) == (["block 1", "block 2"], "")


def test_an_opened_clip_is_judged_and_listed_so(client, viewed):
    told = client.get(f"{CLIP}/probabilities", params={"window": 0.4}).json()
    (wanted,) = network_of(viewed.naming).predictor.predict(Store(viewed.clips)[1])
    assert told["whole"] == wanted.to_json() and told["truth"] == "lower"
    assert told["right"] == (wanted.label == "lower")
    row = client.get("/view/store/clips").json()["clips"][1]
    assert (row["said"], row["right"]) == (wanted.label, told["right"])
    word = "right" if told["right"] else "wrong"
    listed = client.get("/view/store/clips", params={"judged": word}).json()["clips"]
    assert 1 in [row["number"] for row in listed]


def test_attention_of_every_layer(client):
    for layer in (1, 2):
        told = client.get(f"{CLIP}/attention", params={"layer": layer}).json()
        assert np.array(told["maps"]).shape == (2, 2, 625)
    said = client.get(f"{CLIP}/attention", params={"layer": 3})
    assert said.status_code == 422 and "has 2" in said.json()["detail"]


def test_the_store_is_judged_in_the_background(viewed):
    with served(viewed.naming, viewed.clips, judge=True) as client:
        for _ in range(200):
            if client.get("/view/store").json()["judged"] == 5:
                break
        assert client.get("/view/store/clips?judged=open").json()["total"] == 0


def test_an_upload_is_looked_at_as_a_clip_of_the_store_is(client, viewed, tmp_path):
    sent = viewed.clips.read_bytes()
    kept = client.post("/view", params={"name": "s.arrow"}, content=sent).json()
    assert kept["clips"] == 5 and kept["skipped"] == []
    mine = f"/view/{kept['shelf']}/clips/1"
    assert client.get(mine).json() == client.get(CLIP).json()
    for path in ("streams/bone", "attention?layer=1", "probabilities"):
        assert client.get(f"{mine}/{path}").content == client.get(f"{CLIP}/{path}").content
    said = client.post("/view", params={"name": "../s.arrow"}, content=sent)
    assert said.status_code == 400


def test_what_the_network_cannot_judge_can_be_looked_at(client, tmp_path):
    from laban.clip import Clip

    Store.write(tmp_path / "s.arrow", [Clip("hand", np.ones((1, 4, 22, 3)), "hand-22")])
    sent = (tmp_path / "s.arrow").read_bytes()
    kept = client.post("/view?name=s.arrow", content=sent).json()
    mine = f"/view/{kept['shelf']}/clips/0"
    assert client.get(f"{mine}/streams/motion").status_code == 200
    for path in ("attention", "probabilities"):
        said = client.get(f"{mine}/{path}")
        assert said.status_code == 422 and "hand-22" in said.json()["detail"]


def test_a_detection_run_is_served(viewed):
    with served(viewed.finding, viewed.recordings) as client:
        told = client.get(f"{CLIP}/probabilities").json()
        assert told["truths"] == [["raise", 4, 20], ["lower", 30, 44]] and told["segments"]
        assert told["classes"][-1] == "background" and told["whole"] is None
        sent = viewed.recordings.read_bytes()
        said = client.post("/predict?name=s.arrow", content=sent).json()
        found = said["detections"][1]["segments"]
        assert [[s["label"], s["start"], s["end"]] for s in found] == [
            row[:3] for row in told["segments"]
        ]
        with client.websocket_connect("ws://localhost/live") as socket:
            assert "laban detect --follow" in socket.receive_json()["error"]


def test_a_clip_beyond_the_limits_is_not_sent(viewed, tmp_path):
    Store.write(tmp_path / "long.arrow", [two_persons(0, 201)])
    with served(viewed.naming, tmp_path / "long.arrow") as client:
        said = client.get("/view/store/clips/0")
        assert said.status_code == 413 and "200 frames" in said.json()["detail"]
        assert client.get("/view/store/clips").status_code == 200


def test_without_a_store_there_are_uploads_alone(viewed):
    with served(viewed.naming, None) as client:
        assert client.get("/view").json()["store"] is None
        assert client.get("/view/store").status_code == 404
        assert client.get("/").status_code == 200


def test_pages_come_with_a_policy_and_from_the_package(client):
    for path in ("/", "/docs", "/openapi.json", "/view", "/nowhere", "/view/x", "/static/main.js"):
        said = client.get(path)
        policy = said.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy and "http" not in policy
        assert said.headers["x-content-type-options"] == "nosniff"
    for name, file in static_files().items():
        said = client.get(f"/static/{name}")
        assert said.content == file.content and said.headers["content-type"] == file.type
        again = client.get(f"/static/{name}", headers={"if-none-match": said.headers["etag"]})
        assert again.status_code == 304 and not again.content
    assert client.get("/", headers={"host": "elsewhere.org"}).status_code == 400


def test_an_exported_file_is_served_without_pytorch():
    code = "import sys, laban.server, laban.serve; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "path", ["../files.py", "..%2ffiles.py", "three/../../routes.py", "%00", "three", "/etc/passwd"]
)
def test_no_address_reaches_the_file_system(client, path):
    assert client.get(f"/static/{path}").status_code in (400, 404)


WORDS = st.one_of(
    st.sampled_from(["store", "0", "1", "5", "-1", "1e3", "9" * 30, "joint", "..", "%", "clips"]),
    st.text(min_size=1, max_size=8),
)
ENDS = st.sampled_from(["", "/streams/", "/probabilities", "/attention", "/x"])
KEYS = st.sampled_from(["text", "label", "subject", "judged", "page", "size", "window", "layer"])
QUERIES = st.dictionaries(
    KEYS | st.sampled_from(["frame", "name"]),
    WORDS | st.sampled_from(["nan", "inf", "-0", "0.1", "1e400", "wrong", "2000000000"]),
    max_size=3,
)


@settings(max_examples=60)
@given(WORDS, WORDS, ENDS, WORDS, QUERIES)
def test_noise_is_answered_with_a_reason(client, shelf, number, end, more, query):
    parts = [quote(word, safe="") for word in (shelf, number, more)]
    paths = [f"/view/{parts[0]}/clips/{parts[1]}{end}{parts[2] if end.endswith('s/') else ''}"]
    paths += [f"/view/{parts[0]}/clips", f"/view/{parts[0]}", f"/static/{parts[2]}"]
    for path in paths:
        said = client.get(path, params=query)
        assert said.status_code < 500, (path, said.text)
        if said.status_code >= 400:
            assert said.json()["detail"]


STARTS = st.sampled_from([b"", b"ARROW1", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04", b"{", b"1\n"])


@settings(max_examples=40)
@given(st.sampled_from(["a.csv", "a.json", "a.npy", "a.arrow", "a"]), STARTS, st.binary())
def test_uploaded_noise_is_answered_with_a_reason(client, name, start, noise):
    said = client.post(f"/view?name={name}", content=start + noise)
    assert 400 <= said.status_code < 500 and json.loads(said.text)["detail"]
