"""What holds for the source as a whole: layers, data sheets, shapes in docstrings, no ghosts."""

import ast
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/laban"
FILES = sorted(SOURCE.rglob("*.py"))

# Each layer may import from itself and from those before it.
LAYERS = [
    {"errors", "progress", "result", "unfinished", "component", "prediction", "alignment"},
    {"arguments", "yaml_text"},
    {"skeletons"},
    {"clip", "own_layout"},
    {"classes", "layout", "block", "draws", "batch", "mapping"},
    {"readers", "benchmarks", "store", "people", "geometry", "sampling", "streams", "augment"},
    {"extrapolation"},
    {"naming", "reading", "writers", "resume", "detection"},
    {"motions", "render", "render_page", "convert", "health", "download"},
    {"info"},
    {"pipelines", "card"},
    {"live_frame", "dataset", "splits", "recordings", "write", "windows", "video"},
    {"runtime"},
    {"quantise"},
    {"nn"},
    {"encoders"},
    {"official"},
    {"objectives"},
    {"training"},
    {"assembly"},
    {"run"},
    {"detector", "forecaster"},
    {"evaluation"},
    {"inference"},
    {"loading"},
    {"live", "traced"},
    {"export"},
    {"service", "viewer"},
    {"server"},
    {"serve"},
    {
        "figures",
        "page",
        "plotting",
        "report_clips",
        "report_judged",
        "report_run",
        "report",
        "report_tasks",
        "timeline",
        "afterimage",
    },
    {"recipes"},
    {"config"},
    {"tasks"},
    {"train", "importing"},
    {"tuning"},
    {"protocols"},
    {"commands", "predict", "demo", "detect", "follow", "forecast", "watch"},
    {"cli", "__main__", "__init__"},
]
LEVEL = {module: level for level, layer in enumerate(LAYERS) for module in layer}


def layer_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """The top-level modules of laban that a file imports, lazily too."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "laban":
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("laban.")}
    return names & set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_one_way(path):
    own = layer_of(path)
    assert own in LEVEL, f"{own} has no layer: give it one in LAYERS"
    if path == SOURCE / "__init__.py":
        return
    wrong = {name for name in imported(ast.parse(path.read_text())) if LEVEL[name] > LEVEL[own]}
    assert not wrong, f"{own} imports {wrong}, which stand above it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_and_functions_fit_in_the_eye(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                lines = body[-1].end_lineno - body[0].lineno + 1
                assert lines <= 60, f"{node.name} has {lines} lines"


def test_encoders_import_nothing_of_ours_but_nn_and_skeletons():
    for path in (SOURCE / "encoders").glob("*.py"):
        allowed = {"nn", "skeletons", "errors", "encoders"}
        assert imported(ast.parse(path.read_text())) <= allowed, path.name


def test_data_sheets_name_their_source():
    for folder in ("encoders", "objectives", "readers", "pipelines"):
        for path in (SOURCE / folder).glob("*.py"):
            if path.stem in {"__init__", "source", "text", "ntu_text"}:
                continue
            assert "http" in (ast.get_docstring(ast.parse(path.read_text())) or ""), path


def test_tensor_functions_say_their_shapes():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "forward":
                names = [argument.arg for argument in node.args.args]
                if "ctx" not in names:
                    assert "->" in (ast.get_docstring(node) or ""), f"{path.name} {node.name}"


def test_joint_numbers_stand_in_one_place():
    """No file but the layouts holds a long table of small whole numbers."""
    table = re.compile(r"(?:\b\d{1,2}\b[,)\s(]+){12,}")
    for path in FILES:
        if path.parent.name in ("skeletons", "benchmarks"):
            continue
        assert not table.search(path.read_text()), path.name


def test_help_answers_within_half_a_second():
    best = 9.0
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "laban", "--help"], capture_output=True, text=True, check=True
        )
        best = min(best, time.perf_counter() - began)
    assert "convert" in done.stdout and "train" in done.stdout
    assert best < 0.5
