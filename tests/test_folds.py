"""A benchmark of folds: one command trains them all and gives the mean."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from make_dhg import write_dhg

from laban import benchmarks, commands
from laban.cli import main
from laban.evaluation.scores import Scores

RECIPE = """
benchmark: dhg-14
pipeline: {name: dsta-net, window: 8, crop: 6, scale: false}
encoder: {name: dsta-net, heads: 1, layers: [[8, 4, 1]]}
objective: {name: recognition}
training: {epochs: 1, batch: 4, schedule: {name: constant}}
"""


def test_folds_are_trained_one_by_one_and_averaged(tmp_path, monkeypatch, capsys):
    cuts = {(g, 1, s, t): (1, 9) for g in (1, 2) for s in (1, 2, 3) for t in (1, 2)}
    write_dhg(tmp_path / "raw", cuts)
    assert main(["convert", "dhg", str(tmp_path / "raw"), str(tmp_path / "s.arrow")]) == 0
    (tmp_path / "r.yaml").write_text(RECIPE)
    for module in (benchmarks, commands):
        monkeypatch.setitem(module.FOLDS, "dhg-14", 3)
    monkeypatch.setitem(sys.modules, "laban.report", SimpleNamespace(write_report=lambda *_: None))
    capsys.readouterr()
    arguments = ["train", str(tmp_path / "r.yaml"), "--data", str(tmp_path / "s.arrow")]
    arguments += ["--out", str(tmp_path / "runs"), "--json"]
    assert main(arguments) == 0
    value = json.loads(capsys.readouterr().out)
    assert len(value["folds"]) == 3
    assert value["top1"] == pytest.approx(sum(value["folds"]) / 3, abs=0.01)
    for fold in (1, 2, 3):
        facts = json.loads((tmp_path / f"runs/fold-0{fold}/run.json").read_text())
        assert facts["benchmark"]["test"] == {"subject": [str(fold)]}
    assert main([*arguments, "--resume"]) == 0
    assert json.loads(capsys.readouterr().out)["folds"] == value["folds"]


def test_runs_of_folds_are_fused_fold_by_fold(tmp_path, capsys):
    """As DSTA-Net's Table 3 has DHG: four streams fused, the mean over the folds."""
    rng, labels = np.random.default_rng(0), [0, 1, 1, 0]
    runs = [str(tmp_path / name) for name in ("joint", "bone")]
    for fold in (1, 2, 3):
        for run in runs:
            folder = tmp_path / run / f"fold-{fold:02d}"
            folder.mkdir(parents=True)
            Scores(
                benchmark=f"dhg-14:{fold}",
                split="test",
                classes=("grab", "tap"),
                clips=tuple(f"c{fold}{n}" for n in range(4)),
                labels=labels,
                values=rng.normal(size=(4, 2)),
            ).save(folder / "test.parquet")
    assert main(["fuse", *runs, "--scores", "logits", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    tops = []
    for fold in ("fold-01", "fold-02", "fold-03"):
        parts = [str(tmp_path / run / fold) for run in runs]
        assert main(["fuse", *parts, "--scores", "logits", "--json"]) == 0
        tops.append(json.loads(capsys.readouterr().out)["top1"])
    assert len(set(tops)) > 1
    assert value["benchmark"] == "dhg-14" and value["folds"] == tops
    assert value["top1"] == pytest.approx(sum(tops) / 3, abs=0.01)
    assert set(value["runs"]) == set(runs)
    assert main(["fuse", *runs]) == 0
    assert "fused, dhg-14, mean of 3 folds" in capsys.readouterr().out
    for path in (tmp_path / "bone/fold-03").iterdir():
        path.unlink()
    (tmp_path / "bone/fold-03").rmdir()
    assert main(["fuse", *runs]) == 2
    assert "joint has 3" in (said := capsys.readouterr().err) and "bone has 2" in said
