"""``laban train``: a recipe, a store and a benchmark become a run."""

import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from lightning_fabric import Fabric
from rich.console import Console

import laban
from laban.assembly import Parts, assemble
from laban.benchmarks import find_benchmark
from laban.config import Recipe
from laban.dataset import ClipDataset
from laban.errors import LabanError
from laban.evaluation.scores import Scores
from laban.evaluation.scoring import score
from laban.result import Result
from laban.run import Run, environment, new_folder
from laban.splits import Part, split_store, usable
from laban.store import Store
from laban.training.loop import fit, launch

__all__ = ["train"]


def train(
    recipe: Recipe, *, data: Path, out: Path, resume: bool = False, report: bool = True
) -> Result:
    """Trains a recipe on a store, tests it once at the end, and writes the run folder.

    Args:
        recipe: A resolved recipe with its benchmark.
        data: The store.
        out: The run folder, new unless it is resumed.
        resume: Go on where an interrupted training of the same recipe stopped.
        report: Whether ``report.html`` is written.
    """
    if recipe.benchmark is None:
        raise LabanError("the recipe names no benchmark, give --benchmark")
    store, benchmark = Store(data), find_benchmark(recipe.benchmark)
    splits = split_store(
        store, benchmark, validation=recipe.training.validation, seed=recipe.training.seed
    )
    run = Run(
        path=out,
        recipe=recipe.values,
        skeleton=store.skeleton,
        channels=store.channels,
        stream=recipe.stream,
        benchmark=benchmark,
    )
    fabric = launch(recipe.training.precision)
    console = Console(stderr=True, quiet=fabric.global_rank != 0, soft_wrap=True)
    torch.manual_seed(recipe.training.seed)
    parts = assemble(run.recipe, run.skeleton, run.channels, run.stream, len(run.classes))
    if fabric.global_rank == 0:
        _open_folder(run, resume=resume)
    fabric.barrier()
    began = time.perf_counter()
    datasets = {
        name: _dataset(store, part, parts, console) for name, part in splits.items() if len(part)
    }
    run.notes = {
        "clips": {name: len(dataset) for name, dataset in datasets.items()},
        "selection": _selection(recipe),
        "data": {"store": Path(data).name, "digest": store.digest},
        "environment": environment() | {"laban": laban.__version__, "world": fabric.world_size},
        "parameters": sum(p.numel() for p in parts.encoder.parameters()),
        "command": shlex.join(["laban", *sys.argv[1:]]),
    }
    history = fit(
        fabric,
        parts.objective,
        datasets["train"],
        recipe.training,
        out,
        resume=resume,
        validate=_validator(fabric, parts, datasets.get("validation")),
        report=lambda row: console.print(_line(row, recipe.training.epochs)),
    )
    run.notes["seconds"] = {
        "training": round(sum(row["seconds"] for row in history), 1),
        "this_start": round(time.perf_counter() - began, 1),
    }
    if fabric.global_rank:
        return Result({}, "")
    return _finish(run, parts, datasets["test"], report=report)


def _open_folder(run: Run, *, resume: bool) -> None:
    """Makes the run folder, or checks that what is resumed is the same training."""
    new_folder(run.path, resume=resume)
    before = run.path / "recipe.yaml"
    if resume and before.exists():
        import yaml

        old = yaml.safe_load(before.read_text())
        odd = [key for key in run.recipe if old.get(key) != run.recipe[key]]
        if odd:
            raise LabanError(
                f"{before} differs from this training in {', '.join(odd)}: resume with the same "
                "arguments, or choose another --out"
            )
    run.save_facts()


def _dataset(store: Store, part: Part, parts: Parts, console: Console) -> ClipDataset:
    part, said = usable(store, part, parts.pipeline)
    for sentence in said:
        console.print(sentence, style="yellow")
    return ClipDataset(store, part.keys, part.labels, parts.pipeline)


def _selection(recipe: Recipe) -> str:
    """Which epoch is kept and what chose it, in words."""
    if recipe.training.select == "best":
        return f"best epoch on {recipe.training.validation:.0%} of the training clips, by subject"
    return "last epoch"


def _validator(
    fabric: Fabric, parts: Parts, dataset: ClipDataset | None
) -> Callable[[], dict[str, float]] | None:
    """A function that gives the accuracy on the validation clips, the same on all processes."""
    if dataset is None:
        return None

    def validate() -> dict[str, float]:
        accuracy = 0.0
        if fabric.global_rank == 0:
            values = score(parts.objective, dataset)
            accuracy = float((values.argmax(1) == dataset.labels).mean())
        return {"validation_accuracy": fabric.broadcast(accuracy)}

    return validate


def _line(row: dict[str, float], epochs: int) -> str:
    """One epoch as a line."""
    text = f"epoch {int(row['epoch']):3d}/{epochs}  loss {row['train_loss']:.4f}"
    text += f"  train {100 * row['train_accuracy']:5.1f} %" if "train_accuracy" in row else ""
    if "validation_accuracy" in row:
        text += f"  validation {100 * row['validation_accuracy']:5.1f} %"
    return f"{text}  lr {row['lr']:.5f}  {row['seconds']:.1f} s"


def _finish(run: Run, parts: Parts, test: ClipDataset, *, report: bool) -> Result:
    """Weights, test scores and report of a trained objective."""
    parts.objective.float()
    scores = Scores(
        run.benchmark.name,
        "test",
        run.classes,
        tuple(test.store.names[key] for key in test.keys),
        torch.tensor(test.labels).numpy(),
        score(parts.objective, test),
    )
    run.notes["test"] = {"top1": round(scores.top(1), 2), "top5": round(scores.top(5), 2)}
    run.save_facts()
    run.save_weights(parts.objective)
    scores.save(run.path / "test.parquet")
    if report:
        from laban.report import write_report

        write_report(run, parts, scores, test)
    value = scores.to_json() | {"run": str(run.path), "selection": run.notes["selection"]}
    what = f"{run.benchmark.name}, {run.stream}, {value['clips']} test clips"
    lines = [
        f"{what}, {run.notes['selection']}",
        f"top-1: {value['top1']:.1f} %",
        f"top-5: {value['top5']:.1f} %",
        f"run: {run.path}",
    ]
    return Result(value, "\n".join(lines))
