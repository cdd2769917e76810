"""The six encoders side by side: each trained for as long, on the same clips and augmentation.

    OMP_NUM_THREADS=1 python benchmarks/compare.py nw-ucla ucla.arrow --out runs/compare
        [--minutes 30] [--only ENCODER ...] [--optimiser sgd adamw adamw-fast] [--search]

All have six blocks of 32, 32, 64, 64, 96 and 96 channels (a Hi-TRS: two layers a level, width 32)
and see 32 frames of one person. Two epochs are measured first, in the process's own time, which
sets how many fill the minutes; those of the table are the epochs times what one took. ``--search``
learns from NW-UCLA's camera 1 and is judged on its camera 2, so that no test clip chooses anything.
What is there already is not trained again; an interrupted training goes on. Prints a row a
training.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from laban.benchmarks import find_benchmark
from laban.config import resolve
from laban.evaluation.scores import Scores
from laban.run import Run
from laban.train import train

WIDTHS = ((32, 1), (32, 1), (64, 2), (64, 1), (96, 2), (96, 1))
ATTENDING = [[width, width // 4, stride] for width, stride in WIDTHS]
MIXED = [[*one, "convolution" if place < 2 else "attention"] for place, one in enumerate(WIDTHS)]
ENCODERS: dict[str, dict[str, Any]] = {
    "st-gcn": {"layers": [list(one) for one in WIDTHS], "dropout": 0.1},
    "s-tr": {"layers": MIXED, "poses_at": 2, "dropout": 0.1, "drop_attention": 0.1},
    "t-tr": {"layers": MIXED, "poses_at": 2, "dropout": 0.1, "drop_attention": 0.1},
    "stst": {"layers": ATTENDING},
    "hi-trs": {"level": "video", "width": 32, "depth": 2, "heads": 4, "head_width": 32},
    "dsta-net": {"layers": ATTENDING, "temporal": "convolution"},
}
OPTIMISERS: dict[str, dict[str, Any]] = {
    "sgd": {"name": "sgd", "lr": 0.1, "weight_decay": 5.0e-4, "clip": 1.0},
    "adamw": {"name": "adamw", "lr": 1.0e-3, "weight_decay": 0.05, "decay_all": False, "clip": 1.0},
    "adamw-fast": {
        "name": "adamw", "lr": 4.0e-3, "weight_decay": 0.05, "decay_all": False, "clip": 1.0,
    },
}  # fmt: skip
DATASETS = {
    "nw-ucla": {"benchmark": "nw-ucla-xview", "turn": [10.0, 45.0, 5.0], "scale": 0.15},
    "shrec17": {"benchmark": "shrec17-14", "turn": [15.0, 15.0, 15.0], "scale": 0.2},
}
HEAD = "| encoder | optimiser | parameters | GFLOPs | epochs | minutes | training | top-1 |"


def recipe_of(dataset: str, encoder: str, optimiser: str, benchmark: str, epochs: int) -> dict:
    """The recipe's values; only encoder, optimiser and length differ between trainings."""
    chosen = DATASETS[dataset]
    pipeline = {"name": "general", "frames": 32, "persons": 1, "shortest": 0.75}
    return {
        "benchmark": benchmark,
        "stream": "joint",
        "pipeline": pipeline | {"turn": chosen["turn"], "scale": chosen["scale"]},
        "encoder": {"name": encoder} | ENCODERS[encoder],
        "objective": {"name": "recognition", "smoothing": 0.1},
        "training": {
            "epochs": epochs,
            "batch": 32,
            "precision": "auto",
            "optimiser": OPTIMISERS[optimiser],
            "schedule": {"name": "cosine", "warmup": min(5, max(1, epochs // 4))},
        },
    }


def trained(values: dict, data: Path, out: Path) -> float:
    """Trains, or goes on where it stopped; the seconds of the process's own time that it took."""
    start = time.process_time()
    resume = (out / "last.ckpt").exists()
    train(resolve(values), data=data, out=out, resume=resume, report=False)
    return time.process_time() - start


def seconds_of_epoch(words: tuple[str, str, str, str], data: Path) -> float:
    """What an epoch takes: a training of three less one of one, which both prepare and test."""
    with tempfile.TemporaryDirectory() as name:
        one = trained(recipe_of(*words, epochs=1), data, Path(name) / "1")
        three = trained(recipe_of(*words, epochs=3), data, Path(name) / "3")
    return (three - one) / 2


def cameras(folder: Path) -> str:
    """NW-UCLA's training clips alone, in a benchmark of their own: camera 1 trains, 2 tests."""
    rules = find_benchmark("nw-ucla-xview").to_json()
    rules |= {"name": "cameras", "train": {"camera": [1]}, "test": {"camera": [2]}}
    path = folder / "cameras.yaml"
    path.write_text(yaml.safe_dump(rules, sort_keys=False))
    return str(path)


def compared(dataset: str, encoder: str, optimiser: str, given: argparse.Namespace) -> str:
    """A row of the table: trained now, or before."""
    out = given.out / f"{encoder}-{optimiser}"
    plan = given.out / f"{encoder}-{optimiser}.json"
    given.out.mkdir(parents=True, exist_ok=True)
    benchmark = cameras(given.out) if given.search else DATASETS[dataset]["benchmark"]
    words = (dataset, encoder, optimiser, benchmark)
    if not plan.exists():
        seconds = seconds_of_epoch(words, given.data)
        epochs = max(1, round(60 * given.minutes / seconds))
        plan.write_text(json.dumps({"epochs": epochs, "seconds": seconds}))
    known = json.loads(plan.read_text())
    if not (out / "weights.safetensors").exists():
        trained(recipe_of(*words, epochs=known["epochs"]), given.data, out)
    return row(Run.open(out), optimiser, known["epochs"] * known["seconds"] / 60)


def row(run: Run, optimiser: str, minutes: float) -> str:
    """A finished training as a row of the table."""
    encoder = run.load().encoder
    size = sum(parameter.numel() for parameter in encoder.parameters())
    with FlopCounterMode(display=False) as counter:  # it needs a graph where it is given weights
        encoder(torch.randn(1, 1, 32, len(run.skeleton), 3))
    last, scores = run.metrics()[-1], Scores.load(run.path / "test.parquet")
    cells = [run.recipe["encoder"]["name"], optimiser, f"{size / 1e6:.2f} M"]
    cells += [f"{counter.get_total_flops() / 1e9:.2f}", f"{last['epoch']}", f"{minutes:.1f}"]
    cells += [f"{100 * last['train_accuracy']:.1f} %", f"{scores.top(1):.1f} %"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Trains what is asked for, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=DATASETS)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--only", choices=ENCODERS, nargs="+", default=list(ENCODERS))
    parser.add_argument("--optimiser", choices=OPTIMISERS, nargs="+", default=["sgd"])
    parser.add_argument("--search", action="store_true")
    given = parser.parse_args()
    print(HEAD + "\n" + "| --- " * (HEAD.count("|") - 1) + "|", flush=True)
    for encoder in given.only:
        for optimiser in given.optimiser:
            print(compared(given.dataset, encoder, optimiser, given), flush=True)


if __name__ == "__main__":
    main()
