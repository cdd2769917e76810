"""What all tests share: where the real recordings are, and small made-up clips."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import settings

from laban.cli import main
from laban.clip import Clip
from laban.skeletons import SKELETONS
from laban.store import Store

# The same examples every time: a red test must be red for the next person too.
settings.register_profile("laban", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("laban")


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """The path of a real archive by name; skips where it is absent."""
    folders = [Path(__file__).parents[1] / "../shared/data"]
    if "LABAN_DATA" in os.environ:
        folders.insert(0, Path(os.environ["LABAN_DATA"]))

    def find(name: str) -> Path:
        for folder in folders:
            if (folder / name).exists():
                return (folder / name).resolve()
        pytest.skip(f"{name} is in neither LABAN_DATA nor ../shared/data")

    return find


RECIPE = """
benchmark: {benchmark}
pipeline: {{name: general, frames: 8, persons: 1}}
encoder: {{name: dsta-net, heads: 2, layers: [[16, 8, 1], [32, 8, 2]]}}
objective: {{name: recognition}}
training:
  epochs: 4
  batch: 8
  optimiser: {{lr: 0.05}}
  schedule: {{name: cosine, warmup: 1}}
"""

PRETRAINING = """
benchmark: {benchmark}
pipeline: {{name: pstl, frames: 16, persons: 1}}
encoder: {{name: st-gcn, layers: [[8, 1], [16, 2]], kernel: 5, dropout: 0.0}}
objective: {{name: pstl, width: 32, joints: 5, frames: 3}}
training:
  epochs: 4
  batch: 12
  optimiser: {{name: adam, lr: 0.005, weight_decay: 1.0e-5}}
  schedule: {{name: cosine, warmup: 1}}
"""

BENCHMARK = """
name: toy
classes: [rise, fall]
train: {subject: [1, 2, 3]}
test: {subject: [4]}
"""


def toy_clips():
    """Hands going up or down, four subjects."""
    skeleton = SKELETONS["kinect-v2"]
    rng = np.random.default_rng(0)
    stance = rng.normal(size=(25, 3))
    for number in range(48):
        frames = int(rng.integers(10, 30))
        poses = np.repeat(stance[None], frames, 0) + rng.normal(size=(frames, 25, 3)) * 0.05
        sign = 1 if number % 2 else -1
        for joint in skeleton.parts["arm-left"]:
            poses[:, joint, 1] += 3 * sign * np.linspace(-1, 1, frames)
        yield Clip(
            f"c{number}",
            poses,
            skeleton,
            label="rise" if number % 2 else "fall",
            facts={"subject": str(1 + number // 12)},
        )


@pytest.fixture(scope="session")
def toy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    Store.write(folder / "store.arrow", toy_clips())
    (folder / "toy.yaml").write_text(BENCHMARK)
    (folder / "recipe.yaml").write_text(RECIPE.format(benchmark=folder / "toy.yaml"))
    (folder / "pretrain.yaml").write_text(PRETRAINING.format(benchmark=folder / "toy.yaml"))
    return folder


@pytest.fixture(scope="session")
def pretrained(toy, tmp_path_factory) -> Path:
    """A toy run that was pre-trained, for the protocols that judge encoders."""
    out = tmp_path_factory.mktemp("pretrained") / "run"
    stub = SimpleNamespace(write_pretraining_report=lambda *_: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "laban.report", stub)
        arguments = [str(toy / "pretrain.yaml"), "--data", str(toy / "store.arrow")]
        assert main(["pretrain", *arguments, "--out", str(out)]) == 0
    return out
