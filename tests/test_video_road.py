"""From films to a run that names films: the whole road, with a made-up network of RTMO's form."""

import json
from dataclasses import replace

import numpy as np
import pytest

from laban.cli import main
from laban.store import Store
from laban.video import RTMO, VideoPoses, clip_of
from tests.video.recorded import write_network

BENCHMARK = "name: toy\nclasses: [up, down]\ntrain: {subject: [0, 1]}\ntest: {subject: [2]}\n"
RECIPE = """
benchmark: toy.yaml
pipeline: {name: general, frames: 8, persons: 1}
encoder: {name: dsta-net, heads: 2, layers: [[16, 8, 1]]}
objective: {name: recognition}
training:
  epochs: 8
  batch: 8
  optimiser: {lr: 0.05}
  schedule: {name: cosine, warmup: 1}
"""


def shoot(cv2, path, rises, rng):
    """A white square that rises or falls, 256 x 192 pixels, 25 frames a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (256, 192))
    x, frames = int(rng.integers(60, 190)), int(rng.integers(20, 30))
    for y in np.linspace(*((150, 60) if rises else (60, 150)), frames).astype(int):
        picture = np.full((192, 256, 3), 90, np.uint8)
        picture[y - 6 : y + 7, x - 6 : x + 7] = 255
        writer.write(picture)
    writer.release()


@pytest.mark.slow
def test_a_network_learns_from_films_and_names_films(tmp_path, monkeypatch, capsys):
    cv2 = pytest.importorskip("cv2", reason="the extra laban[video] is not installed")
    pytest.importorskip("rtmlib", reason="the extra laban[video] is not installed")
    monkeypatch.chdir(tmp_path)
    find, clips = RTMO(write_network(tmp_path / "rtmo.onnx")), []
    rng = np.random.default_rng(0)
    for number in range(24):
        label = ("up", "down")[number % 2]
        path = tmp_path / f"{label}-{number}.avi"
        shoot(cv2, path, label == "up", rng)
        with VideoPoses(path, find) as source:
            clip = clip_of(source, source.skeleton, fps=source.fps, name=path.stem)
        clips.append(replace(clip, label=label, facts={"subject": str(number // 8)}))
    Store.write("films.arrow", clips)
    (tmp_path / "toy.yaml").write_text(BENCHMARK)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    assert main(["train", "recipe.yaml", "--data", "films.arrow", "--out", "run"]) == 0
    capsys.readouterr()
    estimator = ("--estimator", "rtmo.onnx")
    assert main(["predict", "run", "up-22.avi", "down-23.avi", *estimator, "--json"]) == 0
    assert [row["label"] for row in json.loads(capsys.readouterr().out)] == ["up", "down"]
    line = ["watch", "run", "--video", "up-22.avi", *estimator, "--fps", "25", "--json"]
    assert main(line) == 0
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert "up" in {row["label"] for row in rows}
