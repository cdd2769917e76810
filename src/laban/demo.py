"""``laban demo``: the whole road on built-in recordings, from raw files to a report.

Nothing is fetched. The recordings are written as genuine NTU ``.skeleton`` files, so what follows
is what a person with the real dataset does; performers are split as NTU's cross-subject protocol
does, and the test performers are never seen in training.
"""

import json
import time
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console

from laban import config
from laban.benchmarks import find_benchmark
from laban.convert import convert
from laban.errors import LabanError
from laban.evaluation.neighbour import nearest_neighbour
from laban.inference import load
from laban.motions import ACTIONS, write_dataset
from laban.recordings import recordings
from laban.result import Result
from laban.splits import split_store
from laban.store import Store
from laban.train import train

__all__ = ["demo"]


def demo(*, out: Path = Path("demo"), seed: int = 0, epochs: int | None = None) -> Result:
    """Writes recordings, converts them, trains, tests, predicts and reports.

    Args:
        out: A new folder for all of it.
        seed: Of recordings and training.
        epochs: Passes over the training clips; the recipe's by default.
    """
    if out.exists() and any(out.iterdir()):
        raise LabanError(f"{out} exists already, choose another --out or remove it")
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    began = time.perf_counter()

    def say(text: str) -> None:
        console.print(f"[{time.perf_counter() - began:5.0f} s] {text}", markup=False)

    raw, data, folder = out / "raw", out / "recordings.arrow", out / "run"
    say(f"writing recordings of {len(ACTIONS)} actions as NTU files to {raw}")
    count = write_dataset(raw, cameras=(1, 2), seed=seed)
    say(f"converting {count:,} files to {data}")
    say(convert("ntu", raw, data).text)
    benchmark = _write_benchmark(out / "benchmark.yaml")

    options = ["--benchmark", str(benchmark), "--training.seed", str(seed)]
    options += ["--training.epochs", str(epochs)] if epochs else []
    recipe = config.resolve(config.load_recipe("demo"), options)
    say("training on 20 performers, the other 20 are for the test")
    trained = train(recipe, data=data, out=folder)
    neighbour = _neighbour(data, benchmark)
    files = sorted(raw.glob("*P003*.skeleton"))[:3]
    say("predicting three raw files of a performer never seen")
    recogniser = load(folder)
    lines = []
    for file in files:
        (found,) = recogniser.predict(recordings(file))
        truth = ACTIONS[int(file.stem[-3:])]
        lines.append(f"{file.name}: {found.label} ({100 * found.probability:.0f} %), was {truth}")
    say("done")
    assert trained is not None  # one process
    value = trained.value | {"nearest_neighbour": neighbour, "seconds": time.perf_counter() - began}
    text = "\n".join(
        [
            *lines,
            f"report: {folder / 'report.html'}",
            f"nearest neighbour on raw poses: {neighbour:.1f} %",
            f"top-1: {value['top1']:.1f} %",
        ]
    )
    (out / "result.json").write_text(json.dumps(value, indent=1))
    return Result(value, text)


def _write_benchmark(path: Path) -> Path:
    """The demo's benchmark, written as a person would write an own one."""
    protocol = find_benchmark("ntu60-xsub").to_json()
    rules = {"name": "demo", "classes": list(ACTIONS.values())}
    rules |= {split: protocol[split] for split in ("train", "test")}
    path.write_text(yaml.safe_dump(rules, sort_keys=False))
    return path


def _neighbour(data: Path, benchmark: Path) -> float:
    """Per cent that a nearest neighbour on raw poses names rightly."""
    store = Store(data)
    splits = split_store(store, find_benchmark(str(benchmark)))
    found = nearest_neighbour(store, splits.train, splits.test)
    return round(100 * float(np.mean(found == np.array(splits.test.labels))), 1)
