"""What the README says runs."""

import re
import shlex
from pathlib import Path

import pytest

from laban import config
from laban.arguments import signature_parser
from laban.cli import COMMANDS
from laban.commands import evaluation_parser

README = (Path(__file__).parents[1] / "README.md").read_text()
LINES = re.findall(r"(?:^    |`)(laban [^`\n]+?)(?:`|$)", README, re.MULTILINE)


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(block, {})  # noqa: S102 - our own page
    assert "(1, 60, 25, 3)" in capsys.readouterr().out


def test_the_benchmark_example_is_one(tmp_path):
    from laban.benchmarks import find_benchmark

    (block,) = re.findall(r"(    name: mine\n(?:    .*\n)+)", README)
    (tmp_path / "mine.yaml").write_text(re.sub("^    ", "", block, flags=re.MULTILINE))
    assert find_benchmark(str(tmp_path / "mine.yaml")).classes == ("walk", "run")


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_is_understood(line):
    from importlib import import_module

    _, name, *rest = shlex.split(line)
    module, function, _ = COMMANDS[name]
    if name in ("train", "pretrain"):
        recipe, *rest = rest
        if "--help" in rest:
            return
        for option in ("--data", "--out"):
            place = rest.index(option)
            del rest[place : place + 2]
        config.resolve(config.load_recipe(recipe), rest)
        return
    if name == "evaluate":
        evaluation_parser(rest).parse_args(rest)
        return
    signature_parser(name, getattr(import_module(module), function)).parse_args(rest)


def test_there_are_lines_to_check():
    assert len(LINES) >= 8
