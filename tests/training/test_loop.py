"""The loop on a tiny problem: learns, repeats, resumes, and two processes equal one."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

import laban.training.loop
from laban.cli import main
from laban.errors import LabanError
from laban.nn import TokenTransformer
from laban.training.settings import Optimiser, Schedule, Training


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    """The report has tests of its own and takes seconds."""
    stub = SimpleNamespace(write_report=lambda *_: None)
    monkeypatch.setitem(sys.modules, "laban.report", stub)


def train(toy: Path, out: Path, *options: str) -> int:
    store = str(toy / "store.arrow")
    return main(
        ["train", str(toy / "recipe.yaml"), "--data", store, "--out", str(out), *options, "--json"]
    )


def weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "weights.safetensors")


def same(one: dict, two: dict) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def test_a_training_learns_and_leaves_a_whole_run(toy, tmp_path, capsys):
    assert train(toy, tmp_path / "run", "--training.epochs", "20") == 0
    value = json.loads(capsys.readouterr().out)
    assert value["top1"] == 100.0 and value["clips"] == 12 and value["split"] == "test"
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 21))
    assert rows[-1]["train_loss"] < 0.5 * rows[0]["train_loss"]
    expected = {"recipe.yaml", "run.json", "metrics.jsonl", "last.ckpt", "test.parquet"}
    left = set(os.listdir(tmp_path / "run"))
    assert expected | {"weights.safetensors"} <= left
    assert not [name for name in left if name.startswith("prepared")]

    store = str(toy / "store.arrow")
    assert main(["evaluate", str(tmp_path / "run"), "--data", store, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert {k: again[k] for k in again} == {k: value[k] for k in again}
    assert main(["predict", str(tmp_path / "run"), store, "--json"]) == 0
    predictions = json.loads(capsys.readouterr().out)
    assert len(predictions) == 48
    assert {"clip", "label", "index", "probability", "top5"} == set(predictions[0])


def test_the_same_seed_gives_the_same_bits_and_another_does_not(toy, tmp_path):
    for name, options in {"a": [], "b": [], "c": ["--training.seed", "1"]}.items():
        assert train(toy, tmp_path / name, *options) == 0
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


SAVE = laban.training.loop._save


def die_after(monkeypatch, epochs):
    """Makes a training stop right after that epoch's checkpoint."""

    def dies(fabric, state, out):
        SAVE(fabric, state, out)
        if len(state["history"]) == epochs:
            raise KeyboardInterrupt

    monkeypatch.setattr(laban.training.loop, "_save", dies)


def revive(monkeypatch):
    monkeypatch.setattr(laban.training.loop, "_save", SAVE)


def test_a_killed_training_resumes_to_the_same_weights(toy, tmp_path, monkeypatch):
    assert train(toy, tmp_path / "whole") == 0

    die_after(monkeypatch, 2)
    assert train(toy, tmp_path / "cut") == 130
    assert not (tmp_path / "cut/weights.safetensors").exists()
    revive(monkeypatch)
    assert train(toy, tmp_path / "cut") == 2  # an existing run is left alone
    assert train(toy, tmp_path / "cut", "--resume", "--training.epochs", "5") == 2
    assert train(toy, tmp_path / "cut", "--resume") == 0
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))


def test_accumulated_parts_make_the_gradient_of_the_whole_batch():
    """With a loss that is a mean over clips and sees no batch statistics, parts change nothing."""
    from laban.batch import Batch
    from laban.training.launch import launch
    from laban.training.loop import _gradients

    class Fit(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.line = torch.nn.Linear(3, 1)

        def forward(self, batch, generator):
            loss = (self.line(batch.poses).flatten(1).mean(1) - batch.labels).square().mean()
            return loss, {"loss": loss.detach()}

    torch.manual_seed(0)
    poses = torch.randn(8, 1, 5, 25, 3)
    count = torch.arange(8)
    batch = Batch(poses, torch.ones(8, 1, 5, dtype=torch.bool), count, count, count)
    fabric, found = launch("32-true"), []
    for parts in (1, 4):
        torch.manual_seed(1)
        model = fabric.setup(Fit())
        sums = _gradients(fabric, model, batch, Training(batch=8, accumulate=parts), 0)
        found.append((model.line.weight.grad, sums["loss"]))
    torch.testing.assert_close(found[0], found[1])


def test_the_best_epoch_is_chosen_on_validation_clips(toy, tmp_path, capsys):
    options = ["--training.validation", "0.3", "--training.select", "best"]
    assert train(toy, tmp_path / "run", *options) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["selection"] == "best epoch on 12 training clips set apart by subject"
    notes = json.loads((tmp_path / "run/run.json").read_text())["notes"]
    assert notes["clips"] == {"train": 24, "validation": 12, "test": 12}
    rows = [json.loads(row) for row in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    scores = [row["validation_accuracy"] for row in rows]
    best = scores.index(max(scores)) + 1
    assert train(toy, tmp_path / "last", *options[:2], "--training.select", "last") == 0
    state = torch.load(tmp_path / "run/last.ckpt", weights_only=True)
    kept = weights(tmp_path / "run")
    assert same(kept, state["best"])
    assert same(kept, weights(tmp_path / "last")) == (best == len(rows))


def test_a_resumed_training_keeps_its_best_epoch(toy, tmp_path, monkeypatch):
    options = ["--training.validation", "0.3", "--training.select", "best"]
    assert train(toy, tmp_path / "whole", *options) == 0
    die_after(monkeypatch, 3)
    assert train(toy, tmp_path / "cut", *options) == 130
    revive(monkeypatch)
    assert train(toy, tmp_path / "cut", *options, "--resume") == 0
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))


