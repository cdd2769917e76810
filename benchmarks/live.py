"""What live use costs on one core: a frame taken in, and an answer, for each encoder.

    python benchmarks/live.py [--window 2.0] [--persons 1] [--onnx FILE] [--json]

Networks of the papers' sizes with random weights behind the general pipeline, and the demo's small
one. Times are of the processor, the best of several, so that other work on the machine counts
little. Answers a second: where every frame is judged.
"""

import argparse
import json
import time
from collections.abc import Sequence

import numpy as np
import torch

from laban import Stream
from laban.batch import collate
from laban.benchmarks import find_benchmark
from laban.card import Card
from laban.clip import Clip
from laban.encoders import ENCODERS
from laban.loading import load
from laban.nn import Classifier
from laban.pipelines import GeneralPipeline
from laban.runtime import Predictor
from laban.skeletons import skeleton_named

SMALL = {"heads": 2, "layers": ((16, 8, 1), (32, 8, 2))}


class Untrained(Predictor):
    """A network that nobody has trained."""

    def __init__(self, name: str, persons: int, options: dict) -> None:
        benchmark = find_benchmark("nw-ucla-xview")
        skeleton = skeleton_named("kinect-v1")
        card = Card(recipe={}, skeleton=skeleton, channels=3, stream="joint", benchmark=benchmark)
        super().__init__(card, GeneralPipeline(skeleton, persons=persons))
        encoder = ENCODERS[name](skeleton, **options)
        self.network = Classifier(encoder, len(benchmark.classes)).eval()

    @torch.inference_mode()
    def prepared_scores(self, clips: Sequence[Clip]) -> np.ndarray:
        """Class scores of prepared clips: ``-> (B, classes)``."""
        batch = collate(clips, [-1] * len(clips), range(len(clips)))
        return self.network(*self.pipeline.view(batch, "joint")).numpy()


def measured(predictor: Predictor, window: float, persons: int) -> dict[str, float]:
    """Milliseconds of a frame without an answer and of an answer, the best of several."""
    card, best = predictor.card, {True: float("inf"), False: float("inf")}
    rng = np.random.default_rng(0)
    stream = Stream(predictor, window=window, every=0.5)
    count = int(window * 30) + 120
    poses = rng.normal(size=(count, persons, len(card.skeleton), card.channels))
    for number, frame in enumerate(poses.astype(np.float32)):
        began = time.process_time()
        answered = bool(stream.push(frame))
        if number > window * 30:  # the window is full
            best[answered] = min(best[answered], time.process_time() - began)
    each = 1000 * best[True], 1000 * best[False]
    return {
        "frame_ms": round(each[1], 3),
        "answer_ms": round(each[0], 2),
        "answers_a_second": round(1000 / each[0], 1),
    }


def main() -> None:
    """Prints a table, or with --json one JSON value."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", type=float, default=2.0, help="seconds")
    parser.add_argument("--persons", type=int, default=1)
    parser.add_argument("--onnx", help="measure this exported file as well")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    cases = {"dsta-net, small": ("dsta-net", SMALL)} | {name: (name, {}) for name in ENCODERS}
    rows = {
        case: measured(Untrained(name, given.persons, options), given.window, given.persons)
        for case, (name, options) in cases.items()
    }
    if given.onnx:
        rows[given.onnx] = measured(load(given.onnx), given.window, given.persons)
    if given.json:
        print(json.dumps(rows))
        return
    print(f"{'':<18}{'ms a frame':>12}{'ms an answer':>14}{'answers a second':>18}")
    for case, row in rows.items():
        print(
            f"{case:<18}"
            + "".join(f"{v:>{w}}" for v, w in zip(row.values(), (12, 14, 18), strict=True))
        )


if __name__ == "__main__":
    main()
