"""What a release consists of: dependencies, data files, citation, and the wheel by itself."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import laban
from tests.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Whose name on import is another than that of their package.
PACKAGES = {"yaml": "pyyaml", "PIL": "pillow", "google": "protobuf", "cv2": "opencv-python"}
# Parts of packages that are named, which need them themselves.
PARTS = {"docstring_parser": "jsonargparse", "starlette": "fastapi", "imageio_ffmpeg": "imageio"}


def named(requirements):
    return {re.split(r"[\[<>=!~ ]", one)[0] for one in requirements}


def imported(path):
    """The packages that a file imports: (name, whether it is at its top)."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        for name in names:
            yield name.split(".")[0], node in tree.body


def test_what_is_imported_is_a_dependency_and_what_is_not_everybodys_an_extra():
    everybody = named(PROJECT["dependencies"])
    extras = named(one for rows in PROJECT["optional-dependencies"].values() for one in rows)
    for path in sorted((ROOT / "src/laban").rglob("*.py")):
        for name, at_top in imported(path):
            if name in sys.stdlib_module_names or name == "laban":
                continue
            package = PARTS.get(name, PACKAGES.get(name, name.replace("_", "-")))
            # Imported by their commands, on demand.
            alone = path.name in ("server.py", "service.py", "export.py") or "viewer" in path.parts
            known = everybody if at_top and not alone else everybody | extras
            assert package in known, f"{path.name} imports {name}"


def test_every_extra_of_others_is_tested_with_a_stated_version():
    text = (ROOT / "constraints.txt").read_text().lower().replace("_", "-")
    tested = {line.split("==")[0] for line in text.splitlines() if "==" in line}
    wanted = named(PROJECT["dependencies"])
    wanted |= named(one for rows in PROJECT["optional-dependencies"].values() for one in rows)
    assert {name.lower() for name in wanted} - tested <= {"laban", "imageio"}


def test_the_citation_is_valid_and_of_this_version():
    """The keys that the format, https://citation-file-format.github.io, asks for, and no others."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["cff-version"] == "1.2.0" and cited["message"] and cited["title"] == "Laban"
    assert str(cited["version"]) == laban.__version__ == PROJECT["version"]
    assert cited["license"] == PROJECT["license"] == "Apache-2.0"
    assert cited["authors"] == [{"name": "The Laban authors"}] and cited["type"] == "software"
    known = {"cff-version", "message", "title", "abstract", "type", "authors", "version", "license"}
    assert set(cited) == known | {"keywords"}
    assert f"## {laban.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def run(command, folder, **environment):
    """What a command says on standard output, in a folder outside the repository."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


SCRIPT = """
import sys
from laban.cli import main
from laban.motions import write_dataset
import laban.demo

laban.demo.write_dataset = lambda folder, **given: write_dataset(
    folder, performers=(1, 3), cameras=(1,), seed=given["seed"]
)
sys.exit(main(["demo", "--out", "demo", "--epochs", "1"]))
"""


@pytest.mark.slow
def test_the_wheel_alone_has_all_that_it_needs(tmp_path):
    """Built from a copy, installed without this checkout; its dependencies are those here."""
    source, away = tmp_path / "source", tmp_path / "away"
    away.mkdir()
    tracked = run(["git", "ls-files", "-co", "--exclude-standard"], ROOT).splitlines()
    for name in tracked:
        if name.startswith("src/") or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "."]
    run([*build, "--no-index", "-w", tmp_path], source)
    (wheel,) = tmp_path.glob("laban-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    data = [path for path in (ROOT / "src/laban").rglob("*") if path.is_file()]
    data = [path for path in data if "__pycache__" not in path.parts]
    assert {str(path.relative_to(ROOT / "src")) for path in data} <= inside
    assert any(name.endswith("licenses/LICENSE") for name in inside)

    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    run([python, "-m", "pip", "install", "--no-deps", "--no-index", wheel], away)
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    command = tmp_path / "venv/bin/laban"
    assert run([command, "--version"], away).strip() == laban.__version__
    where = run([python, "-c", "import laban; print(laban.__file__)"], away)
    assert Path(where.strip()).is_relative_to(tmp_path)
    assert "--epochs" in run([command, "demo", "--help"], away)
    assert "stst-5-ps-pc-pt" in run([command, "recipes", "--paper", "stst"], away)
    (away / "small.py").write_text(SCRIPT)
    assert "top-1: " in run([python, "small.py"], away, OMP_NUM_THREADS="1")
    assert (away / "demo/run/report.html").stat().st_size
