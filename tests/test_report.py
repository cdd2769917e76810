"""The report of a run and of a fusion: what stands in them, for few and many classes."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from laban.assembly import Parts
from laban.benchmarks import Benchmark
from laban.cli import main
from laban.clip import Clip
from laban.dataset import ClipDataset
from laban.encoders.dsta_net import DSTANet
from laban.evaluation.scores import Scores, fuse
from laban.pipelines.general import GeneralPipeline
from laban.report import write_fusion_report, write_report
from laban.run import Run
from laban.skeletons import SKELETONS
from laban.store import Store

VOID = {"meta", "img", "br"}


class Checker(HTMLParser):
    """Collects the text, and finds unclosed tags and whatever comes from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.sources, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [v for k, v in attrs if k in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.sources += [v for k, v in attrs if k in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def checked(path):
    checker = Checker()
    text = path.read_text(encoding="utf-8")
    checker.feed(text)
    assert checker.open == []
    assert all(source.startswith(("data:", "#")) for source in checker.sources)
    assert not re.search(r"https?://|@import|url\((?!#)", text)
    assert "script" not in checker.tags
    return checker, re.sub(r"\s+", " ", " ".join(checker.words))


def made_scores(classes, labels, said, sure=5.0, names=None):
    """Scores that name clip i said[i], the surer the later it comes."""
    values = np.zeros((len(labels), len(classes)), np.float32)
    values[np.arange(len(labels)), said] = sure + np.arange(len(labels)) / len(labels)
    names = names or [f"clip{k}" for k in range(len(labels))]
    return Scores("made", "test", tuple(classes), tuple(names), np.array(labels), values)


def made_run(folder, skeleton, classes, labels, encoder, *, training=None, notes=None):
    """A run folder's facts with a store of one moving clip a label."""
    rng = np.random.default_rng(0)
    rest = rng.normal(size=(1, 1, len(skeleton), 3))
    clips = [
        Clip(f"clip{k}", rest + 0.1 * rng.normal(size=(1, 20, len(skeleton), 3)), skeleton)
        for k in range(len(labels))
    ]
    store = Store.write(folder / "clips.arrow", clips)
    recipe = {"about": "</pre>", "encoder": {"name": "some"}, "training": training or {}}
    rule = {"split": frozenset({"test"})}
    benchmark = Benchmark("made", tuple(classes), {"split": frozenset({"train"})}, rule)
    run = Run(
        path=folder,
        recipe=recipe,
        skeleton=skeleton,
        channels=3,
        stream="joint",
        benchmark=benchmark,
        notes=notes or {},
    )
    pipeline = GeneralPipeline(skeleton, frames=16, persons=1)
    parts = Parts(pipeline, encoder, nn.Identity())
    return run, parts, ClipDataset(store, range(len(labels)), labels, pipeline)


def small_net(skeleton):
    torch.manual_seed(0)
    return DSTANet(skeleton, heads=2, layers=((8, 4, 1), (8, 4, 2), (8, 4, 1)))


NOTES = {
    "clips": {"train": 1200, "test": 6},
    "selection": "best epoch on 10% of the training clips, by subject",
    "data": {"store": "clips.arrow", "digest": "0123456789abcdef0123"},
    "environment": {"device": "A machine", "threads": 2, "world": 1, "torch": "2.13"},
    "parameters": 1234567,
    "seconds": {"training": 3723.4},
    "command": "laban train --out <here>",
}


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A run of three classes, one of them with an unpleasant name and one without clips."""
    folder = tmp_path_factory.mktemp("three")
    rows = [
        {"epoch": k + 1, "lr": 0.1, "train_loss": 2 / (k + 1), "train_accuracy": 0.3 * k}
        | {"validation_accuracy": [0.1, 0.8, 0.8, 0.2][k], "seconds": 1.0}
        for k in range(4)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    skeleton, classes = SKELETONS["kinect-v2"], ["sit & wait", "<b>fall</b>", "never"]
    labels = [0, 0, 0, 1, 1, 1]
    run, parts, test = made_run(
        *(folder, skeleton, classes, labels, small_net(skeleton)),
        training={"select": "best", "validation": 0.1},
        notes=NOTES,
    )
    scores = made_scores(classes, labels, [0, 0, 1, 1, 1, 0])
    path = write_report(run, parts, scores, test)
    return path, *checked(path)


def test_head_says_what_how_well_and_how(three):
    path, _, words = three
    assert path.name == "report.html"
    for said in (
        "66.7 %",
        "100.0 %",
        "some, joint stream, 3 classes",
        "epoch 2 of 4: best epoch on 10% of the training clips, by subject",
        "1 h 2 min",
        "A machine, 2 threads, 1 process, torch 2.13",
        "1,234,567",
        "1,200 train, 6 test",
        "laban train --out <here>",
        "kinect-v2, 25 joints",
    ):
        assert said in words, said


def test_names_are_escaped_everywhere(three):
    path, checker, words = three
    assert "b" not in checker.tags
    assert "<b>fall</b>" in words
    assert "about: </pre>" in words
    assert "<b>fall" not in path.read_text(encoding="utf-8")


def test_classes_are_sorted_counted_and_absent_ones_told(three):
    path, _, words = three
    assert "67 % of 3" in words
    assert "Without a clip here: never." in words
    assert "mean over classes 66.7 %" in words
    confused = re.findall(
        r"<tr><td>(.+?)</td><td>(.+?)</td><td class=\"n\">(\d+)", path.read_text()
    )
    assert confused == [
        ("sit &amp; wait", "&lt;b&gt;fall&lt;/b&gt;", "1"),
        ("&lt;b&gt;fall&lt;/b&gt;", "sit &amp; wait", "1"),
    ]


def test_most_confident_clips_are_shown_with_their_prediction(three):
    path, checker, words = three
    probability = 100 / (1 + 2 * np.exp(-(5 + 4 / 6)))
    assert f"clip4: predicted <b>fall</b>, {probability:.1f} %; that is right." in words
    probability = 100 / (1 + 2 * np.exp(-(5 + 5 / 6)))
    other = 100 / (2 + np.exp(5 + 5 / 6))
    said = f"clip5: predicted sit & wait, {probability:.1f} %; it is <b>fall</b>, which got "
    assert said + f"{other:.1f} %." in words
    kinds = [source[:15] for source in checker.sources if source.startswith("data:")]
    assert kinds.count("data:image/gif;") == 1
    with Image.open(path.parent / "figures/clip.gif") as moving:
        assert moving.n_frames == 10, "20 frames at 30 a second, thinned to 15 a second"


def test_attention_is_of_the_first_and_last_layer_with_joints_named(three):
    path, _, words = three
    assert "block 1, head 2" in words
    assert "block 3, head 2" in words
    assert "block 2" not in words
    assert words.count("hand-tip-left") == 2 + 2, "left of two layers, below two heads"
    assert "first person of clip4" in words


def test_figures_lie_beside_the_page_for_a_paper(three):
    path, *_ = three
    names = {one.name for one in (path.parent / "figures").glob("*.png")}
    assert names == {
        *("attention.png", "clip-right.png", "clip-wrong.png", "confusion.png"),
        *("curve-accuracy.png", "curve-loss.png", "per-class.png"),
    }


def test_120_classes_of_hands_without_attention_and_without_metrics(tmp_path):
    classes = [f"gesture number {k} with a name that goes on" for k in range(120)]
    labels = list(range(100))
    skeleton = SKELETONS["hand-22"]
    run, parts, test = made_run(tmp_path, skeleton, classes, labels, nn.Linear(1, 1))
    path = write_report(run, parts, made_scores(classes, labels, labels), test)
    _, words = checked(path)
    assert "20 of 120 classes have no clip here." in words
    assert "No clip was confused." in words
    assert "Attention" not in words
    assert "Training" not in words
    assert "that is right" in words
    assert "it is gesture" not in words
    assert not (tmp_path / "figures/attention.png").exists()


def test_a_run_that_is_always_wrong_has_no_right_clip(tmp_path):
    skeleton = SKELETONS["kinect-v2"]
    run, parts, test = made_run(tmp_path, skeleton, ["a", "b"], [0, 1], small_net(skeleton))
    before = parts.encoder.training
    _, words = checked(write_report(run, parts, made_scores(["a", "b"], [0, 1], [1, 0]), test))
    assert "that is right" not in words
    assert "predicted a," in words
    assert "Attention" not in words
    assert parts.encoder.training == before


def test_writing_it_again_replaces_it(tmp_path):
    skeleton = SKELETONS["hand-22"]
    run, parts, test = made_run(tmp_path, skeleton, ["a", "b"], [0, 1], nn.Linear(1, 1))
    write_report(run, parts, made_scores(["a", "b"], [0, 1], [1, 0]), test)
    path = write_report(run, parts, made_scores(["a", "b"], [0, 1], [0, 1]), test)
    assert "100.0 %" in path.read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.new"))


def test_fusion_report_compares_runs_class_by_class(tmp_path):
    classes, labels = ["a", "b", "absent"], [0, 0, 1, 1]
    one = made_scores(classes, labels, [0, 0, 0, 0], sure=1)
    names = [f"clip{k}" for k in (3, 2, 1, 0)]
    two = made_scores(classes, labels[::-1], [1, 1, 1, 0], names=names)
    path = write_fusion_report(["joint", "<bone>"], [one, two], fuse([one, two]), tmp_path / "out")
    checker, words = checked(path)
    rows = re.findall(r"<tr><td>(.+?)</td><td class=\"n\">(.+?)</tr>", path.read_text())
    cells = {name: re.findall(r"[−+–]?[\d.]*[\d–]", rest) for name, rest in rows}
    assert cells["joint"] == ["50.0", "100.0", "−25.0"]
    assert cells["&lt;bone&gt;"] == ["75.0", "100.0", "+0.0"]
    assert cells["a"] == ["100.0", "50.0", "50.0"]
    assert cells["b"] == ["0.0", "100.0", "100.0"]
    assert cells["absent"] == ["–", "–", "–"]
    assert "joint − <bone>" in words
    assert "bone" not in checker.tags
    assert (path.parent / "figures/streams.png").exists()


def test_fuse_command_writes_the_report_into_a_new_folder_only(tmp_path, capsys):
    for name, said in (("one", [0, 1]), ("two", [0, 0])):
        (tmp_path / name).mkdir()
        made_scores(["a", "b"], [0, 1], said).save(tmp_path / name / "test.parquet")
    line = ["fuse", *(str(tmp_path / name) for name in ("one", "two")), "--out"]
    assert main([*line, str(tmp_path / "both")]) == 0
    before = (tmp_path / "both/report.html").read_bytes()
    assert b"one \xe2\x88\x92 two" in before
    assert main([*line, str(tmp_path / "both")]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "both/report.html").read_bytes() == before
