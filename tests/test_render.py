"""Pictures of clips: every format opens again, shows who is there, and refuses what it cannot."""

import json
import re
import sys

import numpy as np
import pytest
from PIL import Image

from laban.clip import Clip
from laban.errors import LabanError
from laban.motions import record
from laban.render import SUFFIXES, bone_colours, contact_sheet, draw_frame, render
from laban.skeletons import SKELETONS, Skeleton


@pytest.fixture(scope="module")
def pair():
    return record(58, 2, flaws=False).clip()


def made_up(skeleton, persons=1, frames=6, channels=3):
    rng = np.random.default_rng(0)
    shape = (persons, frames, len(skeleton), channels)
    return Clip("made-up", rng.normal(0, 0.3, shape) + 1, skeleton)


def ink(picture, colour):
    """How many pixels are near a colour #rrggbb."""
    wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    return int((np.abs(np.asarray(picture.convert("RGB"), int) - wanted).max(-1) < 12).sum())


def test_gif_moves_at_the_clips_speed(pair, tmp_path):
    render(pair, tmp_path / "a.gif", size=160)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.size == (160, 160)
        assert gif.n_frames == -(-pair.frames // 2)
        seconds = gif.n_frames * gif.info["duration"] / 1000
        assert seconds == pytest.approx(pair.frames / 30, rel=0.1)


def test_png_is_a_sheet_of_eight(pair, tmp_path):
    render(pair, tmp_path / "a.PNG", size=200)
    with Image.open(tmp_path / "a.PNG") as sheet:
        assert sheet.size == (400, 210)
    assert contact_sheet(pair, moments=3, size=90).size == (270, 99)


@pytest.mark.parametrize("name", SKELETONS)
@pytest.mark.parametrize("channels", [2, 3])
def test_any_skeleton_and_number_of_persons(name, channels):
    picture = draw_frame(made_up(SKELETONS[name], persons=3, channels=channels), 0, size=120)
    drawn = (np.asarray(picture, int).min(-1) < 190).sum()
    assert picture.size == (120, 120)
    assert drawn > 300


def test_sides_and_persons_have_their_own_colours():
    skeleton = SKELETONS["kinect-v2"]
    colours = [bone_colours(skeleton, person) for person in (0, 1)]
    left, right = skeleton.index("wrist-left"), skeleton.index("wrist-right")
    assert len({colours[0][left], colours[0][right], colours[1][left], colours[1][right]}) == 4
    assert len(set(bone_colours(SKELETONS["hand-22"], 0))) >= 5


def test_an_absent_person_is_not_drawn(pair):
    second = bone_colours(pair.skeleton, 1)[pair.skeleton.index("wrist-left")]
    present = pair.present.copy()
    present[1, 10:] = False
    half = Clip("half", pair.poses, pair.skeleton, present=present)
    assert ink(draw_frame(half, 5), second) > 20
    assert ink(draw_frame(half, 20), second) == 0


def test_up_is_up_and_left_is_cool():
    clip = record(23, 1, flaws=False).clip()
    picture = np.asarray(draw_frame(clip, 0, title=""), int)
    dark = np.argwhere(np.abs(picture - (0x3D, 0x3F, 0x46)).max(-1) < 20)
    legs = np.argwhere(np.abs(picture - (0x17, 0x4F, 0x9C)).max(-1) < 20)
    assert dark[:, 0].min() < legs[:, 0].min()
    arms = [np.argwhere(np.abs(picture - c).max(-1) < 25)[:, 1].mean() for c in
            ((0x1F, 0x6F, 0xD6), (0xE0, 0x56, 0x2B))]  # fmt: skip
    assert arms[1] < arms[0]  # as on a photograph of who faces the sensor


def test_a_head_is_larger_however_its_name_is_spelt(tmp_path):
    """Motion capture writes Head."""
    inks = {}
    for word in ("head", "Head", "hand"):
        clip = made_up(Skeleton("rig", ("hip", word), (0, 0)))
        inks[word] = ink(draw_frame(clip, 0, title=""), bone_colours(clip.skeleton, 0)[1])
        render(clip, tmp_path / "a.html")
        assert ('"head":1' in (tmp_path / "a.html").read_text()) == (word != "hand")
    assert inks["Head"] == inks["head"] > inks["hand"]


def test_html_stands_alone_and_holds_the_poses(pair, tmp_path):
    render(pair, tmp_path / "a.html", title="<b> & </script>")
    text = (tmp_path / "a.html").read_text()
    assert not re.search(r"https?://|src=|@[A-Z]+@", text)
    assert "<b>" not in text
    assert text.count("</script>") == 1
    data = json.loads(re.search(r"const clip = (.*);\n", text)[1])
    assert data["frames"] == pair.frames
    assert len(data["poses"]) == 2
    body = np.array(data["poses"][0][3], float).reshape(-1, 3)
    wanted = pair.poses[0, 3].astype(float) * (-1, 1, 1)  # x to the right
    scale = np.ptp(body[:, 1]) / np.ptp(wanted[:, 1])
    np.testing.assert_allclose(body - body[0], (wanted - wanted[0]) * scale, atol=scale * 0.001 + 2)


def test_html_leaves_out_who_is_absent_and_joints_of_zeros(pair, tmp_path):
    poses, present = pair.poses.copy(), pair.present.copy()
    poses[0, :, 7] = 0
    present[1, 4] = False
    render(Clip("x", poses, pair.skeleton, present=present), tmp_path / "a.html")
    data = json.loads(re.search(r"const clip = (.*);\n", (tmp_path / "a.html").read_text())[1])
    assert data["poses"][1][4] is None
    assert data["poses"][0][0][21:24] == [None] * 3


def test_mp4_without_its_package_says_what_to_install(pair, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio", None)
    monkeypatch.setitem(sys.modules, "imageio.v2", None)
    with pytest.raises(LabanError, match=r'pip install "laban\[video\]"'):
        render(pair, tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


def test_mp4_opens_again(tmp_path):
    imageio = pytest.importorskip("imageio.v2", reason="the extra laban[video] is not installed")
    pytest.importorskip("imageio_ffmpeg", reason="the extra laban[video] is not installed")
    render(made_up(SKELETONS["kinect-v1"], frames=12), tmp_path / "a.mp4", size=101)
    assert imageio.get_reader(tmp_path / "a.mp4").get_data(0).shape == (102, 102, 3)


def test_another_suffix_names_the_four(pair, tmp_path):
    with pytest.raises(LabanError, match=", ".join(SUFFIXES).replace(".", r"\.")):
        render(pair, tmp_path / "a.bmp")


def test_a_clip_with_nobody_is_refused(tmp_path):
    empty = Clip("nobody", np.zeros((1, 4, 25, 3)), "kinect-v2")
    for suffix in (".gif", ".png", ".html"):
        with pytest.raises(LabanError, match="nobody"):
            render(empty, tmp_path / f"a{suffix}")


def test_not_a_number_and_one_frame_do_not_stop_it(tmp_path):
    clip = made_up(SKELETONS["hand-22"], frames=1)
    clip.poses[0, 0, 3] = np.nan
    for suffix in (".gif", ".png", ".html"):
        render(clip, tmp_path / f"a{suffix}", size=100)
        assert (tmp_path / f"a{suffix}").stat().st_size > 500
