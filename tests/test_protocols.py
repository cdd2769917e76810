"""``laban evaluate`` as a command: options, what is kept in the run, and how it is fused."""

import json
import shutil
from pathlib import Path

import pytest

from laban.arguments import options_of
from laban.cli import main
from laban.errors import LabanError
from laban.evaluation.scores import Scores
from laban.protocols import FIGURES, PROTOCOLS, find_scores


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    monkeypatch.setattr("laban.report.write_pretraining_report", lambda *_: None)


def test_help_shows_every_protocol_with_its_own_options(capsys):
    assert main(["evaluate", "--help"]) == 0
    text = capsys.readouterr().out
    for name, function in PROTOCOLS.items():
        own = text.split(f"--protocol {name}:")[1].split("--protocol ")[0]
        assert all(f"--{option.replace('_', '-')}" in own for option in options_of(function))


def test_nothing_takes_another_s_place(toy, pretrained, tmp_path, capsys):
    """Another benchmark, another option: each has its own file, and fusing takes the right one."""
    other = tmp_path / "other.yaml"
    other.write_text((toy / "toy.yaml").read_text().replace("name: toy", "name: other"))
    store = ["--data", str(toy / "store.arrow"), "--protocol", "knn"]
    for more in ([], ["--neighbours", "3"], ["--benchmark", str(other)]):
        assert main(["evaluate", str(pretrained), *store, *more]) == 0
    names = {path.stem for path in pretrained.glob("knn-*.parquet")}
    assert names == {"knn-toy", "knn-toy-neighbours-3", "knn-other"}
    assert find_scores(pretrained, "knn").stem == "knn-toy"
    assert find_scores(pretrained, "knn", "other").stem == "knn-other"
    assert Scores.load(find_scores(pretrained, "knn", "other")).benchmark == "other"
    (pretrained / "knn-toy.parquet").unlink()
    assert find_scores(pretrained, "knn").stem == "knn-toy-neighbours-3"
    three = (pretrained / "knn-toy-neighbours-3.parquet").read_bytes()
    (pretrained / "knn-toy-neighbours-5.parquet").write_bytes(three)
    with pytest.raises(LabanError, match="give the file in the run's place"):
        find_scores(pretrained, "knn")
    for path in pretrained.glob("knn-toy*.parquet"):
        path.unlink()
    (pretrained / "knn-other.parquet").rename(pretrained / "knn-toy-2.parquet")  # begins alike
    with pytest.raises(LabanError, match="judge the run with 'laban evaluate --protocol knn'"):
        find_scores(pretrained, "knn")


def test_what_was_pre_trained_has_no_scores_of_its_own(pretrained):
    with pytest.raises(LabanError, match="pre-trained without labels .* --protocol linear"):
        find_scores(pretrained, "recognition")


def test_pre_trained_runs_are_fused_by_their_linear_scores(toy, pretrained, capsys):
    store = str(toy / "store.arrow")
    run = str(pretrained)
    assert main(["evaluate", run, "--data", store, "--protocol", "knn"]) == 0
    capsys.readouterr()
    assert main(["fuse", run, run, "--protocol", "knn", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 12
    assert main(["fuse", run, run]) == 2  # it was never tested by training


def test_scores_that_were_not_found_alike_are_not_fused_unasked(toy, pretrained, tmp_path, capsys):
    options = ["--data", str(toy / "store.arrow"), "--protocol", "knn"]
    shutil.copytree(pretrained, tmp_path / "two")
    assert main(["evaluate", str(pretrained), *options]) == 0
    assert main(["evaluate", str(tmp_path / "two"), *options, "--neighbours", "3"]) == 0
    capsys.readouterr()
    for path in (tmp_path / "two").glob("knn-toy.parquet"):
        path.unlink()
    runs = [str(pretrained), str(tmp_path / "two")]
    assert main(["fuse", *runs, "--protocol", "knn"]) == 2
    assert "were not found alike" in capsys.readouterr().err
    files = [str(find_scores(Path(run), "knn")) for run in runs]
    assert main(["fuse", *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--protocol", "linaer"], "unknown protocol 'linaer': did you mean linear?"),
        (
            ["--protocol", "knn", "--epochs", "3"],
            "--epochs is no option of protocol knn: choose one",
        ),
        (["--protocol", "knn", "--neighbours", "0"], "neighbours is 0, give 1 or more"),
        ([], "pre-trained without labels and knows no classes"),
    ],
)
def test_what_a_protocol_cannot_do_is_said(options, message, toy, pretrained, capsys):
    store = str(toy / "store.arrow")
    assert main(["evaluate", str(pretrained), "--data", store, *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("protocol", sorted(FIGURES))
def test_what_leaves_no_scores_of_clips_cannot_be_fused(protocol, pretrained, capsys):
    assert main(["fuse", str(pretrained), str(pretrained), "--protocol", protocol]) == 2
    assert "there is nothing to fuse" in capsys.readouterr().err
