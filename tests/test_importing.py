"""Official checkpoints as runs: seeded weights in, the official loader's scores out."""

import json
import pickle
import re
from hashlib import sha256

import numpy as np
import pytest
import torch
import yaml
from torch import nn

import laban
import laban.official
from laban import config
from laban.batch import collate
from laban.benchmarks import BENCHMARKS
from laban.cli import main
from laban.clip import Clip
from laban.dataset import ClipDataset
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.evaluation.scores import Scores
from laban.importing import BASES, import_checkpoint
from laban.official.checkpoint import PLACES, read_checkpoint
from laban.report import write_report
from laban.run import Run
from laban.skeletons import SKELETONS
from laban.splits import split_store
from laban.store import Store
from tests.test_official import LAYERS, Official, golden

# Of each golden checkpoint: benchmark, encoder, pipeline and layout of its run.
WANTED = {
    "dsta-net": ("shrec17-14", "dsta-net", "dsta-net", "hand-22"),
    "st-tr-spatial": ("ntu60-xsub", "s-tr", "st-tr", "kinect-v2"),
    "st-tr-temporal": ("ntu60-xsub", "t-tr", "st-tr", "kinect-v2"),
    "stst": ("shrec17-28", "stst", "dsta-net", "hand-22"),
    "hi-trs": ("ntu60-xsub", "hi-trs", "hi-trs", "kinect-v2"),
}


def noise(skeleton, *, name="c", persons=1, frames=20, seed=0, **facts):
    poses = np.random.default_rng(seed).normal(size=(persons, frames, len(skeleton), 3))
    return Clip(name, poses, skeleton, **facts)


def saved(path, value):
    torch.save(value, path)
    return path


def small(path, **options):
    """A small DSTA-Net's checkpoint."""
    return saved(path, Official(**({"layers": LAYERS, "classes": 14} | options)).state_dict())


def scores_of(run, clip):
    """(what a run says of a clip, the view that its network gets)."""
    parts = laban.load(run).parts
    batch = collate([parts.pipeline.prepare(clip)], [-1], [0])
    with torch.inference_mode():
        return parts.objective.cpu().scores(batch), parts.objective.view(batch)


def same(scores, wanted):
    torch.testing.assert_close(scores, wanted, atol=1e-5 * float(wanted.abs().max()), rtol=0)


@pytest.mark.parametrize("name", BASES)
def test_a_run_says_what_the_official_loader_says(name, tmp_path):
    tensors, *_ = golden(name)
    wrapped = {f"module.{key}": tensor for key, tensor in tensors.items()}
    file = saved(tmp_path / "w.pt", {"epoch": 3, "model": wrapped})
    result = import_checkpoint(name, file, out=tmp_path / "run")
    run = Run.open(tmp_path / "run")
    made = (run.benchmark.name, run.recipe["encoder"]["name"], run.recipe["pipeline"]["name"])
    assert (*made, run.skeleton.name) == WANTED[name]
    scores, (poses, present) = scores_of(run.path, noise(run.skeleton, persons=2, frames=40))
    with torch.inference_mode():
        same(scores, laban.official.load(name, tensors)(poses, present))
    assert run.notes["imported"]["sha256"] == sha256(file.read_bytes()).hexdigest()
    assert run.notes["imported"]["file"] == "w.pt"
    assert "not trained" in run.notes["selection"] and "not trained" in result.text
    assert run.metrics() == []
    assert yaml.safe_load((run.path / "recipe.yaml").read_text()) == run.recipe
    assert json.loads(json.dumps(result.value))["benchmark"] == run.benchmark.name


@pytest.mark.parametrize(("name", "base"), [(name, base) for name in BASES for base in BASES[name]])
def test_every_base_is_a_recipe_of_its_network(name, base):
    encoders = {"st-tr-spatial": "s-tr", "st-tr-temporal": "s-tr"}
    resolved = config.resolve(config.load_recipe(base))
    assert resolved.encoder["name"] == encoders.get(name, name)
    assert resolved.benchmark


