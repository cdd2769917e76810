"""The one loop: fetch, forward, backward, clip, step, log, validate, save, in reading order.

Lightning Fabric owns devices, precision, processes and checkpoints. Everything random is a function
of (seed, epoch, step, clip), so a resumed training ends in the weights of an uninterrupted one, and
two processes in those of one (up to the order of sums).
"""

import json
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from laban.batch import Batch
from laban.dataset import ClipDataset, EpochSampler, batches
from laban.errors import LabanError
from laban.training.settings import Training

__all__ = ["CHECKPOINT", "check_batch", "fit"]

CHECKPOINT = "last.ckpt"
Row = dict[str, float]


def fit(
    fabric: Fabric,
    objective: nn.Module,
    dataset: ClipDataset,
    training: Training,
    out: Path,
    *,
    resume: bool = False,
    validate: Callable[[], Row] | None = None,
    report: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Trains the objective in place and returns one row of metrics an epoch.

    Args:
        fabric: From `launch`.
        objective: ``forward(batch, generator) -> (loss, logs)``; one with an attribute ``epoch`` is
            told it.
        dataset: The training clips.
        training: The numbers.
        out: The run folder; ``last.ckpt`` is written there after each epoch.
        resume: Go on from ``last.ckpt`` where there is one.
        validate: Called after each epoch; its row joins the epoch's. With ``training.select`` best
            it gives ``validation_accuracy``, and the best epoch's weights are loaded at the end.
        report: Called with each epoch's row on the first process.
    """
    check_batch(training, objective, dataset.per_epoch, fabric.world_size)
    model, optimiser = fabric.setup(objective, training.optimiser.build(objective))
    sampler = EpochSampler(
        dataset.per_epoch,
        training.batch,
        rank=fabric.global_rank,
        world=fabric.world_size,
        seed=training.seed,
        order=dataset.order,
        rest=_rest(training, dataset.per_epoch, fabric.world_size),
    )
    loader = batches(dataset, sampler, workers=training.workers)
    state = {"model": model, "optimiser": optimiser, "history": [], "best": {}}
    if resume and (out / CHECKPOINT).exists():
        _load(fabric, out / CHECKPOINT, state)
    history: list[Row] = state["history"]

    for epoch in range(len(history), training.epochs):
        sampler.epoch = epoch
        if hasattr(objective, "epoch"):
            cast(Any, objective).epoch = epoch
        model.train()
        began, clips = time.perf_counter(), 0
        sums: dict[str, Tensor] = {}
        for number, batch in enumerate(loader):
            step = epoch * len(loader) + number
            rate = training.schedule.rate(step / len(loader), training.epochs, len(loader))
            for group in optimiser.param_groups:
                group["lr"] = training.optimiser.lr * rate
            for name, value in _gradients(fabric, model, batch, training, step).items():
                sums[name] = sums.get(name, 0.0) + value
            clips += len(batch)
            if training.optimiser.clip:
                fabric.clip_gradients(model, optimiser, max_norm=training.optimiser.clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

        row = {"epoch": epoch + 1, "lr": optimiser.param_groups[0]["lr"]}
        row |= {f"train_{name}": _mean(fabric, v / clips) for name, v in sums.items()}
        if not all(abs(value) < float("inf") for value in row.values()):
            raise LabanError(f"epoch {epoch + 1}: the loss is not finite, lower optimiser.lr")
        if validate:
            model.eval()
            row |= validate()
        row["seconds"] = round(time.perf_counter() - began, 3)
        history.append(row)
        _keep_best(state, objective, training)
        _save(fabric, state, out)
        if report and fabric.global_rank == 0:
            report(row)

    if training.select == "best":
        objective.load_state_dict(state["best"])
    return history


def check_batch(training: Training, objective: nn.Module, clips: int, world: int) -> None:
    """Refuses a batch that processes and parts cannot share evenly, or too small to learn from.

    Raises:
        LabanError: Naming the numbers.
    """
    shares = world * training.accumulate
    if training.batch % shares:
        raise LabanError(
            f"training.batch is {training.batch}, give a multiple of {world} processes times "
            f"training.accumulate = {training.accumulate}"
        )
    if shares > 1 and clips < training.batch:
        raise LabanError(
            f"training.batch is {training.batch} and there are {clips} training clips, give a "
            f"batch of at most {clips} to share it {shares} ways"
        )
    least = getattr(objective, "compares", 1)
    if min(clips, training.batch // training.accumulate) < least:
        raise LabanError(
            f"the objective compares {least} clips of a step at least: training.batch is "
            f"{training.batch} in training.accumulate = {training.accumulate} parts, of {clips} "
            "training clips, give more"
        )


def _rest(training: Training, clips: int, world: int) -> int:
    """Clips of an epoch's last, smaller batch: those that can be shared evenly, and not one."""
    left = clips % training.batch
    left -= left % (world * training.accumulate)
    return left if left // training.accumulate > 1 and not training.drop_last else 0


def _gradients(
    fabric: Fabric, model: nn.Module, batch: Batch, training: Training, step: int
) -> dict[str, Tensor]:
    """Adds a batch's gradients, part by part, and gives its logs summed over its clips."""
    sums: dict[str, Tensor] = {}
    for part in range(training.accumulate):
        moment = training.seed * 1_000_003 + step
        torch.manual_seed((moment * 1009 + part) * 1009 + fabric.global_rank)  # dropout
        generator = torch.Generator().manual_seed(moment)
        piece = _part(batch, part, training.accumulate).to(fabric.device)
        with fabric.no_backward_sync(model, enabled=part < training.accumulate - 1):  # type: ignore[arg-type]
            loss, logs = model(piece, generator)
            fabric.backward(loss / training.accumulate)
        for name, value in logs.items():
            sums[name] = sums.get(name, 0.0) + value.detach() * len(piece)
    return sums


def _load(fabric: Fabric, path: Path, state: dict) -> None:
    """Takes up a checkpoint."""
    try:
        fabric.load(path, state, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, KeyError, EOFError) as error:
        first = str(error).strip().splitlines()[0][:120]
        raise LabanError(f"{path} is damaged ({first}): remove it to start again") from error


def _mean(fabric: Fabric, value: Tensor) -> float:
    """The mean of a number over all processes."""
    total = fabric.all_reduce(value)
    assert isinstance(total, Tensor)
    return float(total)


def _part(batch: Batch, part: int, parts: int) -> Batch:
    """One of equal pieces of a batch, every parts-th clip: ``(B, ...) -> (B / parts, ...)``."""
    if parts == 1:
        return batch
    return Batch(**{name: value[part::parts] for name, value in vars(batch).items()})


def _keep_best(state: dict, objective: nn.Module, training: Training) -> None:
    """Copies the weights if the newest epoch is the best on the validation share."""
    if training.select == "best":
        scores = [row["validation_accuracy"] for row in state["history"]]
        if scores[-1] > max(scores[:-1], default=-1.0):  # the earliest of equals
            state["best"] = {k: v.detach().clone() for k, v in objective.state_dict().items()}


def _save(fabric: Fabric, state: dict, out: Path) -> None:
    """Writes checkpoint and metrics so that a kill at any moment leaves whole files."""
    fabric.save(out / f"{CHECKPOINT}.new", state)
    if fabric.global_rank == 0:
        os.replace(out / f"{CHECKPOINT}.new", out / CHECKPOINT)
        lines = "".join(json.dumps(row) + "\n" for row in state["history"])
        (out / "metrics.jsonl.new").write_text(lines)
        os.replace(out / "metrics.jsonl.new", out / "metrics.jsonl")
    fabric.barrier()
