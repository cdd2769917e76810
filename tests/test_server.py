"""The server answers, and whatever is sent to it is answered with 4xx and a reason."""

import json
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laban.errors import LabanError
from laban.store import Store
from tests.conftest import toy_clips
from tests.test_live import SKELETON, Height, body

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse  # noqa: E402
from starlette.websockets import WebSocketDisconnect  # noqa: E402

from laban.clip import Clip  # noqa: E402
from laban.serve import serve  # noqa: E402
from laban.server import Limits, application  # noqa: E402
from laban.viewer import Naming  # noqa: E402

LIVE = "ws://localhost/live"
LIMITS = Limits(bytes=2**16, frames=200, persons=3, at_once=2, seconds=5.0)


@pytest.fixture(scope="module")
def client():
    app = application(Naming(Height()), LIMITS)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


def store_bytes(path, *heights, frames=10):
    clips = [Clip(f"c{n}", np.full((1, frames, 20, 3), h), SKELETON) for n, h in enumerate(heights)]
    Store.write(path, clips)
    return path.read_bytes()


def test_an_upload_is_answered_as_by_the_network_itself(client, tmp_path):
    sent = store_bytes(tmp_path / "s.arrow", 1, -2)
    said = client.post("/predict", content=sent).json()
    wanted = Height().predict(Store(tmp_path / "s.arrow")[key] for key in range(2))
    assert said == {"predictions": [row.to_json() for row in wanted], "skipped": []}
    assert "laban_uploads_total" in client.get("/metrics").text
    health = client.get("/health").json()
    assert health["classes"] == ["up", "down"] and health["skeleton"] == "hand-20"
    assert "/predict" in client.get("/openapi.json").json()["paths"]


def test_limits_hold(client, tmp_path):
    assert client.post("/predict", content=b"x" * (2**16 + 1)).status_code == 413
    assert client.post("/predict", content=b"").status_code == 400
    long = store_bytes(tmp_path / "s.arrow", 1, frames=201)
    said = client.post("/predict", content=long)
    assert said.status_code in (413, 422) and said.json()["detail"]
    for name in ("../x", "..", "", "a\0", "\u4e00" * 200, "/etc/passwd"):
        said = client.post("/predict", params={"name": name}, content=b"x")
        assert said.status_code == 400 and "name" in said.json()["detail"]
    said = client.get("/health", headers={"host": "elsewhere.org"})
    assert said.status_code == 400 and "--name" in said.text


@pytest.mark.parametrize("path", ["/predict", "/view"])
def test_a_form_is_answered_with_the_right_way(client, tmp_path, path):
    sent = store_bytes(tmp_path / "s.arrow", 1)
    said = client.post(path, files={"file": ("s.arrow", sent)})
    assert said.status_code == 415 and "curl --data-binary @FILE" in said.json()["detail"]
    form = {"content-type": "application/x-www-form-urlencoded"}  # what curl says of any bytes
    assert client.post(path, content=sent, headers=form).status_code == 200
    stripped = b"frame,x,y,z0,1,2,3"  # 'curl -d @FILE'
    said = client.post("/predict?name=a.csv", content=stripped, headers=form)
    assert said.status_code == 422 and said.json()["detail"].endswith("with --data-binary")


def test_another_skeleton_is_refused_with_its_sentence(client, tmp_path):
    Store.write(tmp_path / "s.arrow", [next(toy_clips())])
    said = client.post("/predict", content=(tmp_path / "s.arrow").read_bytes())
    assert said.status_code == 422 and "kinect-v2" in said.json()["detail"]
    assert str(tmp_path) not in said.text


@pytest.mark.parametrize("sent", [b"words", b"ARROW1"])
def test_no_folder_of_the_server_is_told(client, sent):
    said = client.post("/predict", params={"name": "a.csv"}, content=sent)
    assert said.status_code == 422 and said.json()["detail"].startswith("a.csv ")


