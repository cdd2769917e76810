import numpy as np
import pytest

from laban.clip import Clip
from laban.detector import Detector
from laban.errors import LabanError
from laban.inference import load
from laban.run import Run
from laban.store import Store
from laban.viewer import Finding, Naming, network_of
from laban.viewer.network import POINTS
from tests.test_live import SKELETON, Height


def test_a_window_says_what_the_network_says_of_these_frames_alone():
    rng = np.random.default_rng(0)
    poses = rng.normal(size=(2, 150, 20, 3)).astype(np.float32)
    poses[:, 40:80] = 0
    found = Naming(Height()).over_time(Clip("c", poses, SKELETON), 0.5)
    assert found.frames[-1] == 150 and len(found.frames) <= POINTS
    for end, row in zip(found.frames, found.shares, strict=True):
        seen = poses[:, max(0, end - 15) : end]
        if not seen.any():
            assert np.isnan(row).all()
            continue
        (wanted,) = Height().predict(Clip("c", seen, SKELETON))
        assert row[wanted.index] == pytest.approx(wanted.probability, abs=1e-6)
    assert found.whole == Height().predict(Clip("c", poses, SKELETON))[0]


@pytest.mark.parametrize("fps", [1e-310, 1e300, 1e308])
def test_a_clip_is_judged_whatever_its_frame_rate_says(fps):
    clip = Clip("c", np.ones((1, 9, 20, 3)), SKELETON, fps=fps)
    found = Naming(Height()).over_time(clip, 2.0)
    assert found.shares.shape == (9, 2) and np.isfinite(found.shares).all()


def test_a_detection_run_is_told_frame_by_frame(viewed):
    network, clip = network_of(viewed.finding), Store(viewed.recordings)[0]
    assert isinstance(network, Finding)
    detector = Detector(Run.open(viewed.finding))
    found = network.over_time(clip, 2.0)
    wanted = np.concatenate(list(detector.probabilities(clip)))
    np.testing.assert_allclose(found.shares, wanted[found.frames], atol=1e-6)
    assert list(found.segments) == detector.detect(clip) and found.segments
    (row,) = network.answers([clip])["detections"]
    assert row["clip"] == clip.name and len(row["segments"]) == len(found.segments)
    assert network.seen(clip, 30).frames == 9
    clip.present = np.zeros_like(clip.present)
    with pytest.raises(LabanError, match="nobody is near frame 30"):
        network.seen(clip, 30)


def test_a_run_that_names_clips_is_the_one_that_predict_loads(viewed):
    network, clips = network_of(viewed.naming), list(Store(viewed.clips))
    assert isinstance(network, Naming)
    wanted = [row.to_json() for row in load(viewed.naming).predict(clips)]
    assert network.answers(clips) == {"predictions": wanted}
    with pytest.raises(LabanError, match="skeleton hand-20"):
        network.over_time(Clip("c", np.ones((1, 4, 20, 3)), SKELETON), 1.0)
