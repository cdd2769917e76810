"""Exported files compute what their runs compute."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from rich.console import Console

from laban import load
from laban.benchmarks import Benchmark
from laban.cli import main
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.export import _together, export
from laban.inference import Recogniser
from laban.pipelines import PIPELINES
from laban.run import Run
from laban.runtime import ExportedPredictor
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.traced import TOLERANCE
from tests.conftest import toy_clips

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

# The smallest of each kind: what costs time is the number of layers.
ST_TR = {"layers": [[8, 1, "convolution"], [8, 2, "attention"]], "heads": 2, "poses_at": 1}
SMALL = {
    "dsta-net": {"layers": [[8, 4, 2]], "heads": 2},
    "st-gcn": {"layers": [[8, 2]], "kernel": 3},
    "stst": {"layers": [[8, 4, 1]], "heads": [2, 2]},
    "hi-trs": {"width": 8, "depth": 1, "heads": 2, "head_width": 4},
    "s-tr": ST_TR,
    "t-tr": ST_TR,
    "st-tr-1s": ST_TR,
}
# What shapes hang on in other ways: frames or persons fixed, maps a frame, odd windows.
MORE = [
    ("dsta-net", {"regularisation": "spatial-temporal", "frames": 300}, "st-tr"),
    ("dsta-net", {"attention": "a", "position": "unified"}, "hi-trs"),
    ("stst", {"attention": "tanh", "temporal": "directed-average"}, "hi-trs"),
    ("hi-trs", {"windows": [2, 1, 5], "repeat_short": True, "absent_as_zeros": True}, "hi-trs"),
    ("t-tr", {"graph": "adaptive", "persons": 2}, "hi-trs"),
    ("t-tr", {"layers": [[8, 1, "convolution"], [8, 1, 4]], "augment": 0.5}, "hi-trs"),
]


def make_run(folder, name, options=None, pipeline="hi-trs", stream="joint"):
    """A run of random weights and batch statistics."""
    torch.manual_seed(0)
    run = Run(
        path=folder,
        recipe={
            "pipeline": {"name": pipeline},
            "encoder": {"name": name} | SMALL[name] | (options or {}),
            "objective": {"name": "recognition"},
        },
        skeleton=SKELETONS["kinect-v2"],
        channels=3,
        stream=stream,
        benchmark=Benchmark.from_json(
            {
                "name": "toy",
                "classes": ["rise", "fall"],
                "train": {"subject": ["1"]},
                "test": {"subject": ["4"]},
            }
        ),
    )
    parts = run.build()
    for module in parts.encoder.modules():
        if hasattr(module, "running_var"):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    folder.mkdir()
    run.save_weights(parts.objective)
    return folder


def clips():
    """Clips of several lengths; a second person comes late, or never."""
    found = [clip for clip, _ in zip(toy_clips(), range(6), strict=False)]
    for number, clip in enumerate(found):
        both = np.concatenate((clip.poses, clip.poses[:, ::-1] + 1))
        both[1, : (5, 99)[number % 2]] = 0
        found[number] = type(clip)(clip.name, both, clip.skeleton)
    return found


def check(run, out):
    """Predictions of a file and its run, on clips and on each alone."""
    said = export(run, out).value
    assert said["difference"] <= TOLERANCE
    if out.suffix == ".onnx":
        wanted, got = Recogniser(Run.open(run)), ExportedPredictor(out, threads=1)
        size = max(1, np.abs(expected := wanted.scores(clips())).max())
        np.testing.assert_allclose(got.scores(clips()) / size, expected / size, atol=1e-4)
        for clip, row in zip(clips(), expected, strict=True):
            np.testing.assert_allclose(got.scores([clip])[0] / size, row / size, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ENCODERS if name != "st-gcn"])
def test_every_encoder(tmp_path, name):
    check(make_run(tmp_path / "run", name), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options", "pipeline"), MORE)
def test_what_fixes_or_hangs_on_shapes(tmp_path, name, options, pipeline):
    check(make_run(tmp_path / "run", name, options, pipeline), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("stream", ["joint+bone", "fast"])
def test_every_pipeline_and_stream(tmp_path, pipeline, stream):
    run = make_run(tmp_path / "run", "st-gcn", pipeline=pipeline, stream=stream)
    check(run, tmp_path / "model.onnx")


@pytest.mark.slow
def test_torch_export(tmp_path):
    check(make_run(tmp_path / "run", "st-gcn"), tmp_path / "model.pt2")
    extra = {"laban.json": ""}
    torch.export.load(tmp_path / "model.pt2", extra_files=extra)
    assert json.loads(extra["laban.json"])["benchmark"]["classes"] == ["rise", "fall"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A run, its file and the file in 8 bits, with what the command said."""
    folder = tmp_path_factory.mktemp("export")
    run = make_run(folder / "run", "st-gcn", stream="bone-motion")
    Store.write(folder / "store.arrow", toy_clips())
    said = export(run, folder / "model.onnx", data=folder / "store.arrow", int8=True)
    return folder, said


