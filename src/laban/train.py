"""``laban train``: a recipe, a store and a benchmark become a run."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from rich.console import Console

import laban
from laban.assembly import Parts
from laban.benchmarks import Benchmark, find_benchmark
from laban.config import Recipe, flat
from laban.dataset import ClipDataset
from laban.ending import (
    finish_detection,
    finish_forecasting,
    finish_pretraining,
    finish_recognition,
)
from laban.errors import LabanError
from laban.evaluation.rank import first_loss, lost_rank, rank_of
from laban.evaluation.scoring import score
from laban.forecaster import frame_rate, long_enough
from laban.objectives import detects, forecasts, learns_from_labels, pretrains
from laban.objectives.detection import Detection
from laban.objectives.forecasting import Forecasting
from laban.pipelines import View
from laban.result import Result
from laban.run import Run, environment, new_folder
from laban.splits import Part, Splits, labelled_share, split_store
from laban.store import Store
from laban.training.loop import check_batch, fit, launch
from laban.windows import RecordingSplits, WindowDataset, split_recordings

__all__ = ["train"]


def train(
    recipe: Recipe,
    *,
    data: Path,
    out: Path,
    resume: bool = False,
    report: bool = True,
    command: str = "",
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

    Returns:
        The test figures, or the last loss; None on all processes but the first.
    """
    if recipe.benchmark is None:
        raise LabanError("the recipe names no benchmark, give --benchmark")
    store, benchmark = Store(data), find_benchmark(recipe.benchmark)
    splits = _split(store, benchmark, recipe)
    run = Run(
        path=out,
        recipe=recipe.values,
        skeleton=store.skeleton,
        channels=store.channels,
        stream=recipe.stream,
        benchmark=benchmark,
        notes={"fps": frame_rate(store, splits.train.keys)} if forecasts(recipe.values) else {},
    )
    fabric = launch(recipe.training.precision)
    console = Console(stderr=True, quiet=fabric.global_rank != 0, soft_wrap=True)
    torch.manual_seed(recipe.training.seed)
    parts = run.build()
    splits = _usable(store, splits, parts, recipe)
    start = Run.open(recipe.start) if recipe.start else None
    if start is not None:
        start.check(store.skeleton, store.channels, str(data))
        start.give_encoder(parts.encoder, recipe.stream)
    train_set, validation_set = _datasets(store, splits, parts)
    train_set[0]  # a misfit speaks before a folder is made
    check_batch(recipe.training, train_set.per_epoch, fabric.world_size)
    run.notes |= _notes(recipe, splits, store, fabric.world_size) | {"command": command}
    run.notes["start"] = start.digest() if start else None
    run.notes["parameters"] = sum(p.numel() for p in parts.encoder.parameters())
    if fabric.global_rank == 0:
        _open_folder(run, resume=resume)
    fabric.barrier()
    for sentence in splits.left_out:
        console.print(sentence, style="yellow", markup=False)
    with _prepared(fabric, out, console, train=train_set, validation=validation_set) as ready:
        validate = None
        if pretrains(recipe.values):
            validate = _rank_watch(fabric, run, parts, ready["train"], console)
        elif len(validation_set):
            validate = _validator(fabric, parts, ready["validation"])
        history = fit(
            fabric,
            parts.objective,
            ready["train"],
            recipe.training,
            out,
            resume=resume,
            validate=validate,
            report=lambda row: console.print(_line(row, recipe.training.epochs)),
        )
    if fabric.global_rank:
        return None
    run.notes["seconds"] = {"training": round(sum(row["seconds"] for row in history), 1)}
    if isinstance(splits, RecordingSplits):
        return finish_detection(run, parts, store, splits, report=report)
    if forecasts(recipe.values):
        return finish_forecasting(run, parts, store, splits.test, report=report)
    if learns_from_labels(recipe.values):
        test_set = ClipDataset(store, splits.test.keys, splits.test.labels, parts.pipeline)
        return finish_recognition(run, parts, test_set, report=report)
    return finish_pretraining(run, parts, report=report)


