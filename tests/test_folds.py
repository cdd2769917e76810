"""A benchmark of folds: one command trains them all and gives the mean."""

import json
import sys
from types import SimpleNamespace

import pytest
from make_dhg import write_dhg

from laban import benchmarks, commands
from laban.cli import main

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
