import sys

import numpy as np
import pytest

from laban.clip import Clip
from laban.errors import LabanError
from laban.mapping import map_clip
from laban.skeletons import SKELETONS
from laban.video import Fitting, FramePoses, VideoReader, fitting
from tests.video.recorded import COCO, SIZE, Hands, Recorded, fake_opencv, person

CLIP = Clip("film", -np.stack([[person(10 + t), person(60)] for t in range(4)], 1), COCO)


def test_a_network_of_the_same_layout_gets_pixels_as_they_are():
    assert Fitting(Hands().card, COCO).clip(CLIP, SIZE) is CLIP


def test_another_layout_is_mapped_by_names():
    target = SKELETONS["openpose-18"]
    fit = Fitting(Hands(skeleton=target).card, COCO)
    clip = fit.clip(CLIP, SIZE)
    np.testing.assert_array_equal(clip.poses, map_clip(CLIP, target).poses)
    neck = CLIP.poses[:, :, [COCO.index("shoulder-left"), COCO.index("shoulder-right")]].mean(2)
    np.testing.assert_allclose(clip.poses[:, :, target.index("neck")], neck)
    assert "neck from shoulder-left and shoulder-right" in str(fit.mapping)


def test_a_network_of_kinetics_skeleton_gets_shares_of_the_picture():
    clip = Fitting(Hands(benchmark="kinetics").card, COCO).clip(CLIP, SIZE)
    np.testing.assert_allclose(clip.poses * (128, 96), CLIP.poses, rtol=1e-6)


@pytest.mark.parametrize("layout", ["coco-17", "openpose-18"])
def test_a_frame_is_fitted_as_a_clip_is(layout):
    fit = Fitting(Hands(skeleton=SKELETONS[layout], benchmark="kinetics").card, COCO)
    whole = fit.clip(CLIP, SIZE)
    for t in range(4):
        frame = FramePoses(t, CLIP.poses[:, t], np.full((2, 17), 0.5, np.float32), (4, 7))
        one = fit.frame(frame, COCO, SIZE)
        np.testing.assert_array_equal(one.poses, whole.poses[:, t])
        assert one.ids == (4, 7) and (one.confidence == 0.5).all()
    nobody = FramePoses(9, np.zeros((0, 17, 2)), np.zeros((0, 17)), ())
    assert fit.frame(nobody, COCO, SIZE).poses.shape == (0, len(SKELETONS[layout]), 2)


def test_depth_is_not_made_up():
    card = Hands(skeleton=SKELETONS["kinect-v2"], channels=3).card
    with pytest.raises(LabanError, match="x and y of coco-17, this run takes 3 channels of kinect"):
        Fitting(card, COCO)
    with pytest.raises(LabanError, match="coco-17 and hand-20 have no joint in common"):
        Fitting(Hands(skeleton=SKELETONS["hand-20"]).card, COCO)


def test_a_video_is_read_as_a_clip(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cv2", fake_opencv(4, fps=10.0))
    frames = [[person(10 + t)] for t in range(4)]
    opened = []
    monkeypatch.setattr(fitting, "RTMO", lambda path: opened.append(path) or Recorded(frames))
    monkeypatch.setattr(fitting.RTMO, "skeleton", COCO, raising=False)
    (tmp_path / "wave.mp4").write_bytes(b"film")
    reader = VideoReader(Hands().card, tmp_path / "rtmo.onnx")
    for _ in range(2):
        clip = reader.read(tmp_path / "wave.mp4")
    assert (clip.name, clip.fps, clip.poses.shape) == ("wave", 10, (1, 4, 17, 2))
    assert opened == [tmp_path / "rtmo.onnx"]
    with pytest.raises(LabanError, match="a video needs --estimator FILE"):
        VideoReader(Hands().card, None).read(tmp_path / "wave.mp4")