def test_a_file_says_what_its_run_says(file):
    folder, said = file
    assert said.value["difference"] <= TOLERANCE
    wanted, got = (
        load(folder / "run").predict(clips()),
        load(folder / "model.onnx").predict(clips()),
    )
    for one, two in zip(wanted, got, strict=True):
        assert (one.clip, one.label) == (two.clip, two.label)
        assert one.probability == pytest.approx(two.probability, abs=1e-5)


def test_a_file_carries_its_card(file):
    folder, _ = file
    card, run = load(folder / "model.onnx").card, Run.open(folder / "run")
    assert card.facts() == run.facts()


def test_eight_bits_stay_near_and_both_accuracies_are_told(file):
    folder, said = file
    exact, small = (load(folder / name) for name in ("model.onnx", "model.int8.onnx"))
    one, two = exact.scores(clips()), small.scores(clips())
    assert 0 < np.abs(one - two).max() < 0.1 * np.abs(one).max()
    tops = said.value["top1"]
    test = [clip for clip in toy_clips() if clip.facts["subject"] == "4"]
    for path, top in tops.items():
        right = [load(path).predict(clip)[0].label == clip.label for clip in test]
        assert top == pytest.approx(100 * np.mean(right), abs=0.01)
        assert f"top-1 of {path}" in said.text
    assert len(tops) == 2


def test_prediction_needs_no_pytorch(file):
    """`laban predict model.onnx FILE` where importing PyTorch fails."""
    folder, _ = file
    program = (
        "import sys\n"
        "heavy = 'torch lightning_fabric torchmetrics safetensors joblib matplotlib PIL rich'\n"
        "for name in heavy.split():\n"
        "    sys.modules[name] = None\n"
        "from laban.cli import main\n"
        "sys.exit(main(['predict', *sys.argv[1:], '--json']))"
    )
    words = [str(folder / "model.onnx"), str(folder / "store.arrow")]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    wanted = load(folder / "run").predict(toy_clips())
    assert [row["label"] for row in json.loads(done.stdout)] == [row.label for row in wanted]


def test_a_file_that_is_there_stays(file, tmp_path):
    folder, _ = file
    before = (folder / "model.onnx").read_bytes()
    with pytest.raises(LabanError, match=r"model\.onnx exists: .* or --overwrite"):
        export(folder / "run", folder / "model.onnx")
    assert (folder / "model.onnx").read_bytes() == before
    (tmp_path / "m.int8.onnx").write_bytes(b"old")
    with pytest.raises(LabanError, match=r"m\.int8\.onnx exists"):
        export(folder / "run", tmp_path / "m.onnx", int8=True)
    with pytest.raises(LabanError, match="none"):  # the next thing that is asked
        export(tmp_path / "none", folder / "model.onnx", overwrite=True)


