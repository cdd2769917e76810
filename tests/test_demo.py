import json
from functools import partial

import pytest

import laban.demo
from laban.cli import main
from laban.motions import ACTIONS, write_dataset


def test_the_demo_s_road_from_raw_files_to_a_report(tmp_path, monkeypatch, capsys):
    """Few performers and one epoch: every step, but nothing learned."""

    def few(folder, **options):
        return write_dataset(folder, performers=(1, 2, 3, 6), cameras=(1,), seed=options["seed"])

    monkeypatch.setattr(laban.demo, "write_dataset", few)
    assert main(["demo", "--out", str(tmp_path / "demo"), "--epochs", "1", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["clips"] == 2 * len(ACTIONS) and set(value["per_class"]) == set(ACTIONS.values())
    assert 0 <= value["nearest_neighbour"] <= 100
    report = (tmp_path / "demo/run/report.html").read_text()
    assert "clapping" in report
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 2
    assert "exists already" in capsys.readouterr().err


def test_the_last_line_is_the_accuracy(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(laban.demo, "write_dataset", partial(write_dataset, performers=(1, 3)))
    assert main(["demo", "--out", str(tmp_path / "demo"), "--epochs", "1"]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("top-1: ") and last.endswith(" %")


@pytest.mark.slow
def test_the_demo_names_nine_of_ten_actions_of_unseen_performers(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "demo"), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["clips"] == 20 * 2 * len(ACTIONS)
    assert value["top1"] >= 90
    assert value["top1"] >= value["nearest_neighbour"] + 10