NAMES = st.sampled_from(
    ["a.csv", "a.json", "a.skeleton", "a.npy", "a.npz", "a.pkl", "a.zip", "a.bvh", "a.arrow", "a"]
)
STARTS = st.sampled_from([b"", b"ARROW1", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04", b"{", b"1\n"])


@settings(max_examples=60)
@given(NAMES, STARTS, st.binary(max_size=300))
def test_noise_is_answered_with_a_reason(client, name, start, noise):
    said = client.post(f"/predict?name={name}", content=start + noise)
    assert 400 <= said.status_code < 500 and said.json()["detail"]


def test_damaged_stores_are_answered_with_a_reason(client, tmp_path):
    sent, rng = store_bytes(tmp_path / "s.arrow", 1, -2), np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(sent[: int(rng.integers(8, len(sent) + 1))])
        for place in rng.integers(0, len(damaged), 8):
            damaged[place] = int(rng.integers(256))
        said = client.post("/predict", content=bytes(damaged))
        assert said.status_code < 500, said.text


def test_live_frames_are_answered(client):
    with client.websocket_connect(LIVE) as socket:
        found = []
        for number in range(6):
            socket.send_text(json.dumps({"poses": body(1).tolist(), "time": number / 30}))
            found += socket.receive_json()["answers"]
    assert [row["label"] for row in found] == ["up", "up"]


class Surest(Height):
    """Says `up` where the confidence of what it is shown is high."""

    def scores(self, clips):
        sure = np.array([20 * clip.confidence.mean() - 10 for clip in clips])
        return np.stack((sure, -sure), 1)


def test_live_frames_may_have_confidence():
    app = application(Naming(Surest()), LIMITS)
    with TestClient(app, base_url="http://localhost") as client:
        for sure, label in ((0.9, "up"), (0.1, "down")):
            with client.websocket_connect(LIVE) as socket:
                for _ in range(3):
                    frame = {"poses": [body(1).tolist()], "confidence": [[sure] * 20]}
                    socket.send_text(json.dumps(frame))
                    (answer,) = socket.receive_json()["answers"] or [None]
                assert answer["label"] == label


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"confidence": [[0.5] * 19]}, "confidence has shape"),
        ({"confidence": [[1.5] * 20]}, "0 to 1"),
        ({"confidence": {"a": 1}}, "confidence: give an array"),
        ({"time": "1"}, "time is '1'"),
        ({"time": 1e300}, "seconds that grow"),
        ({"ids": 5}, "ids is no list"),
    ],
)
def test_live_faults_are_named(client, more, words):
    with client.websocket_connect(LIVE) as socket:
        socket.send_text(json.dumps({"poses": [body(1).tolist()]} | more))
        assert words in socket.receive_json()["error"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(["poses", "time", "ids", "confidence", "odd"])


@settings(max_examples=60)
@given(st.text(max_size=20) | (VALUES | st.dictionaries(KEYS, VALUES)).map(json.dumps))
def test_live_noise_is_answered_with_a_reason(client, text):
    with client.websocket_connect(LIVE) as socket:
        socket.send_text(text)
        said = socket.receive_json()
        if said == {"answers": []}:  # nobody is no noise
            assert '"poses":[]' in text.replace(" ", "")
            return
        assert said["error"]
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_a_frame_without_anybody_keeps_the_connection(client):
    frames = [body(1).tolist(), [], body(1).tolist()]
    with client.websocket_connect(LIVE) as socket:
        for poses in frames:
            socket.send_text(json.dumps({"poses": poses}))
            assert "answers" in socket.receive_json()


def test_too_many_connections_are_turned_away(client):
    with client.websocket_connect(LIVE), client.websocket_connect(LIVE):
        with client.websocket_connect(LIVE) as third, pytest.raises(WebSocketDisconnect):
            third.receive_json()
    with client.websocket_connect(LIVE) as again:
        again.send_text("{}")
        assert again.receive_json()["error"]


@pytest.fixture
def started(monkeypatch):
    """The application that 'laban serve' would run, of its options."""
    apps = []
    monkeypatch.setattr("laban.serve._bound", lambda host, _: host)
    monkeypatch.setattr("laban.viewer.network_of", lambda _: Naming(Height()))
    monkeypatch.setattr("laban.viewer.judging.note_tested", lambda *_: None)
    monkeypatch.setattr("uvicorn.run", lambda app, **_: apps.append(app))

    def start(**options):
        serve(Path("run"), **options)
        return apps[0]

    return start


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_answers_at_the_address_that_it_prints(host, started, capsys):
    app = started(host=host)
    (line,) = capsys.readouterr().err.splitlines()
    with TestClient(app, base_url=line) as client:
        assert client.get("/health").status_code == 200


def test_other_machines_ask_for_the_names_that_are_given_alone(started, capsys):
    names = ["Lab.Example.org", "192.0.2.7", "2001:db8:0::7", "*.lan", "bücher.example"]
    app = started(host="0.0.0.0", name=names)
    address, sentence = capsys.readouterr().err.splitlines()
    assert address == "http://0.0.0.0:8000"
    assert "no accounts" in sentence and "--name" in sentence
    assert "0.0.0.0, localhost, 127.0.0.1, lab.example.org, 192.0.2.7" in sentence
    answers = {
        200: ["lab.example.org", "192.0.2.7", "[2001:db8::7]", "a.lan", "xn--bcher-kva.example"],
        400: ["example.org", "evil.org", "192.0.2.8", "lan", "a.lan.org", ""],
    }
    with TestClient(app, base_url="http://localhost:8000") as client:
        for status, hosts in answers.items():
            for host in hosts:
                said = client.get("/health", headers={"host": f"{host}:8000"})
                assert said.status_code == status, host


@pytest.mark.parametrize("origin", ["http://evil.org", "https://evil.org:8000", "null", "x"])
def test_a_page_of_another_host_is_refused(client, origin):
    said = client.get("/health", headers={"origin": origin})
    assert said.status_code == 403 and "--name" in said.text
    assert client.post("/predict", content=b"x", headers={"origin": origin}).status_code == 403
    with pytest.raises(WebSocketDenialResponse):
        with client.websocket_connect(LIVE, headers={"origin": origin}):
            pass


def test_its_own_pages_and_those_of_its_names_are_answered(client, started):
    with client.websocket_connect(LIVE, headers={"origin": "http://localhost:8000"}):
        pass
    app = started(host="0.0.0.0", name=["*.lan", "2001:db8::7"])
    with TestClient(app, base_url="http://localhost") as named:
        for origin in ("http://a.lan:8000", "https://A.lan", "http://[2001:db8::7]:8000"):
            assert named.get("/health", headers={"origin": origin}).status_code == 200, origin
        for origin in ("http://lan", "http://a.lan.org", "http://a.lan@evil.org"):
            assert named.get("/health", headers={"origin": origin}).status_code == 403, origin


@pytest.mark.parametrize("name", ["*", "http://lab", "lab:80", "a b", "", "a*.org", "*lan", "a..b"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(LabanError, match="is no name of a machine"):
        serve(Path("run"), name=[name])


@pytest.mark.parametrize("option", ["port", "megabytes", "frames", "persons", "at_once", "seconds"])
def test_a_limit_that_lets_nothing_through_is_refused(option):
    with pytest.raises(LabanError, match=f"--{option.replace('_', '-')} is 0"):
        serve(Path("run"), **{option: 0})


def test_a_place_where_nobody_can_listen_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for host, port in (("127.0.0.1", taken.getsockname()[1]), ("127.0.0.1", 99_999)):
            with pytest.raises(LabanError, match=f"cannot listen on {host} port {port}"):
                serve(Path("no-run"), host=host, port=port)
