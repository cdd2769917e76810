"""Which precision a training gets: the machine's where it may choose, else the one asked for."""

import json

import pytest
import torch
import yaml

import laban.training.launch
from laban.cli import main
from laban.config import load_recipe, recipe_names
from laban.training.launch import definite, multiplies_bfloat16


def train(toy, out, *options: str) -> int:
    store = str(toy / "store.arrow")
    arguments = [str(toy / "recipe.yaml"), "--data", store, "--out", str(out)]
    return main(["train", *arguments, "--training.epochs", "1", *options, "--json"])


def pretend(monkeypatch, *, has: bool) -> None:
    monkeypatch.setattr("laban.training.launch.multiplies_bfloat16", lambda: has)
    monkeypatch.setattr("laban.train.multiplies_bfloat16", lambda: has)


@pytest.mark.parametrize(("has", "word"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_is_bfloat16_where_the_machine_multiplies_it(monkeypatch, has, word):
    pretend(monkeypatch, has=has)
    assert definite("auto") == word
    assert definite("64-true") == "64-true" and definite("bf16-mixed") == "bf16-mixed"


@pytest.mark.parametrize(
    ("told", "has"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"architecture": "aarch64", "neon": True, "bf16": True}, True),
        ({"architecture": "aarch64", "neon": True}, False),
    ],
)
def test_a_processor_tells_what_it_has(monkeypatch, told, has):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert multiplies_bfloat16() is has


def test_a_pytorch_that_does_not_tell_is_asked_otherwise(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert multiplies_bfloat16() is True
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert multiplies_bfloat16() is False


def test_a_run_keeps_the_chosen_word_and_resumes_in_no_other(toy, tmp_path, monkeypatch, capsys):
    pretend(monkeypatch, has=False)
    auto = ("--training.precision", "auto")
    assert train(toy, tmp_path / "run", *auto) == 0
    kept = yaml.safe_load((tmp_path / "run/recipe.yaml").read_text())
    assert kept["training"]["precision"] == "32-true"
    assert "imitates" not in capsys.readouterr().err
    pretend(monkeypatch, has=True)
    assert train(toy, tmp_path / "run", *auto, "--resume") == 2
    assert "other values of recipe.training.precision" in capsys.readouterr().err
    assert train(toy, tmp_path / "run", "--training.precision", "32-true", "--resume") == 0


def test_imitated_bfloat16_is_said(toy, tmp_path, monkeypatch, capsys):
    pretend(monkeypatch, has=False)
    assert train(toy, tmp_path / "run", "--training.precision", "bf16-mixed") == 0
    said = capsys.readouterr()
    assert "only imitates bfloat16" in said.err and "--training.precision auto" in said.err
    json.loads(said.out)


def test_no_recipe_demands_what_a_processor_may_not_have():
    names = [name for name in recipe_names() if not laban.config.table_row(name).get("fuse")]
    words = {load_recipe(name).get("training", {}).get("precision", "32-true") for name in names}
    assert words == {"32-true", "auto"}