@contextmanager
def _prepared(
    fabric: Fabric, out: Path, console: Console, **datasets: ClipDataset
) -> Iterator[dict[str, ClipDataset]]:
    """The datasets, their clips prepared once for all epochs, in files that go at the end."""
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
        ready = {
            name: clips.prepared_at(paths[name]) if name in paths else clips
            for name, clips in datasets.items()
        }
        fabric.barrier()  # All have opened them before anybody can be through and remove them.
        yield ready
    finally:
        if fabric.global_rank == 0:
            for path in paths.values():
                path.unlink(missing_ok=True)


def _split(store: Store, benchmark: Benchmark, recipe: Recipe) -> Splits | RecordingSplits:
    """The store's parts, each with the clips that this recipe needs of it."""
    training = recipe.training
    if detects(recipe.values):
        parts = split_recordings(
            store, benchmark, validation=training.validation, seed=training.seed
        )
        if training.labels < 1:
            every = Part(parts.train.keys, [0] * len(parts.train))
            few = labelled_share(every, store.names, training.labels, training.seed)
            parts.train = parts.train.chosen(set(few.keys))
        return parts
    if forecasts(recipe.values):
        if training.validation:
            raise LabanError(
                "training.validation is an accuracy and a forecasting has none, leave it at 0"
            )
        splits = split_store(store, benchmark, labelled=False)
        splits.need("train", "test")
        return splits
    if not learns_from_labels(recipe.values):
        if training.validation:
            raise LabanError(
                "training.validation is an accuracy and a pre-training has none, leave it at 0"
            )
        if training.labels < 1:
            raise LabanError(
                "training.labels is a share of labels and a pre-training has none, leave it at 1"
            )
        splits = Splits(split_store(store, benchmark, labelled=False).train, Part(), Part())
        splits.need("train")
        return splits
    splits = split_store(store, benchmark, validation=training.validation, seed=training.seed)
    splits.need("train", "test", *(["validation"] if training.validation else []))
    if training.labels < 1:
        splits.train = labelled_share(splits.train, store.names, training.labels, training.seed)
    return splits


def _usable(
    store: Store, splits: Splits | RecordingSplits, parts: Parts, recipe: Recipe
) -> Splits | RecordingSplits:
    """Of a forecasting the clips that are long enough, and the share of them that trains."""
    if not isinstance(parts.objective, Forecasting) or not isinstance(splits, Splits):
        return splits
    train = long_enough(store, splits.train, parts.objective, "training")
    if recipe.training.labels < 1:
        train = labelled_share(train, store.names, recipe.training.labels, recipe.training.seed)
    return Splits(train, Part(), long_enough(store, splits.test, parts.objective, "test"))


def _datasets(
    store: Store, splits: Splits | RecordingSplits, parts: Parts
) -> tuple[ClipDataset, ClipDataset]:
    """What trains and what validates: clips, or windows of recordings."""
    if isinstance(splits, Splits):
        return (
            ClipDataset(store, splits.train.keys, splits.train.labels, parts.pipeline),
            ClipDataset(store, splits.validation.keys, splits.validation.labels, parts.pipeline),
        )
    objective = cast(Detection, parts.objective)
    sizes = {"window": objective.window, "every": objective.every}
    train_set = WindowDataset(store, splits.train, parts.pipeline, **sizes)
    if not len(splits.validation):
        return train_set, ClipDataset(store, [], [], parts.pipeline)
    return train_set, WindowDataset(store, splits.validation, parts.pipeline, **sizes).thinned()


