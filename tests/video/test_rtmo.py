import sys

import numpy as np
import pytest

from laban.errors import LabanError
from laban.video import RTMO
from tests.video.recorded import STANCE, write_network


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    pytest.importorskip("rtmlib", reason="the extra laban[video] is not installed")
    pytest.importorskip("onnx", reason="the extra laban[export] is not installed")
    return write_network(tmp_path_factory.mktemp("network") / "rtmo.onnx")


def square(x, y, size, half=5):
    """A grey picture of a width and height with a white square around x, y."""
    picture = np.full((size[1], size[0], 3), 90, np.uint8)
    picture[y - half : y + half + 1, x - half : x + half + 1] = 255
    return picture


@pytest.mark.parametrize("size", [(128, 96), (256, 192), (64, 96), (300, 100)])
def test_key_points_lie_where_they_are_in_the_picture(network, size, capsys):
    """The network sees the picture scaled and padded; what it says is told in its pixels."""
    find = RTMO(network)
    ratio = min(96 / size[1], 128 / size[0])
    poses, sure = find(square(40, 50, size))
    assert poses.shape == (1, 17, 2)  # the less sure box is the same person
    np.testing.assert_allclose(poses[0], (40, 50) + STANCE / ratio, atol=1.5 / ratio)
    np.testing.assert_allclose(sure, 0.75)
    poses, sure = find(np.full((size[1], size[0], 3), 90, np.uint8))
    assert poses.shape == (0, 17, 2) and sure.shape == (0, 17)
    assert not capsys.readouterr().out


def test_a_network_without_a_single_box_finds_nobody(network, monkeypatch):
    find = RTMO(network)
    empty = [np.zeros((1, 0, 5), np.float32), np.zeros((1, 0, 17, 3), np.float32)]
    monkeypatch.setattr(find._tool, "inference", lambda image: empty)
    poses, sure = find(square(40, 50, (128, 96)))
    assert poses.shape == (0, 17, 2) and sure.shape == (0, 17)


def test_what_is_no_such_network_is_said(network, tmp_path):
    with pytest.raises(LabanError, match=r"nowhere.onnx is no file: .*github.com/Tau-J/rtmlib"):
        RTMO(tmp_path / "nowhere.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(LabanError, match="text.onnx cannot be read as ONNX"):
        RTMO(tmp_path / "text.onnx")
    with pytest.raises(LabanError, match="is no RTMO network: it gives .*21, 3"):
        RTMO(write_network(tmp_path / "hands.onnx", joints=21))


def test_without_rtmlib_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    with pytest.raises(LabanError, match=r"rtmlib: install it with pip install 'laban\[video\]'"):
        RTMO(tmp_path / "rtmo.onnx")
