"""Detection: the score of a frame, and windows that share their frames."""

import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.clip import Clip
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.objectives.detection import Detection
from laban.pipelines import PIPELINES, View
from laban.skeletons import SKELETONS
from laban.windows import cut

SKELETON = SKELETONS["kinect-v2"]
TINY = {"width": 16, "depth": 1, "heads": 2, "head_width": 8, "dropout": 0.0}


def recording(frames=30, seed=0):
    rng = np.random.default_rng(seed)
    poses = rng.normal(size=(2, frames, 25, 3)).astype(np.float32)
    present = np.ones((2, frames), bool)
    present[1, 10:22] = False  # the second person leaves for a while
    present[0, 4:6] = False
    poses[~present] = 0
    return Clip("r", poses, SKELETON, present=present)


def objective(level="clip", stream="joint", **options):
    torch.manual_seed(0)
    encoder = ENCODERS["hi-trs"](SKELETON, level=level, **TINY)
    pipeline = PIPELINES["hi-trs"](SKELETON, whole=True)
    return Detection(encoder, View(pipeline, stream), classes=3, **options).eval()


@pytest.mark.parametrize("stream", ["joint", "bone", "motion"])
def test_windows_that_share_frames_score_as_each_alone(stream):
    made, clip = objective(stream=stream, window=15), recording()
    windows = [made.view.pipeline.prepare(cut(clip, t - 7, t + 8)) for t in range(30)]
    with torch.inference_mode():
        alone = made.scores(collate(windows, [0] * 30, range(30)))
        stretch = made.view.pipeline.prepare(cut(clip, -7, 37))
        shared = made.neighbours(collate([stretch], [0], [0]), torch.arange(30)[None] + 7)[0]
    assert alone.shape == (30, 4)
    torch.testing.assert_close(shared, alone, atol=1e-5, rtol=1e-5)


def test_the_frame_is_in_the_middle_of_what_hi_trs_sees():
    """Of 15 frames those 6, 4, 2 and 0 before and behind the centre count, and no others."""
    made, clip = objective(window=15), recording(15, seed=1)
    clip.present[:] = True
    clip.poses[clip.poses == 0] = 0.5

    def scored(changed=None):
        poses = clip.poses.copy()
        if changed is not None:
            poses[:, changed] += 1
        window = made.view.pipeline.prepare(Clip("r", poses, SKELETON))
        with torch.inference_mode():
            return made.scores(collate([window], [0], [0]))

    plain = scored()
    moved = [t for t in range(15) if not torch.equal(scored(t), plain)]
    assert moved == [1, 3, 5, 7, 9, 11, 13]


def test_a_level_of_the_whole_window_takes_it_as_a_clip():
    made = objective(level="video", window=15)
    assert not made.shares
    windows = [made.view.pipeline.prepare(cut(recording(), 0, 15))]
    assert made.scores(collate(windows, [0], [0])).shape == (1, 4)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"window": 0}, "window is 0, give 1 frame or more"),
        ({"hop": 0}, "hop is 0"),
        ({"window": 12}, "7 frames 2 apart needs 13 or more"),
        ({"threshold": 0.0}, "threshold is 0.0"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, sentence):
    with pytest.raises(LabanError, match=sentence):
        objective(**options)


def test_a_pipeline_that_drops_frames_is_refused_where_windows_share():
    torch.manual_seed(0)
    encoder = ENCODERS["hi-trs"](SKELETON, level="clip", **TINY)
    pipeline = PIPELINES["general"](SKELETON, frames=8)
    made = Detection(encoder, View(pipeline, "joint"), classes=3, window=15)
    window = collate([pipeline.prepare(cut(recording(), 0, 15))], [0], [0])
    with pytest.raises(LabanError, match="use pipeline hi-trs"):
        made.scores(window)
