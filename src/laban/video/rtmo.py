"""RTMO: the 17 key points of COCO of everybody in a picture, in one pass, on a CPU.

Lu and others, https://arxiv.org/abs/2312.07526. The network is a file, asked by rtmlib
(https://github.com/Tau-J/rtmlib, Apache-2.0) through ONNX Runtime: it scales and pads the picture,
and keeps of the boxes that overlap the surest. The files are listed in rtmlib's model zoo.

Unusual here: rtmlib gives one person of zeros where it finds nobody, who is left out.
"""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from laban.errors import LabanError
from laban.skeletons import SKELETONS

__all__ = ["RTMO"]

_WHERE = "https://github.com/Tau-J/rtmlib#model-zoo"


class RTMO:
    """An estimator of `laban.video.source`.

    Args:
        path: The network, an ONNX file.

    Raises:
        LabanError: Where rtmlib is not installed, or the file is no such network.
    """

    skeleton = SKELETONS["coco-17"]

    def __init__(self, path: Path) -> None:
        self._tool = _tool(path)
        try:
            size = self._tool.session.get_inputs()[0].shape[2:]
            if len(size) == 2 and all(isinstance(side, int) for side in size):
                self._tool.model_input_size = tuple(size)  # else rtmlib's 640 x 640
            height, width = self._tool.model_input_size
            outputs = self._tool.inference(np.full((height, width, 3), 114, np.uint8))
            shapes = [one.shape for one in outputs]
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's exceptions share no class but this
            raise LabanError(f"{path} is no RTMO network ({error}), see {_WHERE}") from None
        ends = [shape[-1:] for shape in shapes[:1]] + [shape[-2:] for shape in shapes[1:]]
        if ends != [(5,), (len(self.skeleton), 3)]:
            raise LabanError(
                f"{path} is no RTMO network: it gives {shapes}, not boxes (1, N, 5) and key points "
                f"(1, N, 17, 3), see {_WHERE}"
            )

    def __call__(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``(H, W, 3) blue green red -> (P, 17, 2), (P, 17)``: pixels, y down, and confidence."""
        tool = self._tool
        image, ratio = tool.preprocess(picture)
        outputs = tool.inference(image)
        if not outputs[0].shape[1]:  # rtmlib expects a box
            return np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), np.float32)
        poses, sure = tool.postprocess(outputs, ratio, tool.nms_thr, tool.score_thr)
        there = (poses != 0).any((1, 2))
        return poses[there], sure[there]


def _tool(path: Path) -> Any:
    """The object of rtmlib for a file."""
    try:
        import rtmlib
    except ModuleNotFoundError:
        raise LabanError(
            "poses from video need rtmlib: install it with pip install 'laban[video]'"
        ) from None
    except ImportError as error:
        raise LabanError(
            f"rtmlib cannot be loaded ({error}), install that library, or opencv-python-headless "
            "in OpenCV's place"
        ) from None
    if not path.is_file():  # rtmlib would try to fetch it
        raise LabanError(f"{path} is no file: name an RTMO network as ONNX, see {_WHERE}")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it says what it loads
            return rtmlib.RTMO(str(path), backend="onnxruntime", device="cpu")
    except Exception as error:  # noqa: BLE001 - ONNX Runtime's exceptions share no class but this
        raise LabanError(f"{path} cannot be read as ONNX ({error}), see {_WHERE}") from None
