"""Motion prediction from recordings to figures: train, evaluate, forecast, and what goes wrong."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from laban import config
from laban.afterimage import afterimage, joined
from laban.cli import main
from laban.clip import Clip
from laban.evaluation.forecasting import forecasting
from laban.extrapolation import mean_error, zero_velocity
from laban.forecaster import METHODS, Forecaster, frame_rate
from laban.run import Run
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.train import train

RECIPE = """
benchmark: {folder}/toy.yaml
pipeline: {{name: metric, persons: 1, turn: 20.0}}
encoder: {{name: st-gcn, layers: [[8, 1], [16, 2]], kernel: 3, dropout: 0.0}}
objective: {{name: forecasting, seen: 0.4, width: 32, residual: velocity}}
training:
  epochs: 30
  batch: 5
  optimiser: {{name: adamw, lr: 0.002, clip: 1.0}}
  schedule: {{name: cosine, warmup: 1}}
"""
BENCHMARK = """
name: toy
classes: [swing, rest]
train: {subject: [1, 2, 3]}
test: {subject: [4]}
"""


def recordings():
    """Arms that swing once a second, at 25 frames a second; the last clip of each person short."""
    skeleton, rng = SKELETONS["kinect-v2"], np.random.default_rng(0)
    stance = rng.normal(size=(25, 3)) * 0.3
    for number in range(24):
        frames = 12 if number % 6 == 5 else 40
        phase = 2 * np.pi * (np.arange(frames) / 25 + rng.random())
        poses = np.repeat(stance[None], frames, 0) + rng.normal(size=3)
        for joint in skeleton.parts["arm-left"]:
            poses[:, joint, 1] += 0.3 * np.sin(phase)
        facts = {"subject": str(1 + number // 6)}
        yield Clip(f"c{number}", poses, skeleton, fps=25.0, label="swing", facts=facts)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecasting")
    Store.write(folder / "store.arrow", recordings())
    (folder / "toy.yaml").write_text(BENCHMARK)
    (folder / "recipe.yaml").write_text(RECIPE.format(folder=folder))
    return folder


def trained(work, out, *arguments, report=False):
    recipe = config.resolve(config.load_recipe(str(work / "recipe.yaml")), arguments)
    return train(recipe, data=work / "store.arrow", out=work / out, report=report)


@pytest.fixture(scope="module")
def run(work):
    return trained(work, "run", report=True).value


def test_a_run_learns_what_comes_next_and_stands_beside_both_baselines(work, run):
    assert (run["clips"], run["windows"], run["units"], run["fps"]) == (5, 15, "mm", 25.0)
    assert set(run["mpjpe"]) == {"80", "160", "320", "400", "mean"}
    for at in run["mpjpe"]:
        assert run["mpjpe"][at] < min(run["zero_velocity"][at], run["constant_velocity"][at])
    assert "1 test clip is left out, such as c23: fewer than the 20 frames" in run["left_out"][0]
    assert json.loads((work / "run/forecasting.json").read_text()) == run
    page = (work / "run/report.html").read_text()
    for method in METHODS:
        assert f'<td class="n">{run[method]["400"]:.1f}</td>' in page
    assert "a held pose" in page and page.count("data:image/png;base64,") == 1
    assert Run.open(work / "run").notes["fps"] == 25.0


def test_evaluation_repeats_the_training_s_figures(work, run):
    again = forecasting(work / "run", work / "store.arrow").to_json()
    assert again == {key: value for key, value in run.items() if key not in ("run", "selection")}


def test_windows_are_judged_as_each_alone(work, run):
    forecaster, store = Forecaster(Run.open(work / "run"), batch=2), Store(work / "store.arrow")
    shown = forecaster.shown(store[18])
    found = forecaster.errors(shown)
    assert found.shape == (3, 3, 5)
    for row, start in enumerate((0, 10, 20)):
        truth = torch.tensor(shown.poses[None, :, start + 10 : start + 20])
        seen = torch.tensor(shown.poses[None, :, start : start + 10])
        there = torch.ones(truth.shape[:-1], dtype=torch.bool)
        ahead = torch.tensor(forecaster.forecast(shown, start + 10).poses)[None]
        for method, poses in ((0, ahead), (1, zero_velocity(seen, there, 10))):
            wanted = 1000 * mean_error(poses, truth, there)[0].double()
            at = [*wanted[[1, 3, 7, 9]], wanted.mean()]  # 80 ms are 2 frames of 25 a second
            np.testing.assert_allclose(found[row, method], at, rtol=1e-4)


def test_a_motion_of_constant_velocity_is_no_error_of_that_baseline(work, run):
    forecaster = Forecaster(Run.open(work / "run"))
    way = np.random.default_rng(1).normal(size=(1, 1, 25, 3)) * np.arange(1, 31)[:, None, None] / 64
    error = forecaster.errors(Clip("line", way + 1, SKELETONS["kinect-v2"], fps=25.0)).mean(0)
    assert error[METHODS.index("constant_velocity")].max() < 0.01  # mm, of float32
    assert error[METHODS.index("zero_velocity")].min() > 10


def test_nobody_to_judge_is_no_window(work, run):
    forecaster = Forecaster(Run.open(work / "run"))
    clip = Store(work / "store.arrow")[18]
    present = clip.present.copy()
    present[:, 9] = False  # the last seen frame of the first window
    assert len(forecaster.errors(replace(clip, present=present))) == 2


def test_windows_that_are_left_out_are_counted(work, run, tmp_path):
    clips = list(Store(work / "store.arrow"))
    present = clips[18].present.copy()
    present[:, 9] = False
    clips[18] = replace(clips[18], present=present)
    Store.write(tmp_path / "s.arrow", clips)
    found = forecasting(work / "run", tmp_path / "s.arrow")
    assert found.left_out[-1].startswith("1 of ") and "nobody is there" in found.left_out[-1]


def test_who_leaves_is_predicted_and_compared_with_nothing(work, run, tmp_path, capsys):
    clip = Store(work / "store.arrow")[18]
    there = np.arange(clip.frames) < 30
    gone = replace(clip, poses=clip.poses * there[:, None, None], present=clip.present & there)
    Store.write(tmp_path / "s.arrow", [gone])
    call = ["forecast", work / "run", tmp_path / "s.arrow", "--out", tmp_path / "one.png"]
    assert main([*map(str, call), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["start"] == 30 and found["present"] == [True] and "mpjpe" not in found
    assert (tmp_path / "one.png").exists()


def test_the_command_predicts_behind_a_recording_and_draws(work, run, capsys):
    call = ["forecast", work / "run", work / "store.arrow", "--clip", "c18"]
    assert main([*map(str, call), "--json", "--out", str(work / "one.png")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clip"], found["fps"], found["units"], found["start"]) == ("c18", 25.0, "m", 30)
    assert np.shape(found["poses"]) == (1, 10, 25, 3)
    assert found["mpjpe"]["400"] < found["zero_velocity"]["400"]
    assert (work / "one.png").read_bytes().startswith(b"\x89PNG")
    assert main([*map(str, call), "--at", "1.6", "--json", "--out", str(work / "one.gif")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["start"] == 40 and "mpjpe" not in found
    assert (work / "one.gif").read_bytes().startswith(b"GIF")
    assert main(list(map(str, call))) == 0
    text = capsys.readouterr().out
    assert "zero velocity: " in text and "constant velocity: " in text
    for at in ("0.2", "-1", "1.7", "1e308"):
        assert main([*map(str, call), "--at", at]) == 2
        assert "what is seen must end between 0.40 and 1.60 s, not" in capsys.readouterr().err


def test_the_first_recording_that_fits_is_taken_and_gaps_in_it_are_said(
    work, run, tmp_path, capsys
):
    first = next(recordings())
    poses = first.poses.copy()
    poses[:, 20:28] = 0  # 8 of the 10 frames before frame 30, behind which it is predicted
    gone = first.poses.copy()
    gone[:, 25:] = 0  # the frame behind which it would be predicted among them
    clips = [
        replace(first, name="short", poses=first.poses[:, :5], present=None),
        replace(first, name="gone", poses=gone, present=None),
    ]
    Store.write(tmp_path / "s.arrow", [*clips, replace(first, poses=poses, present=None)])
    assert main(["forecast", str(work / "run"), str(tmp_path / "s.arrow")]) == 0
    out, err = capsys.readouterr()
    assert "clip c0: a person is there in 2 of the 10 frames that are seen" in err
    assert out.startswith("c0: ")


def test_evaluate_prints_all_three(work, run, capsys):
    call = ["evaluate", work / "run", "--data", work / "store.arrow", "--protocol", "forecasting"]
    assert main(list(map(str, call))) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[-3:]] == ["this", "zero", "constant"]
    assert (work / "run/forecasting-toy.json").exists()


def test_few_recordings_and_another_run_s_encoder(work, run):
    few = trained(
        work,
        "few",
        *("--training.labels", "0.2", "--training.epochs", "1", "--training.batch", "2"),
        *("--start", str(work / "run")),
    )
    notes = Run.open(work / "few").notes
    assert notes["clips"]["train"] == 3 == len(notes["labelled"])  # of the 15 that are long enough
    assert notes["start"] == Run.open(work / "run").digest() and few.value["clips"] == 5


def test_an_interrupted_run_is_no_start_yet(work, tmp_path, capsys):
    (tmp_path / "half").mkdir()
    (tmp_path / "half/last.ckpt").touch()
    call = ["train", work / "recipe.yaml", "--data", work / "store.arrow", "--out", tmp_path / "r"]
    assert main([*map(str, call), "--start", str(tmp_path / "half")]) == 2
    assert (
        "half holds no weights.safetensors: end its training with --res" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"fps": 10.0}, "have 10 frames a second, 80 ms ahead need 12.5 or more"),
        ({"poses": 12}, "has no training clip of 20 frames"),
        ({"poses": 3}, "has no training clip of 20 frames"),
    ],
)
def test_a_store_that_cannot_be_forecast_is_said(work, tmp_path, change, sentence, capsys):
    clips = (
        Clip(
            clip.name,
            clip.poses[:, : change.get("poses", 40)],
            clip.skeleton,
            fps=change.get("fps", 25.0),
            facts=clip.facts,
        )
        for clip in recordings()
    )
    Store.write(tmp_path / "s.arrow", clips)
    call = ["train", work / "recipe.yaml", "--data", tmp_path / "s.arrow", "--out", tmp_path / "r"]
    assert main(list(map(str, call))) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("clip", "sentence"),
    [
        ({"fps": 60.0}, "clip c0 has 60 frames a second, this run was trained on 25"),
        ({"frames": 9}, "clip c0 has 9 frames, this run needs to see 10 (0.4 s)"),
        ({"poses": 0}, "nobody is present in any frame"),
        ({"poses": 1e7}, "clip c0 has coordinates of 1,000,000 and more"),
    ],
)
def test_a_recording_that_does_not_fit_is_said(work, run, tmp_path, clip, sentence, capsys):
    first = next(recordings())
    poses = first.poses[:, : clip.get("frames", 40)] * clip.get("poses", 1)
    made = Clip("c0", poses, first.skeleton, fps=clip.get("fps", 25.0))
    Store.write(tmp_path / "s.arrow", [made])
    assert main(["forecast", str(work / "run"), str(tmp_path / "s.arrow")]) == 2
    assert sentence in capsys.readouterr().err


def test_clips_of_another_rate_are_left_out_and_the_commonest_rate_counts(work, tmp_path):
    clips = [replace(clip, fps=50.0 if clip.name == "c0" else 25.0) for clip in recordings()]
    clips[1].poses[:] *= 1e7
    Store.write(tmp_path / "s.arrow", clips)
    store = Store(tmp_path / "s.arrow")
    assert frame_rate(store, range(len(store))) == 25.0
    recipe = config.resolve(
        config.load_recipe(str(work / "recipe.yaml")), ["--training.epochs", "1"]
    )
    train(recipe, data=tmp_path / "s.arrow", out=tmp_path / "r", report=False)
    said = Run.open(tmp_path / "r").notes["left_out"]["train"]
    assert "1 training clip is left out, such as c0: another frame rate" in said[1]
    assert "1 training clip is left out, such as c1: coordinates of 1,000,000" in said[2]


def test_a_forecasting_run_names_no_clips_and_the_other_way_round(work, run, toy, capsys):
    for words in (
        ["predict", work / "run", work / "store.arrow"],
        ["evaluate", work / "run", "--data", work / "store.arrow"],
    ):
        assert main(list(map(str, words))) == 2
        assert "predicts motion and names no clips" in capsys.readouterr().err
    assert main(["pretrain", str(work / "recipe.yaml"), "--data", "s", "--out", "o"]) == 2
    assert "use 'laban train'" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"training.validation is an accuracy"):
        trained(work, "never", "--training.validation", "0.2")


def test_true_and_predicted_people_stand_in_one_clip():
    first = next(recordings())
    ahead = Clip("c0", first.poses[:, :10], first.skeleton, fps=25.0)
    both = joined(first, ahead, 35)
    assert both.poses.shape[:2] == (2, 45)
    assert both.present.sum(1).tolist() == [40, 10] and both.present[1, 35:].all()
    figure = afterimage(first, ahead, 35, horizons=(80, 400))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["-1000 ms", "-500 ms", "-200 ms", "last seen", "+80 ms", "+400 ms"]
    assert [len(axes.lines) for axes in figure.axes] == [1, 1, 1, 1, 2, 1]  # the truth has ended
