"""What holds for every protocol: it runs on a trained toy, names its clips, and repeats."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from laban.cli import main
from laban.evaluation.scores import Scores
from laban.protocols import FIGURES, PROTOCOLS
from laban.store import Store

# Detection judges recordings (test_detection_road.py), forecasting poses (test_forecast_road.py).
CLIPS = sorted(PROTOCOLS.keys() - FIGURES)
QUICK = {"epochs": 3, "batch": 12}
OPTIONS = {
    "fine-tune": QUICK,
    "semi-supervised": QUICK | {"share": 50.0},
    "transfer": QUICK,
}


def judged(name, run, toy):
    """A protocol's scores; transfer names the benchmark, here the same one."""
    word = str(toy / "toy.yaml") if name == "transfer" else None
    return PROTOCOLS[name](run, toy / "store.arrow", word, **OPTIONS.get(name, {}))


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    monkeypatch.setattr("laban.report.write_report", lambda *_: None)


@pytest.fixture(scope="module")
def run(toy, tmp_path_factory):
    out = tmp_path_factory.mktemp("protocol") / "run"
    stub = SimpleNamespace(write_report=lambda *_: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "laban.report", stub)
        store = str(toy / "store.arrow")
        recipe = str(toy / "recipe.yaml")
        assert main(["train", recipe, "--data", store, "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("name", CLIPS)
def test_a_protocol_scores_the_test_clips_and_repeats(name, toy, run):
    one, two = (judged(name, run, toy) for _ in range(2))
    assert isinstance(one, Scores) and one.split == "test"
    assert one.clips == tuple(f"c{number}" for number in range(36, 48))
    assert one.values.shape == (12, 2)
    np.testing.assert_array_equal(one.values, two.values)


@pytest.mark.parametrize("name", [name for name in CLIPS if name != "recognition"])
def test_a_protocol_judges_an_encoder_that_knows_no_classes(name, toy, pretrained):
    found = judged(name, pretrained, toy)
    assert found.values.shape == (12, 2)
    assert name in OPTIONS or found.top(1) > 50  # three epochs teach nobody


def test_recognition_says_what_training_said(toy, run):
    kept = Scores.load(run / "test.parquet")
    found = PROTOCOLS["recognition"](run, toy / "store.arrow")
    assert found.clips == kept.clips
    np.testing.assert_allclose(found.values, kept.values, atol=1e-6)


def test_clips_that_cannot_be_scored_are_named(toy, run, tmp_path):
    store = Store(toy / "store.arrow")

    def spoilt():
        for key in range(len(store)):
            clip = store[key]
            if clip.name == "c40":
                clip.label = None
            if clip.name == "c41":
                clip.poses, clip.present = clip.poses * 0, clip.present & False
            yield clip

    Store.write(tmp_path / "spoilt.arrow", spoilt())
    found = PROTOCOLS["recognition"](run, tmp_path / "spoilt.arrow")
    assert len(found.clips) == 10
    assert found.left_out == (
        "test clip c40 is left out: it has no label",
        "test clip c41 is left out: nobody is present in any frame",
    )
    assert found.to_json()["left_out"] == list(found.left_out)