def test_all_loaders_remember_what_they_made():
    for name in laban.official.LOADERS:
        encoder = laban.official.load(name, golden(name)[0]).encoder
        again = dict(encoder.recipe)
        network = ENCODERS[again.pop("name")](encoder.skeleton, **again)
        assert type(network) is type(encoder)
        shapes = [{k: v.shape for k, v in one.state_dict().items()} for one in (encoder, network)]
        assert shapes[0] == shapes[1]


@pytest.mark.parametrize("place", [None, *PLACES])
def test_where_a_state_dict_may_stand(place, tmp_path):
    weights = Official(layers=LAYERS).state_dict()
    value = weights if place is None else {"epoch": 1, place: weights, "optimizer": {"lr": 0.1}}
    read = read_checkpoint(saved(tmp_path / "w.pt", value))
    assert read.keys() == weights.keys()
    assert torch.equal(read["fc.weight"], weights["fc.weight"])


@pytest.mark.parametrize(
    ("size", "benchmark", "recipe"),
    [
        ({"joints": 22, "classes": 28}, "shrec17-28", "shrec17"),
        ({"joints": 25, "classes": 60}, "ntu60-xsub", "ntu"),
        ({"joints": 25, "classes": 120}, "ntu120-xsub", "ntu"),
        ({"joints": 20, "classes": 10}, "nw-ucla-xview", "nw-ucla"),
    ],
)
def test_the_tensors_tell_the_benchmark(size, benchmark, recipe, tmp_path):
    import_checkpoint("dsta-net", small(tmp_path / "w.pt", **size), out=tmp_path / "run")
    run = Run.open(tmp_path / "run")
    assert run.benchmark == BENCHMARKS[benchmark] and run.recipe["benchmark"] == benchmark
    window = {"shrec17": 150, "ntu": 150, "nw-ucla": None}[recipe]
    assert run.recipe["pipeline"].get("window") == window


def test_official_quirks_are_on_unless_a_recipe_is_named(tmp_path):
    body = small(tmp_path / "w.pt", joints=25, classes=60)
    import_checkpoint("dsta-net", body, out=tmp_path / "a", stream="bone")
    import_checkpoint("dsta-net", body, out=tmp_path / "b", stream="bone", recipe="dsta-net-ntu")
    pipelines = [Run.open(tmp_path / run).recipe["pipeline"] for run in "ab"]
    assert [one["official_bones"] for one in pipelines] == [True, False]
    clip = noise(SKELETONS["kinect-v2"])
    lost = [(scores_of(tmp_path / run, clip)[1][0] == 0).all(2).sum() for run in "ab"]
    assert lost[0] > lost[1]  # bones that are zero throughout
    temporal = saved(tmp_path / "t.pt", golden("st-tr-temporal")[0])
    import_checkpoint("st-tr-temporal", temporal, out=tmp_path / "c")
    assert Run.open(tmp_path / "c").recipe["pipeline"]["listed"]


def test_six_channels_are_joint_and_bone(tmp_path):
    file = small(tmp_path / "w.pt", channels=6)
    import_checkpoint("dsta-net", file, out=tmp_path / "run")
    run = Run.open(tmp_path / "run")
    assert (run.stream, run.channels) == ("joint+bone", 3)
    scores, (poses, present) = scores_of(run.path, noise(run.skeleton))
    assert poses.shape[-1] == 6
    with torch.inference_mode():
        same(scores, laban.official.load("dsta-net", torch.load(file))(poses, present))


def test_dhg_counts_fingers_in_another_order(tmp_path):
    file = small(tmp_path / "w.pt", classes=28)
    import_checkpoint("dsta-net", file, out=tmp_path / "run", benchmark="dhg-28:3")
    run = Run.open(tmp_path / "run")
    assert run.recipe["pipeline"]["scale"] is False
    scores, (poses, present) = scores_of(run.path, noise(run.skeleton))
    with torch.inference_mode():
        official = laban.official.load("dsta-net", torch.load(file))(poses, present)[0]
    gestures = [name.removesuffix(" (1)") for name in run.classes if name.endswith("(1)")]
    for number, gesture in enumerate(gestures):
        for finger in (1, 2):
            ours = scores[0, run.classes.index(f"{gesture} ({finger})")]
            assert float(ours) == pytest.approx(float(official[number + 14 * (finger - 1)]), 1e-4)


