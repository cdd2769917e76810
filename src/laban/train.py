"""``laban train``: a recipe, a store and a benchmark become a run."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from rich.console import Console

import laban
from laban.benchmarks import Benchmark, find_benchmark
from laban.config import Recipe, flat
from laban.dataset import ClipDataset
from laban.errors import LabanError
from laban.result import Result
from laban.run import Run, environment, new_folder
from laban.store import Store
from laban.tasks import Task, task_for
from laban.training.launch import definite, launch, multiplies_bfloat16
from laban.training.loop import check_batch, fit

__all__ = ["train"]

IMITATED = (
    "this machine only imitates bfloat16, many times as slow as float32: give "
    "--training.precision auto or 32-true"
)


def train(
    recipe: Recipe,
    *,
    data: Path,
    out: Path,
    resume: bool = False,
    report: bool = True,
    command: str = "",
    mend: str = "",
    benchmark: Benchmark | None = None,
) -> Result | None:
    """Trains a recipe on a store, tests it once at the end, and writes the run folder.

    A recipe whose objective takes no labels pre-trains: it gets the training clips without theirs,
    and its run has weights and a loss curve, but no test. One that predicts poses needs no labels
    either and is tested.

    Args:
        recipe: A resolved recipe with its benchmark.
        data: The store.
        out: The run folder, new unless it is resumed.
        resume: Go on where an interrupted training of the same recipe stopped.
        report: Whether ``report.html`` is written.
        command: The command line, for the run to remember.
        mend: What to do where the folder holds another training, for a caller whose user has no
            ``--out``.
        benchmark: In place of the recipe's word, whose file may be elsewhere by now.

    Returns:
        The test figures, or the last loss; None on all processes but the first.
    """
    if benchmark is None:
        if recipe.benchmark is None:
            raise LabanError("the recipe names no benchmark, give --benchmark")
        benchmark = find_benchmark(recipe.benchmark)
    store = Store(data)
    recipe = _definite(recipe)
    task = task_for(recipe)(store, benchmark, recipe)
    run = Run(
        path=out,
        recipe=recipe.values,
        skeleton=store.skeleton,
        channels=store.channels,
        stream=recipe.stream,
        benchmark=benchmark,
        notes=task.facts(),
    )
    fabric = launch(recipe.training.precision)
    console = Console(stderr=True, quiet=fabric.global_rank != 0, soft_wrap=True)
    torch.manual_seed(recipe.training.seed)
    parts = run.build()
    start = Run.open(recipe.start) if recipe.start else None
    if start is not None:
        start.check(store.skeleton, store.channels, str(data))
        start.give_encoder(parts.encoder, recipe.stream)
    train_set, validation_set = task.datasets(parts)
    train_set[0]  # a misfit speaks before a folder is made
    check_batch(recipe.training, parts.objective, train_set.per_epoch, fabric.world_size)
    run.notes |= _notes(task, fabric.world_size) | {"command": command}
    run.notes["start"] = start.digest() if start else None
    run.notes["parameters"] = sum(p.numel() for p in parts.encoder.parameters())
    if fabric.global_rank == 0:
        _open_folder(run, resume=resume, mend=mend)
    fabric.barrier()
    if recipe.training.precision == "bf16-mixed" and not multiplies_bfloat16():
        console.print(IMITATED, style="yellow")
    for sentence in task.splits.left_out:
        console.print(sentence, style="yellow", markup=False)
    with _prepared(fabric, out, console, train_set, validation_set) as ready:
        history = fit(
            fabric,
            parts.objective,
            ready[0],
            recipe.training,
            out,
            resume=resume,
            validate=task.watch(fabric, run, parts, ready, console),
            report=lambda row: console.print(_line(row, recipe.training.epochs)),
        )
    if fabric.global_rank:
        return None
    run.notes["seconds"] = {"training": round(sum(row["seconds"] for row in history), 1)}
    return task.finish(run, parts, report=report)


def _definite(recipe: Recipe) -> Recipe:
    """The recipe with the precision that this machine chooses, where it may."""
    word = definite(recipe.training.precision)
    training = recipe.values["training"] | {"precision": word}
    return replace(
        recipe,
        training=replace(recipe.training, precision=word),
        values=recipe.values | {"training": training},
    )


@contextmanager
def _prepared(
    fabric: Fabric, out: Path, console: Console, train: ClipDataset, validation: ClipDataset
) -> Iterator[tuple[ClipDataset, ClipDataset]]:
    """The datasets, their clips prepared once for all epochs, in files that go at the end."""
    datasets = {"train": train, "validation": validation}
    paths = {
        name: out / f"prepared-{name}.arrow"
        for name, clips in datasets.items()
        if len(clips) and clips.once
    }
    try:
        if fabric.global_rank == 0:
            for name, path in paths.items():
                with console.status(f"preparing {len(datasets[name]):,} {name} clips"):
                    datasets[name].prepare(path)
        fabric.barrier()
        for name, path in paths.items():
            datasets[name] = datasets[name].prepared_at(path)
        fabric.barrier()  # All have opened them before anybody can be through and remove them.
        yield datasets["train"], datasets["validation"]
    finally:
        if fabric.global_rank == 0:
            for path in paths.values():
                path.unlink(missing_ok=True)


def _notes(task: Task, world: int) -> dict[str, Any]:
    """What a run should remember of its data and its machine."""
    splits, store = task.splits, task.store
    counts = {name: len(getattr(splits, name)) for name in ("train", "validation", "test")}
    few = task.recipe.training.labels < 1
    return {
        "clips": counts,
        "labelled": [str(store.names[key]) for key in splits.train.keys] if few else None,
        "left_out": {"train": splits.train.left_out, "test": splits.test.left_out},
        "selection": _selection(task),
        "data": {"store": store.path.name, "digest": store.digest},
        "environment": environment() | {"laban": laban.__version__, "world": world},
    }


def _open_folder(run: Run, *, resume: bool, mend: str) -> None:
    """Makes the run folder, or checks that what is resumed is the same training."""
    before = run.path / "run.json"
    if not resume:
        new_folder(run.path)
        run.save_facts()
        return
    try:
        old = json.loads(before.read_text())
    except (OSError, ValueError):
        raise LabanError(
            f"{run.path} holds no training to resume: {mend or 'start it without --resume'}"
        ) from None
    one, two = _identity(old), _identity(run.facts())
    # A key that the old run does not have is newer than it.
    odd = sorted(key for key in one if one[key] != two.get(key))
    if odd:
        raise LabanError(
            f"{run.path} was trained with other values of {', '.join(odd[:4])}: "
            + (mend or "resume with the same arguments and data, or choose another --out")
        )


def _identity(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same for a training to be the same, by dotted key."""
    notes = facts.get("notes", {})
    chosen = {key: facts.get(key) for key in ("recipe", "skeleton", "channels", "benchmark")}
    chosen["start"] = notes.get("start")
    chosen["store"] = notes.get("data", {}).get("digest")
    chosen["processes"] = notes.get("environment", {}).get("world")
    same = flat(chosen)
    # Of the benchmark counts what it says, not by which path it was named.
    words = ("recipe.about", "recipe.benchmark", "recipe.start", "recipe.training.workers")
    for harmless in words:
        same.pop(harmless, None)
    return same


def _selection(task: Task) -> str:
    """Which epoch is kept and what chose it, in words."""
    if task.recipe.training.select == "best":
        count, drawn_by = len(task.splits.validation), task.splits.drawn_by
        return f"best epoch on {count} training {task.unit} set apart by {drawn_by}"
    return "last epoch"


def _line(row: dict[str, float], epochs: int) -> str:
    """One epoch as a line."""
    text = f"epoch {int(row['epoch']):3d}/{epochs}  loss {row['train_loss']:.4f}"
    text += f"  MPJPE {row['train_mpjpe']:.1f} mm" if "train_mpjpe" in row else ""
    text += f"  train {100 * row['train_accuracy']:5.1f} %" if "train_accuracy" in row else ""
    if "validation_accuracy" in row:
        text += f"  validation {100 * row['validation_accuracy']:5.1f} %"
    text += f"  rank {row['rank']:.1f}" if "rank" in row else ""
    return f"{text}  lr {row['lr']:.5f}  {row['seconds']:.1f} s"
