"""Detection from recordings to figures: train, resume, evaluate, detect, and what goes wrong."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from laban import config
from laban.batch import collate
from laban.benchmarks import find_benchmark
from laban.cli import main
from laban.clip import Clip, Segment
from laban.convert import convert
from laban.detection import Joining, Spans
from laban.detector import Detector
from laban.errors import LabanError
from laban.evaluation.detection import detection
from laban.follow import follow
from laban.motions.pku import write_pku
from laban.run import Run
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.tasks.detection import Detection as DetectionTask
from laban.train import train
from laban.windows import cut

RECIPE = """
benchmark: {folder}/toy.yaml
pipeline: {{name: general, frames: 8, persons: 1, shortest: 0.9}}
encoder: {{name: st-gcn, layers: [[8, 1], [16, 2]], kernel: 3, dropout: 0.0}}
objective: {{name: detection, window: 9, every: 3, hop: 2}}
training:
  epochs: 6
  batch: 16
  validation: 0.2
  select: best
  optimiser: {{name: adamw, lr: 0.01}}
  schedule: {{name: cosine, warmup: 1}}
"""
BENCHMARK = """
name: toy
classes: [raise, lower]
train: {subject: [1, 2, 3, 4]}
test: {subject: [5]}
"""


def recordings():
    """Hands that go up or down for 20 frames, with noise and pauses around."""
    skeleton, rng = SKELETONS["kinect-v2"], np.random.default_rng(0)
    stance = rng.normal(size=(25, 3))
    for number in range(15):
        frames, segments = 130, []
        height = np.zeros(frames)
        for k, start in enumerate((15, 55, 95)):
            up = bool((number + k) % 2)
            span = slice(start, start + 20)
            height[span] = (1 if up else -1) * np.linspace(0, 3, 20)
            segments.append(Segment("raise" if up else "lower", start, start + 20))
        poses = np.repeat(stance[None], frames, 0) + rng.normal(size=(frames, 25, 3)) * 0.03
        for joint in skeleton.parts["arm-left"]:
            poses[:, joint, 1] += height
        facts = {"subject": str(1 + number // 3)}
        yield Clip(f"r{number}", poses, skeleton, segments=tuple(segments), facts=facts)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("detection")
    Store.write(folder / "store.arrow", recordings())
    (folder / "toy.yaml").write_text(BENCHMARK)
    (folder / "recipe.yaml").write_text(RECIPE.format(folder=folder))
    return folder


def untrained(work, recipe, store, **options):
    """A detector of a recipe with seeded weights."""
    run = Run(
        path=work,
        recipe=recipe.values,
        skeleton=store.skeleton,
        channels=store.channels,
        stream="joint",
        benchmark=find_benchmark(recipe.benchmark),
    )
    torch.manual_seed(0)
    return Detector(run, run.build(), **options)


def trained(work, out, *arguments, resume=False):
    recipe = config.resolve(config.load_recipe(str(work / "recipe.yaml")), arguments)
    drawn = out == "run"
    data = work / "store.arrow"
    return train(recipe, data=data, out=work / out, resume=resume, report=drawn)


@pytest.fixture(scope="module")
def run(work):
    return trained(work, "run").value


def test_a_run_finds_most_actions_and_says_how_well(work, run):
    assert run["recordings"] == 3 and run["segments"]["true"] == 9
    assert run["map_a"]["0.5"] > 60 and run["frame_accuracy"] > 70
    assert run["map_a"]["0.1"] >= run["map_a"]["0.5"] >= run["map_a"]["0.9"]
    kept = json.loads((work / "run/detection.json").read_text())
    assert kept["f1"] == run["f1"] and kept["joining"] == run["joining"]
    assert {path.name for path in (work / "run/figures").iterdir()} >= {"best.png", "worst.png"}
    page = (work / "run/report.html").read_text()
    assert f"{run['map_a']['0.5']:.1f} %" in page and f"{run['edit']:.1f} %" in page
    assert page.count("data:image/png;base64,") == 2 and "http" not in page.replace("w3.org", "")
    assert not list((work / "run").glob("prepared*"))


def test_joining_is_tuned_on_validation_recordings_and_kept(work, run):
    facts = Run.open(work / "run")
    assert facts.notes["joining"] == run["joining"]
    assert facts.notes["clips"] == {"train": 9, "validation": 3, "test": 3}
    assert facts.recipe["objective"]["threshold"] == 0.4  # where the tuning started
    assert run["selection"].startswith("best epoch on 3 training recordings set apart by subject")


def test_evaluation_repeats_the_training_s_figures(work, run):
    again = detection(work / "run", work / "store.arrow").to_json()
    assert again == {key: value for key, value in run.items() if key not in ("run", "selection")}


def test_test_recordings_alone_are_judged_and_train_nothing(work, run, tmp_path):
    Store.write(
        tmp_path / "s.arrow", [clip for clip in recordings() if clip.facts["subject"] == "5"]
    )
    alone = detection(work / "run", tmp_path / "s.arrow").to_json()
    assert alone["recordings"] == 3 and alone["map_a"] == run["map_a"]
    recipe = config.resolve(config.load_recipe(str(work / "recipe.yaml")))
    with pytest.raises(LabanError, match="too few training recordings with segments"):
        train(recipe, data=tmp_path / "s.arrow", out=tmp_path / "r")


def test_two_trainings_and_a_resumed_one_are_the_same(work, run):
    trained(work, "half", "--training.epochs", "1", "--training.schedule.name", "constant")
    whole = ("--training.epochs", "2", "--training.schedule.name", "constant")
    trained(work, "whole", *whole)
    (work / "other").mkdir()
    # An interrupted training: the checkpoint of one epoch under the facts of two.
    (work / "other/last.ckpt").write_bytes((work / "half/last.ckpt").read_bytes())
    (work / "other/run.json").write_bytes((work / "whole/run.json").read_bytes())
    trained(work, "other", *whole, resume=True)
    one, two = (Run.open(work / name).load() for name in ("whole", "other"))
    for key, value in one.objective.state_dict().items():
        assert torch.equal(value, two.objective.state_dict()[key]), key


def test_few_labelled_recordings_train(work, run):
    value = trained(work, "few", "--training.labels", "0.3", "--training.epochs", "1").value
    assert Run.open(work / "few").notes["clips"] == {"train": 3, "validation": 3, "test": 3}
    assert value["recordings"] == 3


def test_few_labels_keep_a_recording_and_a_clip_of_each_class(work, tmp_path):
    """And say what nothing shows, and that validation recordings have labels too."""
    trimmed = [replace(c, name=f"{c.name}-{k}", label="raise", segments=(), facts={"subject": "1"})
               for c in list(recordings())[:9] for k in range(3)]  # fmt: skip
    quiet = [
        replace(
            c,
            segments=tuple(s for s in c.segments if s.label == "raise" or "5" in c.facts.values()),
        )
        for c in recordings()
    ]
    Store.write(tmp_path / "s.arrow", [*trimmed, *quiet])
    store, benchmark = Store(tmp_path / "s.arrow"), find_benchmark(str(work / "toy.yaml"))
    given = ("--training.labels", "0.02", "--training.seed", "3")
    recipe = config.resolve(config.load_recipe(str(work / "recipe.yaml")), given)
    splits = DetectionTask(store, benchmark, recipe).splits
    assert sorted(store.labels[key] or "" for key in splits.train.keys) == ["", "raise"]
    said = " ".join(splits.left_out)
    assert "beside the 2 labelled training recordings 3 of the validation share are label" in said
    assert "no training recording shows lower: what is not shown is not found" in said
    assert not set(splits.train.keys) & {*splits.validation.keys, *splits.test.keys}


@pytest.mark.parametrize("batch", [1, 7, 200])
def test_blocks_of_any_size_give_the_same_probabilities(work, run, batch):
    folder = Run.open(work / "run")
    clip = Store(work / "store.arrow")[14]
    clip.present = clip.present.copy()
    clip.present[:, 40:60] = False
    whole = np.concatenate(list(Detector(folder).probabilities(clip)))
    parts = list(Detector(folder, batch=batch).probabilities(clip))
    assert max(map(len, parts)) <= 2 * batch
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)
    assert whole.shape == (130, 3)
    np.testing.assert_allclose(whole.sum(1), 1, atol=1e-6)
    assert (whole[46:54] == [0, 0, 1]).all()  # nobody is in these windows


@pytest.mark.parametrize("hop", [1, 3])
def test_frames_that_come_one_by_one_give_the_same_probabilities(work, hop):
    recipe = config.resolve(
        config.load_recipe(str(work / "recipe.yaml")), ["--objective.hop", str(hop)]
    )
    store = Store(work / "store.arrow")
    detector = untrained(work, recipe, store)
    for frames in (1, 5, 40):
        clip = cut(store[0], 20, 20 + frames)
        empty = np.zeros_like(clip.poses[:, :1])
        one_by_one = (
            Clip("f", np.concatenate((clip.poses[:, t : t + 1], empty)), clip.skeleton)
            for t in range(frames)
        )
        live = np.concatenate(list(detector.live(one_by_one)))
        whole = np.concatenate(list(detector.probabilities(clip)))
        np.testing.assert_allclose(live, whole, atol=1e-5)


@pytest.mark.parametrize("hop", [1, 3])
def test_hi_trs_shares_frames_and_says_what_each_window_says(work, hop):
    arguments = ["--benchmark", str(work / "toy.yaml"), "--objective.hop", str(hop)]
    for key, value in {"width": 16, "depth": 1, "heads": 2, "head_width": 8}.items():
        arguments += [f"--encoder.{key}", str(value)]
    recipe = config.resolve(config.load_recipe("hi-trs-pku1-detection"), arguments)
    store = Store(work / "store.arrow")
    detector = untrained(work, recipe, store, batch=9)
    assert detector.objective.shares
    clip = store[0]
    clip.present = clip.present.copy()
    clip.present[:, 50:90] = False
    found = np.concatenate(list(detector.probabilities(clip)))
    assert found.shape == (130, 3) and (found[60:80] == [0, 0, 1]).all()
    for frame in (0, 4, 47, 48, 93, 129):
        centre = min(129, frame // hop * hop + hop // 2)
        window = detector.parts.pipeline.prepare(cut(clip, centre - 7, centre + 8))
        with torch.inference_mode():
            expected = detector.objective.eval().scores(collate([window], [0], [0])).softmax(1)
        np.testing.assert_allclose(found[frame], expected[0], atol=1e-5)


def test_detect_prints_segments_and_draws(work, run, capsys):
    call = ["detect", work / "run", work / "store.arrow", "--clip", "r14", "--out", work / "drawn"]
    assert main([*map(str, call), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["clip"] == "r14"
    assert {"label", "start", "end", "confidence"} == set(found["segments"][0])
    assert all(0 <= s["start"] < s["end"] <= 130 for s in found["segments"])
    assert (work / "drawn/r14.png").read_bytes().startswith(b"\x89PNG")
    assert main([*map(str, call)]) == 0
    assert "r14: " in capsys.readouterr().out


def test_detect_says_what_is_wrong_with_the_truth_that_it_draws(work, run, capsys):
    clip = Store(work / "store.arrow")[14]
    wrong = (Segment("raise", 30, 20), Segment("lower", 100, 140), Segment("raise", 110, 120))
    odd = replace(clip, name="a/b", segments=wrong)
    gone = replace(clip, name="l" * 300, present=np.arange(130)[None] >= 40)
    Store.write(work / "odd.arrow", [odd, replace(odd, name="a-b"), gone])
    call = ["detect", work / "run", work / "odd.arrow", "--out", work / "odd"]
    assert main([*map(str, call)]) == 0
    said = capsys.readouterr().err
    assert "segment 1 (raise) of a/b ends at frame 20 and starts at 30" in said
    assert "segment 2 (lower) of a/b goes from frame 100 to 140 of 130" in said
    assert "a/b: raise from frame 110 overlaps lower until 140" in said
    assert "nobody is in 40 of its 130 frames" in said
    for name in ("a-b.png", "a-b-2.png", "l" * 60 + ".png"):
        assert (work / "odd" / name).read_bytes().startswith(b"\x89PNG")
    assert main([*map(str, call), "--clip", "a/c"]) == 2
    assert "unknown recording 'a/c': did you mean a/b?" in capsys.readouterr().err


def lines_of(clip, **times):
    return [
        json.dumps({"poses": clip.poses[:, t].tolist(), "time": times.get(f"t{t}", t / 30)}) + "\n"
        for t in range(clip.frames)
    ]


def test_follow_reports_actions_with_their_delay(work, run, capsys, monkeypatch):
    clip = Store(work / "store.arrow")[14]
    monkeypatch.setattr("sys.stdin", lines_of(clip))
    assert main(["detect", str(work / "run"), "--follow"]) == 0
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in out.splitlines()]
    detector = Detector(Run.open(work / "run"))
    whole = [(one.label, one.start, one.end) for one in detector.detect(clip)]
    over = [(row["label"], row["start"], row["end"]) for row in told if row["end"] is not None]
    assert over == whole and len(over) >= 2 and err == ""
    first = next(row for row in told if row["end"] is None)
    assert first["frame"] < whole[0][2] + detector.waited
    assert first["delay"] == first["frame"] - first["start"]
    assert first["delay"] <= detector.waited + detector.joining.gap


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: [*lines[:5], "{}\n"], "line 6: this is no frame"),
        (lambda lines: [*lines[:5], "[1"], "line 6: this is no frame"),
        (lambda lines: [lines[1], lines[0]], "line 2: time 0 is not behind 0.0333"),
        (lambda _: ['{"poses": [[[1, 2, 3]]]}'], "line 1: give the poses of at most 8 persons"),
        (lambda _: [json.dumps({"poses": [[[1e7] * 3] * 25]})], "3 numbers below 1,000,000"),
        (lambda _: ["[" * 100_000], "line 1: this is no frame"),
        (lambda _: ['{"poses": [], "time": "now"}'], "line 1: time is 'now'"),
        (lambda lines: [lines[0], '{"poses": [], "time": NaN}'], "line 2: time is nan"),
        (lambda lines: [lines[0], '{"poses": [], "time": Infinity}'], "line 2: time is inf"),
        (lambda lines: [lines[0], '{"poses": [], "time": 1e308}'], "line 2: time is 1e+308"),
        (lambda _: [f'{{"poses": [], "time": 1{"0" * 400}}}'], "line 1: time is 1000"),
        (lambda ls: [ls[9], '{"poses": []}', ls[2]], "line 3: time 0.0666667 is not behind 0.3"),
        (lambda _: [json.dumps({"poses": [[["1.2"] * 3] * 25]})], "line 1: give the poses"),
    ],
)
def test_lines_that_are_no_frames_are_said(work, run, change, sentence, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", change(lines_of(Store(work / "store.arrow")[0])))
    assert main(["detect", str(work / "run"), "--follow"]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("hop", [1, 2, 5])
def test_a_segment_is_reported_by_the_frame_that_the_run_says(work, hop):
    """What is smoothed begins the later, the higher the threshold: at any frame of a block."""
    given = ("--objective.hop", str(hop))
    recipe = config.resolve(config.load_recipe(str(work / "recipe.yaml")), given)
    detector, late = untrained(work, recipe, Store(work / "store.arrow")), []
    rows = np.tile([0.0, 0.0, 1.0], (80, 1))
    rows[40:60] = [0.9, 0.0, 0.1]
    detector._of_centres = lambda clip, centres: rows[clip.poses[0, centres, 0, 0].astype(int)]
    for threshold in (0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.85):
        detector.objective.joining = Joining(smooth=3, threshold=threshold, shortest=4)
        frames = (Clip("f", np.full((1, 1, 25, 3), float(t)), "kinect-v2") for t in range(80))
        late.append(next(follow(detector, frames))["delay"])
    assert max(late) == detector.waited


def test_gaps_in_time_are_said(work, run, capsys, monkeypatch):
    clip = cut(Store(work / "store.arrow")[0], 0, 6)
    monkeypatch.setattr("sys.stdin", lines_of(clip, t5=14 / 30))
    assert main(["detect", str(work / "run"), "--follow"]) == 0
    err = capsys.readouterr().err
    assert "line 6: 0.333 s since the frame before" in err and "count for nothing: about 9" in err
    slow = [f'{{"poses": [], "time": {t / 10}}}\n' for t in range(40)]
    monkeypatch.setattr("sys.stdin", slow)
    assert main(["detect", str(work / "run"), "--follow"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 11 and said[9].endswith("further gaps are not told")
    assert "by their times 10 frames come a second, not 30" in said[10]


def test_frames_without_a_time_are_no_gap_and_another_rate_is_said(work, run, capsys, monkeypatch):
    call, nobody = ["detect", str(work / "run"), "--follow"], '{"poses": []}\n'
    timed = [f'{{"poses": [], "time": {t / 30}}}\n' for t in range(0, 80, 2)]
    lines = [line for one in timed for line in (one, nobody)]
    monkeypatch.setattr("sys.stdin", lines)
    assert main(call) == 0
    assert capsys.readouterr().err == ""
    lines = [f'{{"poses": [], "time": {t / 100}}}\n' for t in range(60)]
    monkeypatch.setattr("sys.stdin", lines)
    assert main(call) == 0
    (said,) = capsys.readouterr().err.splitlines()
    assert "by their times 100 frames come a second, not 30" in said
    monkeypatch.setattr("sys.stdin", [nobody])
    assert main([*call, "--fps", "5"]) == 0
    assert "5 frames a second, the run was trained on 30" in capsys.readouterr().err


def test_frames_of_no_time_are_refused(work, run, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", [])
    assert main(["detect", str(work / "run"), "--follow", "--fps", "0"]) == 2
    assert "--fps is 0, give frames a second above 0" in capsys.readouterr().err


def test_evaluate_prints_the_protocol(work, run, capsys):
    call = ["evaluate", work / "run", "--data", work / "store.arrow", "--protocol", "detection"]
    assert main(list(map(str, call))) == 0
    assert f"mAP_a at 0.5: {run['map_a']['0.5']:.1f} %" in capsys.readouterr().out
    assert main([*map(str, call), "--neighbours", "2"]) == 2
    assert "neighbours" in capsys.readouterr().err


def test_a_detection_run_names_no_clips_and_the_other_way_round(work, run, toy, capsys):
    for words in (
        ["predict", work / "run", work / "store.arrow"],
        ["evaluate", work / "run", "--data", work / "store.arrow"],
    ):
        assert main(list(map(str, words))) == 2
        assert "finds actions in recordings" in capsys.readouterr().err
    recipe = config.resolve(
        config.load_recipe(str(toy / "recipe.yaml")), ["--training.epochs", "1"]
    )
    train(recipe, data=toy / "store.arrow", out=work / "clips", report=False)
    assert main(["detect", str(work / "clips"), str(toy / "store.arrow")]) == 2
    assert "use 'laban predict'" in capsys.readouterr().err


def test_what_is_odd_about_a_recording_is_said(work, run):
    detector = Detector(Run.open(work / "run"))
    clip = Store(work / "store.arrow")[0]
    short = Clip("s", clip.poses[:, :4], clip.skeleton, fps=60.0)
    assert [sentence.split(":")[0] for sentence in detector.check(short)] == [
        "recording s has 4 frames, fewer than a window of 9",
        "recording s has 60 frames a second, the run was trained on 30",
    ]
    assert len(np.concatenate(list(detector.probabilities(short)))) == 4
    empty = Clip("e", np.zeros((1, 30, 25, 3)), clip.skeleton)
    assert "nobody is in any frame" in detector.check(empty)[0]
    assert detector.detect(empty) == []
    with pytest.raises(LabanError, match="recording b has coordinates of 1,000,000 and more"):
        detector.check(Clip("b", 1e7 * clip.poses, clip.skeleton))
    with pytest.raises(LabanError, match="recording h has skeleton kinect-v1"):
        detector.check(Clip("h", np.ones((1, 9, 20, 3)), "kinect-v1"))


def test_a_training_without_recordings_says_so(toy, work, tmp_path):
    recipe = config.resolve(
        config.load_recipe(str(work / "recipe.yaml")), ["--benchmark", str(toy / "toy.yaml")]
    )
    with pytest.raises(LabanError, match="no test recording with segments"):
        train(recipe, data=toy / "store.arrow", out=tmp_path / "r")


def test_built_in_recordings_train_and_are_detected(tmp_path):
    """PKU-MMD's files from the writer to figures, with the shipped recipe."""
    write_pku(tmp_path / "raw", performers=(1, 3), length=2, views=("M",), actions=(8, 9))
    convert("pku-mmd", tmp_path / "raw", tmp_path / "s.arrow")
    recipe = config.resolve(config.load_recipe("demo-detection"), ["--training.epochs", "1"])
    value = train(recipe, data=tmp_path / "s.arrow", out=tmp_path / "run", report=False).value
    assert value["recordings"] == 1 and value["segments"]["true"] >= 2
    assert set(value["per_class"]) == set(Run.open(tmp_path / "run").classes)


def test_spans_of_nothing():
    assert len(Spans.of([])) == 0