def test_options_are_those_of_the_loader(tmp_path):
    weights = Official(layers=((8, 12, 4, 1), (12, 16, 4, 2)), codes="", classes=14).state_dict()
    bare = {k: v for k, v in weights.items() if not k.endswith(("atts", "attt"))}
    words = ["strides=[1,2]", "position=none", "skeleton=hand-22"]
    file = saved(tmp_path / "w.pt", bare)
    import_checkpoint("dsta-net", file, out=tmp_path / "run", option=words)
    run = Run.open(tmp_path / "run")
    assert run.recipe["encoder"]["layers"] == [[12, 4, 1], [16, 4, 2]]
    assert run.recipe["encoder"]["position"] == "none"
    options = {"strides": [1, 2], "position": "none", "skeleton": "hand-22"}
    assert run.notes["imported"]["options"] == options


def test_it_is_evaluated_fused_and_reported_like_any_other(tmp_path, capsys):
    hand = SKELETONS["hand-22"]
    clips = [
        noise(hand, name=f"c{n}", seed=n, label=f"{label} (1)", facts={"split": "test"})
        for n, label in enumerate(["Grab", "Tap", "Shake"])
    ]
    store = Store.write(tmp_path / "s.arrow", clips)
    for run, stream in (("a", "joint"), ("b", "bone")):
        line = ["import", "dsta-net", small(tmp_path / "w.pt"), "--out", tmp_path / run]
        assert main([str(word) for word in [*line, "--stream", stream]]) == 0
    capsys.readouterr()
    fuse = ["fuse", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]
    assert main(fuse) == 2
    assert "evaluate an imported one first" in capsys.readouterr().err
    for run in "ab":
        assert main(["evaluate", str(tmp_path / run), "--data", str(store.path), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["clips"] == 3
    assert main(fuse) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 3
    assert main(["predict", str(tmp_path / "a"), str(store.path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3
    run, scores = Run.open(tmp_path / "a"), Scores.load(tmp_path / "a/test.parquet")
    parts, test = run.load(), split_store(store, run.benchmark).test
    dataset = ClipDataset(store, test.keys, test.labels, parts.pipeline)
    page = write_report(run, parts, scores, dataset)
    assert "imported from w.pt" in page.read_text()


def test_the_command_says_where_the_run_is(tmp_path, capsys):
    file, run = small(tmp_path / "w.pt"), tmp_path / "run"
    words = ["--option", "position=decoupled", "strides=[1,2,1]", "--benchmark", "dhg-14:2"]
    assert main(["import", "dsta-net", str(file), "--out", str(run), *words, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["run"], value["benchmark"], value["classes"]) == (str(run), "dhg-14:2", 14)
    assert (run / "run.json").is_file() and (run / "recipe.yaml").is_file()


def said(capsys, *words):
    assert main(["import", *map(str, words)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("laban: ") and err.count("\n") == 1
    return err


class Trainer:
    """An object of somebody's code."""


FILES = {
    "a whole module": (lambda p: torch.save(nn.Linear(2, 2), p), "torch.nn.modules.linear.Linear"),
    "an object beside": (
        lambda p: torch.save({"model": {}, "trainer": Trainer()}, p),
        "holds a Python object",
    ),
    "an old pickle": (lambda p: p.write_bytes(pickle.dumps({"fc": Trainer()}, 2)), "Trainer"),
    "another pickle": (lambda p: p.write_bytes(pickle.dumps({"fc": 1})), "no PyTorch checkpoint"),
    "cut off": (lambda p: p.write_bytes(small(p).read_bytes()[:5000]), "or a damaged one"),
    "text": (lambda p: p.write_text("weights\n" * 99), "is no PyTorch checkpoint"),
    "nothing": (lambda p: p.write_bytes(b""), "is no PyTorch checkpoint"),
    "a folder": (lambda p: p.mkdir(), "cannot be read"),
    "absent": (lambda p: None, "cannot be read"),
    "a tensor": (lambda p: torch.save(torch.zeros(3), p), "holds one Tensor"),
    "no tensors": (lambda p: torch.save({"model": {}}, p), "holds no tensors"),
    "no state dict": (
        lambda p: torch.save({"epoch": 3, "fc.weight": torch.ones(2)}, p),
        "entry 'epoch' is a int",
    ),
    "numbers for names": (lambda p: torch.save({1: torch.ones(2)}, p), "entry '1'"),
    "another network": (lambda p: torch.save(golden("hi-trs")[0], p), "missing .*fc.weight"),
    "no numbers": (
        lambda p: torch.save(
            {k: v * torch.nan for k, v in Official(layers=LAYERS, classes=14).state_dict().items()},
            p,
        ),
        "scores that are not finite",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_bad_files_are_refused_in_a_sentence(case, tmp_path, capsys):
    make, sentence = FILES[case]
    make(tmp_path / "w.pt")
    err = said(capsys, "dsta-net", tmp_path / "w.pt", "--out", tmp_path / "run")
    assert re.search(sentence, err), err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("size", "words", "sentence"),
    [
        ({"classes": 7}, [], "22 joints and 7 classes: give --benchmark"),
        ({}, ["--benchmark", "shrec17-28"], "has 22 joints and 28 classes, but these tensors"),
        ({}, ["--benchmark", "shrec17-41"], "did you mean shrec17-14"),
        ({}, ["--benchmark", "dhg-14"], "name one, dhg-14:1"),
        ({"joints": 25, "classes": 10}, ["--benchmark", "nw-ucla-xview"], "20 joints and 10"),
        ({"joints": 18, "classes": 400}, ["--benchmark", "kinetics"], "give --recipe"),
        ({"channels": 6}, ["--stream", "joint"], "the stream joint has 2 or 3"),
        ({}, ["--stream", "joint+bone"], "the stream joint.bone has 4 or 6"),
        ({"channels": 5}, [], "take 5 channels"),
        ({}, ["--stream", "bones"], "did you mean bone"),
        ({}, ["--recipe", "dsta-net-shrec"], "did you mean dsta-net-shrec17"),
        ({}, ["--recipe", "demo"], "give --benchmark"),
        ({}, ["--option", "stride=[1]"], "unknown option of dsta-net 'stride': did you mean"),
        ({}, ["--option", "strides"], "write --option strides=VALUE"),
        ({}, ["--option", "strides=one"], "option strides of dsta-net: "),
        ({}, ["--option", "strides=[1,1]"], "2 strides are given for 3 blocks"),
        ({}, ["--option", "skeleton=hand-23"], "did you mean hand-22"),
        ({"maps": "st", "frames": 16}, [], "made for 16: .* give another --recipe"),
    ],
)
def test_what_does_not_fit_is_refused(size, words, sentence, tmp_path, capsys):
    file = small(tmp_path / "w.pt", **size)
    err = said(capsys, "dsta-net", file, "--out", tmp_path / "run", *words)
    assert re.search(sentence, err), err
    assert not (tmp_path / "run").exists()


def test_networks_without_a_class_head(tmp_path, capsys):
    file = saved(tmp_path / "w.pt", golden("pstl")[0])
    err = said(capsys, "pstl", file, "--out", tmp_path / "run")
    assert "laban.official.load('pstl', state_dict)" in err
    tensors = {k: v for k, v in golden("hi-trs")[0].items() if not k.startswith("v_cls")}
    saved(file, tensors)
    assert "missing v_cls.bias" in said(capsys, "hi-trs", file, "--out", tmp_path / "run")
    words = ["--out", tmp_path / "run", "--option", "classes=60"]
    assert "unknown option of hi-trs 'classes'" in said(capsys, "hi-trs", file, *words)
    assert "did you mean dsta-net" in said(capsys, "dsta", file, "--out", tmp_path / "run")


def test_what_is_there_stays(tmp_path):
    file, run = small(tmp_path / "w.pt"), tmp_path / "run"
    import_checkpoint("dsta-net", file, out=run)
    before = {path: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(LabanError, match="exists already"):
        import_checkpoint("dsta-net", file, out=run)
    assert {path: path.read_bytes() for path in run.iterdir()} == before
