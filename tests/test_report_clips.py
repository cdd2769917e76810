"""Which clips a report shows, and that their pictures stay small."""

import numpy as np
import pytest
from PIL import Image

from laban.clip import Clip
from laban.dataset import ClipDataset
from laban.evaluation.scores import Scores
from laban.pipelines.general import GeneralPipeline
from laban.report_clips import GIF_BYTES, GIF_FRAMES, Shown, clips_section, most_confident
from laban.skeletons import SKELETONS
from laban.store import Store

HAND = SKELETONS["hand-22"]


def made_clip(frames, *, name="clip", present=None, fps=30.0):
    rng = np.random.default_rng(frames)
    poses = rng.normal(size=(1, 1, 22, 3)) + 0.1 * rng.normal(size=(1, frames, 22, 3))
    return Clip(name, poses, HAND, present=present, fps=fps)


def shown(clip):
    return Shown(clip, "a", "a", 0.9, 0.9)


def test_clips_are_found_by_name_whatever_the_order_of_the_scores(tmp_path):
    store = Store.write(tmp_path / "s.arrow", [made_clip(5 + k, name=f"c{k}") for k in range(4)])
    test = ClipDataset(store, [3, 1, 0], [0, 1, 1], GeneralPipeline(HAND))
    values = np.array([[0, 1], [0, 2], [5, 0]], np.float32)
    scores = Scores("made", "test", ("a", "b"), ("c0", "c1", "c3"), np.array([0, 1, 0]), values)
    right = most_confident(scores, test, right=True)
    assert (right.clip.name, right.clip.frames, right.true) == ("c3", 8, "a")
    assert right.probability == pytest.approx(1 / (1 + np.exp(-5)))
    wrong = most_confident(scores, test, right=False)
    assert (wrong.clip.name, wrong.true, wrong.predicted) == ("c0", "a", "b")
    assert wrong.true_probability == pytest.approx(1 / (1 + np.e))


@pytest.mark.parametrize(("frames", "fps"), [(1, 30.0), (20, 5.0), (300, 30.0), (3000, 120.0)])
def test_animation_is_thinned_to_few_frames_and_keeps_its_time(tmp_path, frames, fps):
    markup = clips_section(shown(made_clip(frames, fps=fps)), None, tmp_path)
    with Image.open(tmp_path / "clip.gif") as moving:
        assert moving.n_frames <= GIF_FRAMES
        seconds = moving.n_frames * moving.info["duration"] / 1000
    assert seconds == pytest.approx(frames / fps, rel=0.1, abs=0.05)
    small = (tmp_path / "clip.gif").stat().st_size <= GIF_BYTES
    assert ("image/gif" in markup) == small


def test_a_clip_whose_thinned_frames_are_empty_has_a_sheet_alone(tmp_path):
    present = np.zeros((1, 30), bool)
    present[0, 1] = True
    markup = clips_section(shown(made_clip(30, present=present)), None, tmp_path)
    assert "image/png" in markup
    assert "image/gif" not in markup


def test_without_clips_there_is_no_section(tmp_path):
    assert clips_section(None, None, tmp_path) == ""
    assert not list(tmp_path.iterdir())
