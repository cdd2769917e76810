"""What people feed a tool by mistake: one sentence with the place, and what existed stays."""

import json
import os
import re

import numpy as np
import pyarrow as pa
import pytest

from laban.cli import main
from laban.clip import Clip
from laban.motions import record, write_ntu
from laban.skeletons import SKELETONS
from laban.store import Store

RECIPE = """
pipeline: {name: general, frames: 4}
encoder: {name: dsta-net, heads: 1, layers: [[8, 4, 1]]}
objective: {name: recognition}
training: {epochs: 1, batch: 4}
"""
BENCHMARK = "name: own\nclasses: [a, b]\ntrain: {subject: [1]}\ntest: {subject: [2]}\n"


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    write_ntu(record(8, 1), folder)
    return folder


@pytest.fixture
def work(tmp_path):
    """A store, a recipe and a benchmark that fit."""
    rng = np.random.default_rng(0)
    clips = [
        Clip(
            f"c{n}",
            rng.normal(size=(1, 6, 25, 3)),
            SKELETONS["kinect-v2"],
            label="ab"[n % 2],
            facts={"subject": str(1 + n // 6)},
        )
        for n in range(12)
    ]
    Store.write(tmp_path / "s.arrow", clips)
    (tmp_path / "r.yaml").write_text(RECIPE)
    (tmp_path / "b.yaml").write_text(BENCHMARK)
    return tmp_path


def said(capsys, arguments, status=2):
    assert main([str(word) for word in arguments]) == status
    out, err = capsys.readouterr()
    assert out == ""
    sentence = err.strip().splitlines()[-1]
    assert sentence.startswith("laban: ") and "Traceback" not in err
    return sentence


def train(work, *options, out="run"):
    store, recipe = work / "s.arrow", work / "r.yaml"
    own = ["--benchmark", work / "b.yaml"]
    return ["train", recipe, "--data", store, "--out", work / out, *own, *options]


FAULTS = {
    "truncated": (lambda text: text[: len(text) // 2], r"line \d+"),
    "without frames": (lambda _: b"0\r\n", "0 frames"),
    "not a number": (
        lambda text: re.sub(rb"\n-?\d+\.\d+ ", b"\nnan ", text, count=1),
        "(?i)nan|finite",
    ),
    "binary": (lambda _: bytes(range(256)) * 9, "line 1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_skeleton_file(raw, tmp_path, capsys, fault):
    spoil, message = FAULTS[fault]
    good = next(raw.iterdir())
    bad = raw / good.name.replace("A008", "A009")
    bad.write_bytes(spoil(good.read_bytes()))
    assert main(["convert", "ntu", str(raw), str(tmp_path / "s.arrow")]) == 0
    out, err = capsys.readouterr()
    assert "1 clips" in out and "1 skipped" in out
    (line,) = (line for line in err.splitlines() if line.startswith("skipped"))
    assert bad.name in line and re.search(message, line), line

    before = (tmp_path / "s.arrow").read_bytes()
    good.unlink()
    sentence = said(capsys, ["convert", "ntu", raw, tmp_path / "s.arrow", "--overwrite"])
    assert bad.name in sentence
    assert (tmp_path / "s.arrow").read_bytes() == before
    assert bad.name in said(capsys, ["render", bad, tmp_path / "x.png"])


def test_a_zip_that_is_none(tmp_path, capsys):
    (tmp_path / "x.zip").write_bytes(b"PK no zip at all" * 99)
    sentence = said(capsys, ["convert", "ntu", tmp_path / "x.zip", tmp_path / "s.arrow"])
    assert "x.zip" in sentence and "zip" in sentence.replace("x.zip", "")
    assert not (tmp_path / "s.arrow").exists()


def test_a_store_from_a_newer_version(work, capsys):
    with pa.memory_map(str(work / "s.arrow")) as file:
        table = pa.ipc.open_file(file).read_all()
    notes = dict(table.schema.metadata)
    facts = json.loads(notes[b"laban"])
    facts["format"] += 6
    table = table.replace_schema_metadata(notes | {b"laban": json.dumps(facts).encode()})
    with (
        pa.OSFile(str(work / "new.arrow"), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table)
    sentence = said(capsys, ["info", work / "new.arrow"])
    assert "newer version" in sentence and "update laban" in sentence


def test_a_misspelt_key(work, capsys):
    (work / "r.yaml").write_text(RECIPE.replace("epochs", "epocs"))
    sentence = said(capsys, train(work))
    assert "training.epocs" in sentence and "training.epochs" in sentence
    assert not (work / "run").exists()


def test_a_label_outside_the_class_list(work, capsys):
    (work / "b.yaml").write_text(BENCHMARK.replace("[a, b]", "[a, c]"))
    sentence = said(capsys, train(work))
    assert "'b' is not a class of benchmark own" in sentence
    assert not (work / "run").exists()


def test_a_run_folder_that_exists(work, capsys):
    (work / "run").mkdir()
    (work / "run/thesis.txt").write_text("years of work")
    sentence = said(capsys, train(work))
    assert "exists already" in sentence and "--resume" in sentence
    assert os.listdir(work / "run") == ["thesis.txt"]
    (work / "file").write_text("x")
    assert "is a file" in said(capsys, train(work, out="file"))


def test_a_benchmark_that_the_store_cannot_serve(work, capsys):
    (work / "b.yaml").write_text(BENCHMARK.replace("test: {subject: [2]}", "test: {subject: [9]}"))
    assert "has no test clips for this benchmark" in said(capsys, train(work))
    sentence = said(capsys, train(work, "--benchmark", "ntu60-xsb"))
    assert "did you mean ntu60-xsub" in sentence


def test_another_skeleton(work, capsys):
    hands = np.random.default_rng(0).normal(size=(1, 5, 22, 3))
    clips = [Clip(name, hands, SKELETONS["hand-22"], label="a") for name in ("h", "i", "j", "k")]
    Store.write(work / "h.arrow", clips)
    assert main([str(word) for word in train(work)]) == 0
    capsys.readouterr()
    sentence = said(capsys, ["predict", work / "run", work / "h.arrow"])
    assert "clip h has skeleton hand-22, this run takes kinect-v2: map it with" in sentence
    assert sentence.endswith("(and 3 more, such as i and j)")
    both = ["predict", work / "run", work / "s.arrow", work / "h.arrow"]
    assert main([str(word) for word in both]) == 0
    assert capsys.readouterr().err.count("hand-22") == 1


def test_weights_that_are_none(work, capsys):
    (work / "run").mkdir()
    (work / "run/weights.safetensors").write_bytes(b"not weights" * 9)
    sentence = said(capsys, ["evaluate", work / "run", "--data", work / "s.arrow"])
    assert "weights.safetensors is damaged" in sentence
