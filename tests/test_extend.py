"""The pages on how to extend Laban are true: every block of them runs, in order."""

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from laban.cli import main
from laban.encoders import ENCODERS
from laban.objectives import OBJECTIVES
from laban.readers import READERS
from laban.run import Run
from laban.store import Store
from tests.pages import DOCS, ROOT, blocks

NAMES = ("encoder", "objective", "reader")
PAGES = {name: (DOCS / f"extend/{name}.md").read_text() for name in NAMES}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to run a page in, after which no name of it is known."""
    reports = SimpleNamespace(write_report=lambda *_, **__: None)
    reports.write_pretraining_report = reports.write_report
    monkeypatch.setitem(sys.modules, "laban.report", reports)  # drawings take half of the time
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known = [(names, set(names)) for names in (ENCODERS, OBJECTIVES, READERS)]
    modules = set(sys.modules)
    yield tmp_path
    for names, before in known:
        for name in set(names) - before:
            del names[name]
    for name in set(sys.modules) - modules:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == tmp_path:
            del sys.modules[name]


def run(line, monkeypatch):
    """One command line of a page: laban's, or that of a script of the page."""
    command, *words = shlex.split(line)
    if command == "laban":
        assert main(words) == 0, line
        return
    assert command == "python"
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(words[0], run_name="__main__")
    assert ended.value.code == 0, line


def follow(page, monkeypatch):
    """All blocks of a page, in order: those with a file's name are written, others run."""
    for kind, text in blocks(page):
        name = text.splitlines()[0].removeprefix("# ")
        if re.fullmatch(r"\w+\.(py|yaml)", name):
            Path(name).write_text("\n".join(text.splitlines()[1:]) + "\n")
        elif kind == "python":
            exec(text, {})  # noqa: S102 - our own page
        elif kind == "sh":
            for line in text.splitlines():
                run(line, monkeypatch)
        else:
            assert kind == "diff"


def test_the_page_on_encoders(folder, monkeypatch, capsys):
    follow(PAGES["encoder"], monkeypatch)
    made = Run.open("runs/joint-mlp")
    assert made.recipe["encoder"] == {"name": "joint-mlp", "widths": [32, 64]}
    assert Run.open("runs/bones").recipe["encoder"]["widths"] == [16, 16]
    tops = re.findall(r"top-1: ([\d.]+) %", capsys.readouterr().out)
    assert len(tops) == 3


def test_the_page_on_objectives(folder, monkeypatch, capsys):
    follow(PAGES["objective"], monkeypatch)
    assert Run.open("runs/turns").recipe["objective"]["name"] == "quarter-turns"
    assert len(re.findall(r"top-1: ([\d.]+) %", capsys.readouterr().out)) == 2


def test_the_page_on_readers(folder, monkeypatch, capsys):
    follow(PAGES["reader"], monkeypatch)
    store = Store("gym.arrow")
    assert sorted({store[key].label for key in range(4)}) == ["jump", "squat"]
    assert store[0].poses.max() < 2.1 and Path("jump.png").stat().st_size


# Where the files of a page go in the library, and what holds them there.
HOMES = {
    "joint_mlp.py": "src/laban/encoders",
    "quarter_turns.py": "src/laban/objectives",
    "pose_text.py": "src/laban/readers",
    "make_pose_text.py": "tests/data",
}
TESTS = [
    ("encoder", ["tests/encoders/test_contract.py", "-k", "joint-mlp and not compiles"]),
    ("objective", ["tests/objectives/test_contract.py", "-k", "quarter-turns or the_table"]),
    ("reader", ["tests/readers/test_readers.py", "-k", "pose-text"]),
]


def changed(text, diff):
    """A file's text with a page's change; its context must stand there once."""
    lines = diff.splitlines()
    old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    assert text.count(f"{old}\n") == 1, diff
    return text.replace(f"{old}\n", f"{new}\n")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tests"), TESTS, ids=[name for name, _ in TESTS])
def test_what_a_page_adds_to_the_library_passes_the_contract_tests(name, tests, tmp_path):
    for part in ("src", "tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for kind, text in blocks(PAGES[name]):
        first, _, rest = text.partition("\n")
        path = first.removeprefix("# ")
        if kind == "diff":
            place = tmp_path / path
            place.write_text(changed(place.read_text(), rest.rstrip("\n")))
        elif path in HOMES:
            (tmp_path / HOMES[path] / path).write_text(rest)
    layers = ["tests/test_architecture.py", "-k", "not help"]
    for words in (tests, layers):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
        environment = {"PYTHONPATH": str(tmp_path / "src"), "PATH": "", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:]  # 5 where no test fits