def test_a_store_that_cannot_be_judged_is_refused_before_the_work(tmp_path):
    run = make_run(tmp_path / "run", "st-gcn")
    Store.write(tmp_path / "train.arrow", (c for c in toy_clips() if c.facts["subject"] == "1"))
    Store.write(tmp_path / "test.arrow", (c for c in toy_clips() if c.facts["subject"] == "4"))
    out = tmp_path / "model.onnx"
    with pytest.raises(LabanError, match=r"none\.arrow does not exist"):
        export(run, out, data=tmp_path / "none.arrow")
    with pytest.raises(LabanError, match="no test clips"):
        export(run, out, data=tmp_path / "train.arrow")
    with pytest.raises(LabanError, match="no train clips"):
        export(run, out, data=tmp_path / "test.arrow", int8=True)
    with pytest.raises(LabanError, match=r"--data is about \.onnx files"):
        export(run, out.with_suffix(".pt2"), data=tmp_path / "test.arrow")
    assert not out.exists() and not out.with_suffix(".pt2").exists()


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("difference", RuntimeError("differs")),
        ("quantise", KeyboardInterrupt()),
        ("top1", LabanError("fault")),
    ],
)
def test_a_file_that_does_not_become_whole_is_not_there(tmp_path, monkeypatch, step, fault):
    """Neither it nor a part of it; and what was there before stays."""
    run, out = make_run(tmp_path / "run", "st-gcn"), tmp_path / "out" / "model.onnx"
    Store.write(tmp_path / "store.arrow", toy_clips())
    out.parent.mkdir()
    out.write_bytes(b"old")

    def fail(*_):
        raise fault

    def saved(_, place, __):
        place.write_bytes(b"new")

    for name in ("exported", "most_frames", "difference", "quantise", "calibration"):
        monkeypatch.setattr(f"laban.export.{name}", lambda *_: None)
    monkeypatch.setattr("laban.export.ExportedPredictor", lambda _: None)
    monkeypatch.setattr("laban.export.save_onnx", saved)
    monkeypatch.setattr(f"laban.export.{step}", fail)
    with pytest.raises(type(fault)):
        export(run, out, data=tmp_path / "store.arrow", int8=True, overwrite=True)
    assert [path.name for path in out.parent.iterdir()] == ["model.onnx"]
    assert out.read_bytes() == b"old"


def test_a_fault_of_a_file_names_it_where_it_was_to_be(tmp_path):
    outs = [tmp_path / name for name in ("m.onnx", "m.int8.onnx")]
    for number in range(2):
        with pytest.raises(LabanError) as fault, _together(outs) as places:
            raise LabanError(f"{places[number]} takes 300 frames")
        assert str(fault.value) == f"{outs[number]} takes 300 frames"


def test_a_terminal_shows_the_steps_and_standard_output_nothing(tmp_path, monkeypatch, capsys):
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=200)
    monkeypatch.setattr("laban.export.Console", lambda stderr: terminal if stderr else None)
    export(make_run(tmp_path / "run", "st-gcn"), tmp_path / "m[b].pt2")
    for step in ("tracing the network", "writing m[b].pt2", "comparing m[b].pt2 with PyTorch"):
        assert step in shown.getvalue()
    assert capsys.readouterr().out == ""


COMMANDS = {
    "evaluate": ["--data", "s.arrow"],
    "export": ["out.onnx"],
    "fuse": ["r"],
    "detect": ["s.arrow"],
    "forecast": ["s.arrow"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_exported_file_in_a_run_s_place_is_called_what_it_is(tmp_path, capsys, command):
    for name, use in (("m.onnx", "'laban predict'"), ("m.pt2", "torch.export.load")):
        (tmp_path / name).write_bytes(b"")
        assert main([command, str(tmp_path / name), *COMMANDS[command]]) == 2
        said = capsys.readouterr().err
        assert f"{name} is an exported file" in said and use in said and "run folder" in said
    with pytest.raises(LabanError, match=r"weights\.safetensors is a file: name a run folder"):
        Run.open(make_run(tmp_path / "run", "st-gcn") / "weights.safetensors")


def test_a_file_of_torch_export_is_called_what_it_is(tmp_path, capsys):
    (tmp_path / "m.pt2").write_bytes(b"")
    for command in ("predict", "serve"):
        assert main([command, str(tmp_path / "m.pt2"), str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert "m.pt2 is for programs that call torch.export.load" in said and ".onnx" in said


def test_what_is_no_export_is_refused(file, tmp_path):
    folder, _ = file
    (tmp_path / "odd.onnx").write_bytes(b"\x00damaged")
    with pytest.raises(LabanError, match=r"odd\.onnx cannot be read"):
        load(tmp_path / "odd.onnx")
    with pytest.raises(LabanError, match=r"none\.onnx is no file"):
        load(tmp_path / "none.onnx")
    with pytest.raises(LabanError, match=r"must end in \.onnx or \.pt2"):
        export(folder / "run", tmp_path / "model.bin")
    with pytest.raises(LabanError, match="is no folder"):
        export(folder / "run", tmp_path / "none" / "model.onnx")
    with pytest.raises(LabanError, match="has skeleton hand-20"):
        load(folder / "model.onnx").predict(
            type(clips()[0])("x", np.ones((1, 5, 20, 3)), SKELETONS["hand-20"])
        )
