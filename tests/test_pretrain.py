"""``laban pretrain``: weights without labels, resumed and shared like any training."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import laban.training.loop
from laban.cli import main
from laban.errors import LabanError
from laban.inference import load
from laban.objectives.aim_clr import AimCLR
from laban.store import Store


def pretrain(toy: Path, out: Path, *options: str) -> int:
    arguments = [str(toy / "pretrain.yaml"), "--data", str(toy / "store.arrow")]
    return main(["pretrain", *arguments, "--out", str(out), *options, "--json"])


def same(one: Path, two: Path) -> bool:
    first, second = load_file(one / "weights.safetensors"), load_file(two / "weights.safetensors")
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def unlabelled(toy: Path, folder: Path) -> Path:
    """The toy store without a label in its training clips."""

    def clips():
        store = Store(toy / "store.arrow")
        for key in range(len(store)):
            clip = store[key]
            clip.label = None if key < 36 else clip.label
            yield clip

    Store.write(folder / "store.arrow", clips())
    return folder / "store.arrow"


def test_a_pre_training_leaves_a_whole_run(toy, tmp_path, capsys):
    run = tmp_path / "run"
    assert pretrain(toy, run) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["clips"] == 36 and value["epochs"] == 4
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["train_loss"] == value["loss"] < rows[0]["train_loss"]
    assert not any("accuracy" in key for row in rows for key in row)
    assert not (run / "test.parquet").exists()
    page = (run / "report.html").read_text()
    assert "pre-trained by pstl without labels" in page and "loss over epochs" in page
    assert "nats" not in page and "top-1" not in page
    with pytest.raises(LabanError, match="pre-trained without labels and knows no classes"):
        load(run)


def test_labels_play_no_part(toy, tmp_path):
    assert pretrain(toy, tmp_path / "with") == 0
    store = str(unlabelled(toy, tmp_path))
    assert pretrain(toy, tmp_path / "without", "--data", store) == 0
    assert same(tmp_path / "with", tmp_path / "without")


# Followers and queue are in the checkpoint; neighbours are mined in the epochs behind the break.
AIM_CLR = ("--objective.name", "aim-clr", "--objective.queue", "20", "--objective.mining", "2")


@pytest.mark.parametrize("options", [(), (*AIM_CLR, "--objective.momentum", "0.9")])
def test_a_killed_pre_training_resumes_to_the_same_weights(options, toy, tmp_path, monkeypatch):
    assert pretrain(toy, tmp_path / "whole", *options) == 0
    save = laban.training.loop._save

    def dies(fabric, state, out):
        save(fabric, state, out)
        if len(state["history"]) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(laban.training.loop, "_save", dies)
        assert pretrain(toy, tmp_path / "cut", *options) == 130
    assert pretrain(toy, tmp_path / "cut", *options, "--resume") == 0
    assert same(tmp_path / "whole", tmp_path / "cut")


def test_a_follower_starts_where_its_encoder_does(toy, pretrained, tmp_path):
    own = ("--start", str(pretrained), "--training.epochs", "1", "--objective.momentum", "1.0")
    assert pretrain(toy, tmp_path / "run", *AIM_CLR, *own) == 0
    started, kept = (
        load_file(run / "weights.safetensors") for run in (pretrained, tmp_path / "run")
    )
    names = [name for name in started if name.startswith("encoder.") and name.endswith("weight")]
    assert names
    for name in names:
        assert torch.equal(kept[f"key_{name}"], started[name])
        assert not torch.equal(kept[name], started[name])


def test_an_objective_is_told_the_epoch(toy, tmp_path, monkeypatch):
    told, plain = [], AimCLR.forward

    def tells(self, batch, generator):
        told.append(self.epoch)
        return plain(self, batch, generator)

    monkeypatch.setattr(AimCLR, "forward", tells)
    assert pretrain(toy, tmp_path / "run", *AIM_CLR) == 0
    assert told == sorted(told) and set(told) == {0, 1, 2, 3}


def test_two_processes_equal_one(toy, tmp_path):
    """The correlation is of the whole batch, cut over two gloo processes or not.

    By plain descent, which does not forgive a gradient of another length as Adam does.
    """
    arguments = ["pretrain", str(toy / "pretrain.yaml"), "--data", str(toy / "store.arrow")]
    arguments += ["--training.epochs", "2", "--training.precision", "64-true"]
    arguments += ["--training.optimiser.name", "sgd", "--training.optimiser.lr", "1e-4"]
    assert main([*arguments, "--out", str(tmp_path / "one")]) == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "laban"]
    done = subprocess.run(
        [*command, *arguments, "--out", str(tmp_path / "two")],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (load_file(tmp_path / name / "weights.safetensors") for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-7, rtol=1e-6, msg=name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "pretrain.yaml"],
            "objective pstl is none of 'laban train', use 'laban pretrain'",
        ),
        (["pretrain", "recipe.yaml"], "recognition is none of 'laban pretrain', use 'laban train'"),
        (["pretrain", "pretrain.yaml", "--training.validation", "0.2"], "a pre-training has none"),
    ],
)
def test_the_wrong_command_is_said(arguments, message, toy, tmp_path, capsys):
    command, recipe, *rest = arguments
    store = str(toy / "store.arrow")
    own = [command, str(toy / recipe), "--data", store, "--out", str(tmp_path / "run"), *rest]
    assert main(own) == 2
    assert message in capsys.readouterr().err


def test_a_step_of_one_clip_has_nothing_to_compare(toy, tmp_path, capsys):
    assert pretrain(toy, tmp_path / "run", "--training.batch", "1") == 2
    assert "compares 2 clips of a step at least" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