def test_two_processes_equal_one(toy, tmp_path):
    """The same global batch cut over two gloo processes gives the same weights.

    In double precision, where the order of sums does not tip a unit over its kink.
    """
    arguments = [
        "train",
        str(toy / "recipe.yaml"),
        "--data",
        str(toy / "store.arrow"),
        "--training.epochs",
        "2",
        "--training.precision",
        "64-true",
    ]
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
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-7, rtol=1e-6, msg=name)


def test_a_loss_that_is_not_finite_is_said(toy, tmp_path, capsys):
    assert train(toy, tmp_path / "run", "--training.optimiser.lr", "1e30") == 2
    assert "the loss is not finite, lower optimiser.lr" in capsys.readouterr().err


def test_schedules():
    steps = Schedule(name="steps", milestones=(60, 90), factor=0.1, warmup=5)
    rates = [steps.rate(epoch, 120) for epoch in (0, 1, 4, 5, 59.9, 60, 90)]
    assert rates == pytest.approx([0.2, 0.4, 1, 1, 1, 0.1, 0.01])
    late = Schedule(name="cosine", warmup=10, from_zero=True)  # PSTL's official code
    assert [late.rate(epoch + 0.5, 150) for epoch in range(10)] == [e / 10 for e in range(10)]
    assert late.rate(10, 150) == 1 and late.rate(80, 150) == pytest.approx(0.5)
    cosine = Schedule(name="cosine", warmup=10)
    assert [cosine.rate(t, 110) for t in (0, 9, 10, 60, 110)] == pytest.approx([0.1, 1, 1, 0.5, 0])
    assert Schedule(name="constant").rate(7, 9) == 1
    apart = Schedule(milestones=(30, 40, 50, 55), factor=(0.5, 0.5, 0.5, 0.1), floor=0.02)
    rates = [apart.rate(epoch, 70) for epoch in (29, 30, 40, 50, 55)]
    assert rates == pytest.approx([1, 0.5, 0.25, 0.125, 0.02])


def test_the_schedule_of_hi_trs_s_fine_tuning():
    """Constant to epoch 20, counted from 1, then a half every 10, 0.0025 at least."""
    schedule = Schedule(milestones=(*range(20, 120, 10),), factor=0.5, floor=0.0025)
    for epoch in range(1, 131):
        wanted = 1 if epoch <= 20 else max(0.5 ** math.ceil((epoch - 20) / 10), 0.0025)
        assert schedule.rate(epoch - 1, 130) == pytest.approx(wanted)


def test_the_schedule_of_hi_trs_s_pre_training():
    """1,000 steps up, then down in a line to 2e-6 at step 50,000."""
    schedule = Schedule(name="linear", warmup_steps=1000, floor=2e-6 / 4e-4)
    for step in (0, 1, 500, 999, 1000, 1001, 25_500, 49_999):
        wanted = step / 1000 * 4e-4
        if step >= 1000:
            wanted = (4e-4 - 2e-6) * (1 - (step - 1000) / 49_000) + 2e-6
        assert 4e-4 * schedule.rate(step / 250, 200, 250) == pytest.approx(wanted)


def test_decay_leaves_normalisation_alone_where_asked():
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    groups = Optimiser(name="adamw", decay_all=False).build(module).param_groups
    assert [len(group["params"]) for group in groups] == [1, 3]
    assert [group["weight_decay"] for group in groups] == [5e-4, 0.0]
    assert len(Optimiser().build(module).param_groups[0]["params"]) == 4


def test_decay_leaves_position_codes_and_tokens_alone_where_asked():
    options = {"heads": 2, "head_width": 4, "hidden": 5, "dropout": 0.0}
    code = torch.zeros(3, 6)
    module = TokenTransformer(torch.nn.Linear(2, 6), code, summed=True, depth=1, **options)
    decayed, spared = Optimiser(name="adamw", decay_all=False).build(module).param_groups
    names = {id(p): name for name, p in module.named_parameters()}
    assert {names[id(p)] for p in decayed["params"]} == {
        "read.weight",
        "blocks.0.project.weight",
        "blocks.0.merge.weight",
        "blocks.0.feed.0.weight",
        "blocks.0.feed.2.weight",
    }
    assert len(spared["params"]) == len(names) - 5 and spared["weight_decay"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "training.epochs is 0"),
        ({"validation": 1.0}, "training.validation is 1.0"),
        ({"select": "best"}, "validation is 0, give a share"),
    ],
)
def test_wrong_numbers_name_themselves(options, message):
    with pytest.raises(LabanError, match=message):
        Training(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"floor": 1.0}, "schedule.floor is 1.0, give a number 0 or more and below 1"),
        ({"factor": (0.5, 0.0)}, "schedule.factor is 0.0, give a number above 0"),
        ({"factor": (0.5,)}, "factor has 1 numbers for 2 milestones"),
        ({"warmup": 1, "warmup_steps": 5}, "has warmup and warmup_steps, give one"),
    ],
)
def test_wrong_schedules_name_themselves(options, message):
    with pytest.raises(LabanError, match=message):
        Schedule(**options)
