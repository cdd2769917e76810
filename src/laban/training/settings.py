"""How long, how fast and how exactly: the numbers of a training, as small typed records."""

import math
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import nn

from laban.errors import LabanError

__all__ = ["Optimiser", "Precision", "Schedule", "Training"]

Precision = Literal["auto", "32-true", "bf16-mixed", "16-mixed", "64-true"]


def _within(
    name: str,
    value: float,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    most: float | None = None,
) -> None:
    """Refuses a number outside its range, named as on the command line."""
    limits = [f"{least:g} or more"] if least is not None else []
    limits += [f"above {above:g}"] if above is not None else []
    limits += [f"below {below:g}"] if below is not None else []
    limits += [f"at most {most:g}"] if most is not None else []
    if not (
        (least is None or value >= least)
        and (above is None or value > above)
        and (below is None or value < below)
        and (most is None or value <= most)
    ):
        raise LabanError(f"training.{name} is {value}, give a number {' and '.join(limits)}")


@dataclass
class Optimiser:
    """The optimiser.

    Attributes:
        name: Which one.
        lr: Learning rate after warm-up.
        momentum: Of sgd.
        nesterov: Whether sgd's momentum is Nesterov's.
        weight_decay: Strength of the decay.
        decay_all: Whether everything decays, as in DSTA-Net; else normalisation, biases, single
            numbers and what a module of the network calls ``undecayed`` (position codes) do not,
            as in Hi-TRS.
        clip: Largest norm of the gradient, or None.
    """

    name: Literal["sgd", "adam", "adamw"] = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
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
        spared: set[int] = set()
        if not self.decay_all:
            spared = {id(p) for p in tensors if p.ndim <= 1} | _undecayed(module)
        groups = [
            {"params": [p for p in tensors if (id(p) in spared) == free], "weight_decay": decay}
            for free, decay in ((False, self.weight_decay), (True, 0.0))
            if spared or not free
        ]
        if self.name == "sgd":
            nesterov = self.nesterov and self.momentum > 0
            return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum, nesterov=nesterov)
        kind = torch.optim.Adam if self.name == "adam" else torch.optim.AdamW
        return kind(groups, lr=self.lr)


def _undecayed(module: nn.Module) -> set[int]:
    """The parameters that their own modules do not want to decay."""
    return {
        id(getattr(part, name))
        for part in module.modules()
        for name in getattr(part, "undecayed", ())
    }


@dataclass
class Schedule:
    """The learning rate as a function of time.

    Attributes:
        name: ``steps`` multiplies by ``factor`` at each milestone; ``cosine`` and ``linear`` fall
            to the floor.
        milestones: Epochs of the steps.
        factor: What a step multiplies by, one number or one for each milestone.
        floor: The lowest share of the learning rate after warm-up.
        warmup: Epochs of a linear rise, epoch e at (e + 1) / warmup (DSTA-Net's official code).
        from_zero: Epoch e at e / warmup instead: nothing is learned in the first (PSTL's).
        warmup_steps: Steps of the optimiser of a linear rise, step s at s / warmup_steps (Hi-TRS's
            pre-training); instead of ``warmup``.
    """

    name: Literal["steps", "cosine", "linear", "constant"] = "steps"
    milestones: tuple[int, ...] = (60, 90)
    factor: float | tuple[float, ...] = 0.1
    floor: float = 0.0
    warmup: int = 0
    from_zero: bool = False
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        _within("schedule.warmup", self.warmup, least=0)
        _within("schedule.warmup_steps", self.warmup_steps, least=0)
        _within("schedule.floor", self.floor, least=0, below=1)
        for factor in self._factors():
            _within("schedule.factor", factor, above=0)
        if self.warmup and self.warmup_steps:
            raise LabanError("training.schedule has warmup and warmup_steps, give one of them")

    def _factors(self) -> tuple[float, ...]:
        """What each milestone multiplies by."""
        if isinstance(self.factor, float | int):
            return (self.factor,) * len(self.milestones)
        if len(self.factor) != len(self.milestones):
            raise LabanError(
                f"training.schedule.factor has {len(self.factor)} numbers for "
                f"{len(self.milestones)} milestones, give one, or one for each"
            )
        return tuple(self.factor)

    def rate(self, time: float, epochs: int, steps: int = 1) -> float:
        """The factor of the learning rate.

        Args:
            time: Now, in epochs.
            epochs: Of the whole training.
            steps: Of the optimiser, an epoch.
        """
        warm = self.warmup + self.warmup_steps / steps
        if time < self.warmup:
            return (math.floor(time) + (not self.from_zero)) / self.warmup
        if time < warm:
            return time / warm
        left = 1.0
        if self.name == "steps":
            met = (time >= milestone for milestone in self.milestones)
            left = math.prod(f for f, past in zip(self._factors(), met, strict=True) if past)
        elif self.name != "constant":
            left = 1 - min(1.0, (time - warm) / max(1e-9, epochs - warm))
            if self.name == "cosine":
                left = 0.5 * (1 - math.cos(math.pi * left))
            left = self.floor + (1 - self.floor) * left
        return max(self.floor, left)


@dataclass
class Training:
    """A training.

    Attributes:
        epochs: Passes over the training clips.
        batch: Clips a step, over all processes.
        accumulate: Parts in which a process takes its share of a batch, to save memory.
        drop_last: Whether an epoch's last, smaller batch is left out; kept, it needs two clips.
        precision: ``32-true`` or ``bf16-mixed`` (Lightning Fabric's words); ``64-true`` to check;
            ``auto`` is ``bf16-mixed`` where the machine has bfloat16 products, else ``32-true``,
            and the run keeps which it was.
        seed: Fixes weights, order and augmentation.
        workers: Processes that read clips; 0 reads in the training process.
        validation: Share of the training clips kept for validation, by subject; 0 for none.
        labels: Share of each class's training clips that are used, one at least, drawn by the seed.
        select: Which epoch's weights are kept; ``best`` needs a validation share.
        optimiser: The optimiser.
        schedule: The learning rate over time.
    """

    epochs: int = 120
    batch: int = 32
    accumulate: int = 1
    drop_last: bool = True
    precision: Precision = "32-true"
    seed: int = 0
    workers: int = 0
    validation: float = 0.0
    labels: float = 1.0
    select: Literal["last", "best"] = "last"
    optimiser: Optimiser = field(default_factory=Optimiser)
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "accumulate"):
            _within(name, getattr(self, name), least=1)
        _within("workers", self.workers, least=0)
        _within("seed", self.seed, least=0, below=2**31)
        _within("validation", self.validation, least=0, below=1)
        _within("labels", self.labels, above=0, most=1)
        if self.select == "best" and not self.validation:
            raise LabanError(
                "training.select is best but training.validation is 0, give a share such as 0.1"
            )
