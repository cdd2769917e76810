"""Recorded key points, pictures that call them up, and a network of the form of RTMO's."""

from types import SimpleNamespace

import numpy as np

from laban.benchmarks import Benchmark
from laban.card import Card
from laban.pipelines import PIPELINES
from laban.runtime import Predictor
from laban.skeletons import SKELETONS

COCO = SKELETONS["coco-17"]
SIZE = (128, 96)  # width and height
_ROWS = (0, -2, -2, -1, -1, 4, 4, 9, 9, 14, 14, 16, 16, 23, 23, 30, 30)
STANCE = np.array([[6 * (n > 4) * (-1) ** n, row] for n, row in enumerate(_ROWS)], np.float32)


def person(x, y=30.0, hand=0.0):
    """A person with the nose at x, y (pixels, y down), both hands higher by so much: (17, 2)."""
    pose = STANCE + (x, y)
    for wrist in ("wrist-left", "wrist-right"):
        pose[COCO.index(wrist), 1] -= hand
    return pose.astype(np.float32)


class Recorded:
    """An estimator that knows what is in picture number n, which stands in its first value."""

    skeleton = COCO

    def __init__(self, frames):
        self.frames = frames

    def __call__(self, picture):
        poses = np.array(self.frames[int(picture[0, 0, 0])], np.float32).reshape(-1, 17, 2)
        return poses, np.full(poses.shape[:2], 0.9)


def fake_opencv(count, *, fps=25.0, cameras=()):
    """As much of OpenCV as a file of so many pictures, or a camera, asks."""

    class Capture:
        def __init__(self, origin):
            self.there = isinstance(origin, str) or origin in cameras
            self.number = 0

        def isOpened(self):  # noqa: N802 - OpenCV's word
            return self.there

        def read(self):
            self.number += 1
            picture = np.full((SIZE[1], SIZE[0], 3), self.number - 1, np.uint8)
            return self.number <= count, picture if self.number <= count else None

        def get(self, what):
            return {"fps": fps, "count": count}[what]

        def set(self, *_):
            return False

        def release(self):
            self.there = False

    names = {"CAP_PROP_FPS": "fps", "CAP_PROP_FRAME_COUNT": "count", "CAP_PROP_BUFFERSIZE": "size"}
    return SimpleNamespace(VideoCapture=Capture, **names)


class Hands(Predictor):
    """Says `up` where the hands of the last frames are above the nose, of pictures' poses."""

    def __init__(self, *, skeleton=COCO, channels=2, benchmark="toy"):
        halves = {"train": {"subject": ["1"]}, "test": {"subject": ["2"]}}
        facts = {"name": benchmark, "classes": ["up", "down"]} | halves
        labels = Benchmark.from_json(facts, "toy")
        card = Card(
            recipe={}, skeleton=skeleton, channels=channels, stream="joint", benchmark=labels
        )
        super().__init__(card, PIPELINES["hi-trs"](skeleton))
        self.clips = []

    def prepared_scores(self, clips):
        self.clips += clips
        nose, hand = (self.card.skeleton.index(joint) for joint in ("nose", "wrist-left"))
        lead = [clip.poses[0, -3:] for clip in clips]
        higher = np.array([(pose[:, hand, 1] - pose[:, nose, 1]).mean() for pose in lead])
        return np.stack((higher, -higher), 1)


def write_network(path, *, joints=17):
    """An ONNX network of RTMO's form: a person hangs from the middle of what is white.

    It finds everybody twice, the second time less surely, so that boxes that overlap are there to
    be sorted out. The nose is the middle; the scores are 0 where nothing is white.
    """
    import onnx
    from onnx import numpy_helper, parser

    width, height = SIZE
    model = parser.parse_model(
        f"""<ir_version: 8, opset_import: ["": 18]>
        rtmo (float[1, 3, {height}, {width}] input)
            => (float[1, N, 5] dets, float[1, N, {joints}, 3] keypoints) {{
          channels = Constant <value = int64[1] {{1}}> ()
          lowest = ReduceMin <keepdims = 1> (input, channels)
          is_white = Greater (lowest, limit)
          white = Cast <to = 1> (is_white)
          plane = Constant <value = int64[2] {{2, 3}}> ()
          count = ReduceSum <keepdims = 1> (white, plane)
          some = Max (count, one)
          in_x = Mul (white, columns)
          in_y = Mul (white, rows)
          sum_x = ReduceSum <keepdims = 1> (in_x, plane)
          sum_y = ReduceSum <keepdims = 1> (in_y, plane)
          sums = Concat <axis = 3> (sum_x, sum_y)
          middle = Div (sums, some)
          found = Min (count, one)
          place = Add (middle, stance)
          sure = Mul (found, shares)
          twice = Concat <axis = 1> (place, place)
          keypoints = Concat <axis = 3> (twice, sure)
          corners = Concat <axis = 3> (middle, middle)
          spread = Add (corners, box)
          level = Mul (found, scores)
          spreads = Concat <axis = 1> (spread, spread)
          boxes = Concat <axis = 3> (spreads, level)
          flat = Squeeze (boxes, two)
          dets = Identity (flat)
        }}"""
    )
    values = {
        "limit": np.array([200]),
        "one": np.array([1]),
        "columns": np.arange(width),
        "rows": np.arange(height)[:, None],
        "stance": np.resize(STANCE, (1, 1, joints, 2)),
        "shares": np.repeat([[[[0.75]], [[0.5]]]], joints, 2),
        "scores": np.array([[[[0.9]], [[0.8]]]]),
        "box": np.array([-8, -4, 8, 32]),
    }
    for name, value in values.items():
        tensor = numpy_helper.from_array(value.astype(np.float32), name)
        model.graph.initializer.append(tensor)
    model.graph.initializer.append(numpy_helper.from_array(np.array([2]), "two"))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
