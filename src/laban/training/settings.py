"""How long, how fast and how exactly: the numbers of a training, as small typed records."""

import math
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import nn

from laban.errors import LabanError

__all__ = ["Optimiser", "Schedule", "Training"]


def _within(
    name: str,
    value: float,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> None:
    """Refuses a number outside its range, named as on the command line."""
    limits = [f"{least:g} or more"] if least is not None else []
    limits += [f"above {above:g}"] if above is not None else []
    limits += [f"below {below:g}"] if below is not None else []
    if not (
        (least is None or value >= least)
        and (above is None or value > above)
        and (below is None or value < below)
    ):
        raise LabanError(f"training.{name} is {value}, give a number {' and '.join(limits)}")


@dataclass
class Optimiser:
    """The optimiser.

    Attributes:
        name: Which one; sgd is Nesterov's.
        lr: Learning rate after warm-up.
        momentum: Of sgd.
        weight_decay: Strength of the decay.
        decay_all: Whether normalisation, biases and single numbers decay too, as in DSTA-Net.
        clip: Largest norm of the gradient, or None.
    """

    name: Literal["sgd", "adam", "adamw"] = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    decay_all: bool = True
    clip: float | None = None

    def __post_init__(self) -> None:
        _within("optimiser.lr", self.lr, above=0)
        _within("optimiser.momentum", self.momentum, least=0, below=1)
        _within("optimiser.weight_decay", self.weight_decay, least=0)
        if self.clip is not None:
            _within("optimiser.clip", self.clip, above=0)

    def build(self, module: nn.Module) -> torch.optim.Optimizer:
        """The PyTorch optimiser over a module's parameters."""
        tensors = [p for p in module.parameters() if p.requires_grad]
        groups = [{"params": tensors, "weight_decay": self.weight_decay}]
        if not self.decay_all:
            groups = [
                {"params": [p for p in tensors if p.ndim > 1], "weight_decay": self.weight_decay},
                {"params": [p for p in tensors if p.ndim <= 1], "weight_decay": 0.0},
            ]
        if self.name == "sgd":
            nesterov = self.momentum > 0
            return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum, nesterov=nesterov)
        kind = torch.optim.Adam if self.name == "adam" else torch.optim.AdamW
        return kind(groups, lr=self.lr)


@dataclass
class Schedule:
    """The learning rate as a function of time.

    Attributes:
        name: ``steps`` multiplies by ``factor`` at each milestone; ``cosine`` falls to zero.
        milestones: Epochs of the steps.
        factor: What a step multiplies by.
        warmup: Epochs of a linear rise, epoch e at (e + 1) / warmup (DSTA-Net's official code).
    """

    name: Literal["steps", "cosine", "constant"] = "steps"
    milestones: tuple[int, ...] = (60, 90)
    factor: float = 0.1
    warmup: int = 0

    def __post_init__(self) -> None:
        _within("schedule.warmup", self.warmup, least=0)
        _within("schedule.factor", self.factor, above=0)

    def rate(self, time: float, epochs: int) -> float:
        """The factor of the learning rate at a time in epochs, of ``epochs`` altogether."""
        if time < self.warmup:
            return (math.floor(time) + 1) / self.warmup
        if self.name == "steps":
            return self.factor ** sum(time >= milestone for milestone in self.milestones)
        if self.name == "cosine":
            share = (time - self.warmup) / max(1e-9, epochs - self.warmup)
            return 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
        return 1.0


@dataclass
class Training:
    """A training.

    Attributes:
        epochs: Passes over the training clips.
        batch: Clips a step, over all processes.
        accumulate: Parts in which a process takes its share of a batch, to save memory.
        precision: ``32-true`` or ``bf16-mixed`` (Lightning Fabric's words); ``64-true`` to check.
        seed: Fixes weights, order and augmentation.
        workers: Processes that read clips; 0 reads in the training process.
        validation: Share of the training clips kept for validation, by subject; 0 for none.
        select: Which epoch's weights are kept; ``best`` needs a validation share.
        optimiser: The optimiser.
        schedule: The learning rate over time.
    """

    epochs: int = 120
    batch: int = 32
    accumulate: int = 1
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "64-true"] = "32-true"
    seed: int = 0
    workers: int = 0
    validation: float = 0.0
    select: Literal["last", "best"] = "last"
    optimiser: Optimiser = field(default_factory=Optimiser)
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "accumulate"):
            _within(name, getattr(self, name), least=1)
        _within("workers", self.workers, least=0)
        _within("seed", self.seed, least=0, below=2**31)
        _within("validation", self.validation, least=0, below=1)
        if self.select == "best" and not self.validation:
            raise LabanError(
                "training.select is best but training.validation is 0, give a share such as 0.1"
            )
