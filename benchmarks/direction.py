"""Does attention with a direction tell actions from their reverse? STST's Fig. 5 on our recordings.

    OMP_NUM_THREADS=1 python benchmarks/direction.py [--seeds 3] [--epochs 20]

Three pairs of opposite actions of the built-in recordings, performers split as in NTU's
cross-subject protocol. STST with its directional temporal block (DTTB) against the same with maps
that look both ways: as many maps as one direction has (TTB), and as many as both have. Prints for
each seed the test clips, of all of them, that were named as the opposite.
"""

import argparse
import tempfile
from pathlib import Path

import yaml

from laban.benchmarks import find_benchmark
from laban.config import load_recipe, resolve
from laban.convert import convert
from laban.evaluation.scores import Scores
from laban.motions import ACTIONS, write_dataset
from laban.train import train

PAIRS = ((8, 9), (14, 15), (20, 21))
BLOCKS = {
    "DTTB": {"temporal": "directed-context", "heads": [3, 3]},
    "TTB": {"temporal": "context", "heads": [3, 3]},
    "TTB, 6 maps": {"temporal": "context", "heads": [3, 6]},
}
RECIPE = {
    "stream": "joint",
    "pipeline": {"name": "general", "frames": 24, "persons": 1, "shortest": 0.85},
    "encoder": {"name": "stst", "layers": [[32, 8, 1], [32, 8, 1], [64, 16, 1]]},
    "objective": {"name": "recognition"},
    "training": {
        "batch": 16,
        "precision": "bf16-mixed",
        "optimiser": {"name": "sgd", "lr": 0.1, "weight_decay": 5.0e-4, "clip": 0.3},
        "schedule": {"name": "cosine", "warmup": 2},
    },
}


def prepared(folder: Path) -> tuple[Path, Path]:
    """The store of the recordings and the file of their benchmark."""
    actions = sorted(action for pair in PAIRS for action in pair)
    write_dataset(folder / "raw", cameras=(1, 2), actions=actions)
    convert("ntu", folder / "raw", folder / "recordings.arrow")
    protocol = find_benchmark("ntu60-xsub").to_json()
    rules = {"name": "opposites", "classes": [ACTIONS[action] for action in actions]}
    rules |= {split: protocol[split] for split in ("train", "test")}
    path = folder / "benchmark.yaml"
    path.write_text(yaml.safe_dump(rules, sort_keys=False))
    return folder / "recordings.arrow", path


def opposites(scores: Scores) -> int:
    """How many clips got the label of the opposite action."""
    opposite = {}
    for one, other in PAIRS:
        opposite |= {ACTIONS[one]: ACTIONS[other], ACTIONS[other]: ACTIONS[one]}
    named = scores.values.argmax(1)
    classes = scores.classes
    return sum(
        opposite[classes[truth]] == classes[name]
        for truth, name in zip(scores.labels, named, strict=True)
    )


def main() -> None:
    """Trains every kind of block with every seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
        data, benchmark = prepared(folder)
        for seed in range(given.seeds):
            for block, words in BLOCKS.items():
                options = ["--benchmark", str(benchmark), "--training.seed", str(seed)]
                options += ["--training.epochs", str(given.epochs)]
                options += ["--encoder.temporal", words["temporal"]]
                options += ["--encoder.heads", str(words["heads"])]
                recipe = resolve(load_recipe(str(folder / "recipe.yaml")), options)
                run = folder / f"{words['temporal']}-{words['heads'][1]}-{seed}"
                train(recipe, data=data, out=run, report=False)
                scores = Scores.load(run / "test.parquet")
                print(
                    f"seed {seed}  {block:12s} {opposites(scores):3d} of {len(scores.labels)} "
                    f"named as the opposite, top-1 {scores.top(1):.1f} %",
                    flush=True,
                )


if __name__ == "__main__":
    main()
