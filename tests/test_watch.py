import json
import sys

import numpy as np
import pytest

from laban import Stream, predict, watch
from laban.cli import main
from laban.video import FramePoses, fitting
from tests.video.recorded import COCO, Hands, Recorded, fake_opencv, person

# One second of hands up, one of hands down, one of nobody, at 10 frames a second.
FRAMES = [[person(40, hand=30)]] * 10 + [[person(41, hand=-10)]] * 10 + [[]] * 10
OPTIONS = ("--estimator", "rtmo.onnx", "--window", "0.5", "--fps", "10")


def frames_of(rows):
    for t, row in enumerate(rows):
        poses = -np.array(row, np.float32).reshape(-1, 17, 2)
        yield FramePoses(t / 10, poses, np.ones(poses.shape[:2]), tuple(range(len(poses))))


@pytest.fixture
def scene(monkeypatch, tmp_path):
    """A film, an estimator that knows it, and a network that knows hands."""
    film, predictor = tmp_path / "film.mp4", Hands()
    film.write_bytes(b"film")

    def shoot(frames, **options):
        monkeypatch.setitem(sys.modules, "cv2", fake_opencv(len(frames), fps=10.0, **options))
        monkeypatch.setattr(watch, "estimator_at", lambda path: Recorded(frames))
        monkeypatch.setattr(fitting, "estimator_at", lambda path: Recorded(frames))
        for module in (watch, predict):
            monkeypatch.setattr(module, "load", lambda run: predictor)
        return str(film)

    return shoot


def test_an_action_is_told_when_it_changes_and_when_nobody_is_left():
    stream = Stream(Hands(), window=0.5, fps=10, smoothing=0)
    found = [row.value for row in watch.changes(frames_of(FRAMES), stream)]
    assert [row["label"] for row in found] == ["up", "down", None]
    assert found[0]["time"] == 0 and 1.0 <= found[1]["time"] <= 1.5
    assert found[2]["time"] == pytest.approx(2.4)  # the window holds nobody
    assert found[2]["probability"] is None and found[0]["probability"] > 0.6


def test_every_person_apart():
    stream = Stream(Hands(), window=0.5, fps=10, each=True)
    rows = [[person(20, hand=30), person(90, hand=-10)]] * 5 + [[person(20, hand=30)]] * 6
    found = [row.value for row in watch.changes(frames_of(rows), stream)]
    assert [(row["person"], row["label"]) for row in found] == [(0, "up"), (1, "down"), (1, None)]


def test_the_command_says_lines_or_json(scene, capsys):
    film = scene(FRAMES)
    assert main(["watch", "run", "--video", film, *OPTIONS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[0].startswith("    0.00 s  up (") and lines[2].endswith("-")
    assert main(["watch", "run", "--video", film, *OPTIONS, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["label"] for row in rows] == ["up", "down", None]


def test_control_c_is_a_clean_end(scene, monkeypatch, capsys):
    scene(FRAMES, cameras=(0,))

    def stopped(self, picture):
        if picture[0, 0, 0] == 3:
            raise KeyboardInterrupt
        return person(40, hand=30)[None], np.ones((1, 17))

    monkeypatch.setattr(Recorded, "__call__", stopped)
    assert main(["watch", "run", "--camera", "0", *OPTIONS]) == 0
    said = capsys.readouterr()
    assert "up (" in said.out and not said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "needs --camera NUMBER or --video FILE, one of them"),
        (["--camera", "0", "--video", "x.mp4"], "one of them"),
        (["--camera", "5"], "camera 5 cannot be opened"),
        (["--video", "nowhere.mp4"], "nowhere.mp4 is no file"),
    ],
)
def test_what_cannot_be_watched_is_one_sentence(scene, capsys, arguments, sentence):
    scene(FRAMES)
    assert main(["watch", "run", *arguments, *OPTIONS]) == 2
    said = capsys.readouterr()
    assert sentence in said.err and said.err.count("\n") == 1 and not said.out


def test_a_video_without_persons_is_said(scene, capsys):
    film = scene([[]] * 5)
    assert main(["watch", "run", "--video", film, *OPTIONS]) == 2
    assert "no person was found in 5 frames" in capsys.readouterr().err
    assert main(["predict", "run", film, "--estimator", "rtmo.onnx"]) == 2
    assert "film: no person was found in 5 frames" in capsys.readouterr().err


def test_predict_takes_a_video_as_a_recording(scene, capsys):
    film = scene(FRAMES[:10])
    assert main(["predict", "run", film, "nowhere.MP4", "--estimator", "x.onnx", "--json"]) == 0
    said = capsys.readouterr()
    (row,) = json.loads(said.out)
    assert (row["clip"], row["label"]) == ("film", "up")
    assert said.err == "skipped nowhere.MP4 is no file: name a video\n"


def test_live_and_predict_judge_the_same_poses(scene, tmp_path):
    """With the confidence too, by which the surest of a picture are chosen."""
    both = [person(20, hand=30), person(90, hand=-10)]
    stream = Stream(Hands(), window=3, fps=10)
    for frame in frames_of([both] * 9):
        stream.push(frame.poses, time=frame.time, confidence=frame.confidence * [[0.5], [1.0]])
    clip = stream.clip()
    np.testing.assert_array_equal(clip.poses, -np.stack([[pose] * 9 for pose in both]))
    np.testing.assert_allclose(clip.confidence[:, :, 0], [[0.5] * 9, [1.0] * 9])
    assert clip.skeleton is COCO
