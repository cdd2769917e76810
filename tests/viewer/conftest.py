"""Runs with seeded weights and clips of two persons, for what looks at them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml

from laban import config
from laban.benchmarks import Benchmark
from laban.clip import Clip, Segment
from laban.run import Run
from laban.skeletons import SKELETONS
from laban.store import Store

CLASSES = ("raise", "lower")
BENCHMARK = {
    "name": "toy",
    "classes": list(CLASSES),
    "train": {"subject": ["1"]},
    "test": {"subject": ["2"]},
}
ENCODER = {"name": "dsta-net", "heads": 2, "layers": [[8, 4, 1], [16, 4, 2]]}


def two_persons(number, frames=24, segments=()):
    """A clip of two bodies of which the second moves more, and one frame without the first."""
    rng = np.random.default_rng(number)
    skeleton = SKELETONS["kinect-v2"]
    stance = rng.normal(size=(2, 1, 25, 3)) * [0.3, 1, 0.2] + [0, 0, 3]
    poses = (
        stance + rng.normal(size=(2, frames, 25, 3)) * np.array([0.01, 0.3])[:, None, None, None]
    )
    poses[0, 3] = 0
    label = None if segments else CLASSES[number % 2]
    facts = {"subject": str(1 + number % 2)}
    return Clip(f"clip-{number}", poses, skeleton, label=label, segments=segments, facts=facts)


def write_run(folder, objective, encoder=ENCODER):
    """A run folder of a small DSTA-Net that nobody trained."""
    recipe = {
        "benchmark": "toy",
        "pipeline": {"name": "general", "frames": 8, "persons": 2},
        "encoder": encoder,
        "objective": objective,
        "training": {"epochs": 1, "optimiser": {"lr": 0.1}},
    }
    folder.mkdir()
    (folder / "toy.yaml").write_text(yaml.safe_dump(BENCHMARK))
    recipe["benchmark"] = str(folder / "toy.yaml")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    resolved = config.resolve(config.load_recipe(str(folder / "recipe.yaml")), [])
    run = Run(
        path=folder,
        recipe=resolved.values,
        skeleton=SKELETONS["kinect-v2"],
        channels=3,
        stream="joint",
        benchmark=Benchmark.from_json(BENCHMARK, "toy"),
    )
    torch.manual_seed(0)
    run.save(run.build().objective)
    return folder


@pytest.fixture(scope="session")
def viewed(tmp_path_factory):
    """A run that names clips, one that finds segments, and a store for each."""
    folder = tmp_path_factory.mktemp("viewed")
    segments = (Segment("raise", 4, 20), Segment("lower", 30, 44))
    Store.write(folder / "clips.arrow", (two_persons(n) for n in range(5)))
    long = (two_persons(n, 60, segments) for n in range(2))
    Store.write(folder / "recordings.arrow", long)
    finding = {"name": "detection", "window": 9, "every": 3, "hop": 2, "threshold": 0.1}
    return SimpleNamespace(
        naming=write_run(folder / "naming", {"name": "recognition"}),
        finding=write_run(folder / "finding", finding),
        clips=folder / "clips.arrow",
        recordings=folder / "recordings.arrow",
    )
