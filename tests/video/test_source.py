import sys

import numpy as np
import pytest

from laban import Store
from laban.errors import LabanError
from laban.video import FramePoses, VideoPoses, clip_of
from tests.pages import DOCS, blocks
from tests.video.recorded import COCO, SIZE, Recorded, fake_opencv, person

TWO = [[person(10 + t), person(90 - t)][:: 1 if t % 2 else -1] for t in range(6)]


@pytest.fixture
def opencv(monkeypatch):
    def install(*arguments, **options):
        monkeypatch.setitem(sys.modules, "cv2", fake_opencv(*arguments, **options))

    return install


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")
    return path


def test_recorded_key_points_become_a_clip_with_persons_in_their_places(opencv, film):
    opencv(6, fps=10.0)
    with VideoPoses(film, Recorded(TWO)) as source:
        assert (source.fps, source.size, source.frames) == (10.0, SIZE, 6)
        frames = list(source)
    assert [frame.time for frame in frames] == pytest.approx(np.arange(6) / 10)
    assert [frame.ids for frame in frames] == [(0, 1), (1, 0)] * 3
    clip = clip_of(frames, source.skeleton, fps=source.fps, name="film")
    # Pixels with changed sign: y up, and who faces the camera has the right hand at larger x.
    wanted = np.stack([[person(90 - t) for t in range(6)], [person(10 + t) for t in range(6)]])
    np.testing.assert_array_equal(clip.poses, -wanted)
    assert clip.present.all() and clip.fps == 10 and clip.skeleton is COCO
    np.testing.assert_allclose(clip.confidence, 0.9)


def test_one_person_after_another_shares_a_place():
    def frame(t, *who):
        poses = np.stack([np.full((17, 2), 1.0 + k) for k in who]) if who else np.zeros((0, 17, 2))
        return FramePoses(float(t), poses, np.ones(poses.shape[:2]), who)

    rows = [frame(0, 0, 1), frame(1, 1), frame(2, 1, 2), frame(3), frame(4, 3)]
    clip = clip_of(rows, COCO, fps=30, name="x")
    assert clip.poses[:, :, 0, 0].tolist() == [[1, 0, 3, 0, 4], [2, 2, 2, 0, 0]]
    assert clip.present.tolist() == (clip.poses[:, :, 0, 0] > 0).tolist()
    with pytest.raises(LabanError, match="x: no person was found in 1 frames"):
        clip_of([frame(0)], COCO, fps=30, name="x")


def test_a_camera_goes_by_the_clock(opencv):
    opencv(4, fps=0.0, cameras=(2,))
    with VideoPoses(2, Recorded(TWO)) as source:
        times = [frame.time for frame in source]
    assert len(times) == 4 and 0 <= times[0] and (np.diff(times) > 0).all()
    assert source.fps == 30 and source.frames is None


@pytest.mark.parametrize(
    ("count", "fps", "origin", "sentence"),
    [
        (3, 30.0, 7, "camera 7 cannot be opened, give the number of a camera"),
        (0, 30.0, None, "film.mp4 gives no picture, give a video such as .mp4"),
        (3, 0.0, None, "film.mp4 tells 0 frames a second, encode it anew"),
    ],
)
def test_what_cannot_be_seen_is_said(opencv, film, count, fps, origin, sentence):
    opencv(count, fps=fps)
    with pytest.raises(LabanError, match=sentence):
        VideoPoses(film if origin is None else origin, Recorded([]))


def test_the_page_makes_a_store_of_videos(opencv, tmp_path, monkeypatch):
    opencv(6, fps=10.0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("laban.video.RTMO", lambda path: Recorded(TWO))
    for name in ("wave/ann-1.mp4", "bow/ben-2.mp4"):
        path = tmp_path / "videos" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"film")
    (code,) = [one for _, one in blocks((DOCS / "deploy.md").read_text()) if "clip_of" in one]
    exec(compile(code, "deploy.md", "exec"), {})
    found = [(clip.name, clip.label, dict(clip.facts)) for clip in Store("videos.arrow")]
    wanted = [("ben-2", "bow", {"subject": "ben"}), ("ann-1", "wave", {"subject": "ann"})]
    assert found == wanted


def test_without_opencv_it_says_what_to_install(monkeypatch, opencv, film):
    opencv(3)
    with pytest.raises(LabanError, match="nowhere.mp4 is no file"):
        VideoPoses(film.with_name("nowhere.mp4"), Recorded([]))
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(LabanError, match=r"pip install 'laban\[video\]'"):
        VideoPoses(film, Recorded([]))


def test_a_real_video_is_read_frame_by_frame(tmp_path):
    cv2 = pytest.importorskip("cv2", reason="the extra laban[video] is not installed")
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, SIZE)
    for number in range(6):
        writer.write(np.full((SIZE[1], SIZE[0], 3), 40 * number, np.uint8))
    writer.release()

    class Grey:
        skeleton = COCO

        def __call__(self, picture):
            return person(float(picture.mean()))[None], np.ones((1, 17))

    with VideoPoses(path, Grey()) as source:
        seen = [-frame.poses[0, 0, 0] for frame in source]
        assert (source.fps, source.size, source.frames) == (25, SIZE, 6)
    np.testing.assert_allclose(seen, 40 * np.arange(6), atol=2)
    bad = tmp_path / "bad.mp4"
    for content in (b"", b"hello" * 100):
        bad.write_bytes(content)
        with pytest.raises(LabanError, match="bad.mp4 (cannot be opened|gives no picture), give"):
            VideoPoses(bad, Grey())
    with pytest.raises(LabanError, match="camera 97 cannot be opened"):
        VideoPoses(97, Grey())