def _notes(
    recipe: Recipe, splits: Splits | RecordingSplits, store: Store, world: int
) -> dict[str, Any]:
    """What a run should remember of its data and its machine."""
    counts = {name: len(getattr(splits, name)) for name in ("train", "validation", "test")}
    few = recipe.training.labels < 1
    return {
        "clips": counts,
        "labelled": [str(store.names[key]) for key in splits.train.keys] if few else None,
        "left_out": {"train": splits.train.left_out, "test": splits.test.left_out},
        "selection": _selection(recipe, splits),
        "data": {"store": store.path.name, "digest": store.digest},
        "environment": environment() | {"laban": laban.__version__, "world": world},
    }


def _open_folder(run: Run, *, resume: bool) -> None:
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
            f"{run.path} holds no training to resume, start it without --resume"
        ) from None
    one, two = _identity(old), _identity(run.facts())
    # A key that the old run does not have is newer than it.
    odd = sorted(key for key in one if one[key] != two.get(key))
    if odd:
        raise LabanError(
            f"{run.path} was trained with other values of {', '.join(odd[:4])}: resume with the "
            "same arguments and data, or choose another --out"
        )


def _identity(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same for a training to be the same, by dotted key."""
    notes = facts.get("notes", {})
    chosen = {key: facts.get(key) for key in ("recipe", "skeleton", "channels", "benchmark")}
    chosen["start"] = notes.get("start")
    chosen["store"] = notes.get("data", {}).get("digest")
    chosen["processes"] = notes.get("environment", {}).get("world")
    same = flat(chosen)
    for harmless in ("recipe.about", "recipe.start", "recipe.training.workers"):
        same.pop(harmless, None)
    return same


def _selection(recipe: Recipe, splits: Splits | RecordingSplits) -> str:
    """Which epoch is kept and what chose it, in words."""
    if recipe.training.select == "best":
        what = "clips" if isinstance(splits, Splits) else "recordings"
        return (
            f"best epoch on {len(splits.validation)} training {what} set apart by {splits.drawn_by}"
        )
    return "last epoch"


def _validator(
    fabric: Fabric, parts: Parts, dataset: ClipDataset
) -> Callable[[], dict[str, float]]:
    """A function that gives the accuracy on the validation clips, the same on all processes."""

    def validate() -> dict[str, float]:
        accuracy = 0.0
        if fabric.global_rank == 0:
            values = score(parts.objective, dataset)
            accuracy = float((values.argmax(1) == dataset.labels).mean())
        return {"validation_accuracy": fabric.broadcast(accuracy)}

    return validate


def _rank_watch(
    fabric: Fabric, run: Run, parts: Parts, dataset: ClipDataset, console: Console
) -> Callable[[], dict[str, float]]:
    """A function that gives the rank of the embeddings, and says once when it is lost."""
    view = View(parts.pipeline, run.stream)

    def rank() -> float:
        return fabric.broadcast(
            0.0 if fabric.global_rank else rank_of(parts.encoder, view, dataset)
        )

    run.notes["rank_before"] = rank()
    ranks = [run.notes["rank_before"], *(row["rank"] for row in run.metrics() if "rank" in row)]

    def validate() -> dict[str, float]:
        ranks.append(rank())
        if first_loss(ranks) == len(ranks) - 1:
            console.print(f"epoch {len(ranks) - 1}: {lost_rank(ranks)}", style="yellow")
        return {"rank": ranks[-1]}

    return validate


def _line(row: dict[str, float], epochs: int) -> str:
    """One epoch as a line."""
    text = f"epoch {int(row['epoch']):3d}/{epochs}  loss {row['train_loss']:.4f}"
    text += f"  MPJPE {row['train_mpjpe']:.1f} mm" if "train_mpjpe" in row else ""
    text += f"  train {100 * row['train_accuracy']:5.1f} %" if "train_accuracy" in row else ""
    if "validation_accuracy" in row:
        text += f"  validation {100 * row['validation_accuracy']:5.1f} %"
    text += f"  rank {row['rank']:.1f}" if "rank" in row else ""
    return f"{text}  lr {row['lr']:.5f}  {row['seconds']:.1f} s"
