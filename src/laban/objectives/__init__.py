"""Objectives: what trains an encoder.

``forward(batch, generator) -> (loss, logs)``; a constructor takes (encoder, view, *, own options).
One that learns from labels takes ``classes`` too, and gives class scores (`Scorer`); forecasting
takes ``fps``; the others pre-train. The loop knows nothing else.
"""

import inspect
from collections.abc import Mapping
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from laban.batch import Batch
from laban.errors import LabanError
from laban.objectives.aim_clr import AimCLR
from laban.objectives.detection import Detection
from laban.objectives.forecasting import Forecasting
from laban.objectives.hi_trs_hierarchy import HiTRSHierarchy
from laban.objectives.pstl import PSTL
from laban.objectives.recognition import Recognition
from laban.objectives.skeleton_bt import SkeletonBT
from laban.objectives.skeleton_clr import SkeletonCLR
from laban.objectives.stst_tasks import RecognitionSTST, STSTTasks

__all__ = [
    "OBJECTIVES",
    "Scorer",
    "scorer",
    "task_of",
]


class Scorer(Protocol):
    """An objective that can score clips."""

    def scores(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """``Batch (B, M, T, V, C) -> (B, classes)`` before the softmax."""
        ...


OBJECTIVES: dict[str, type[nn.Module]] = {
    "aim-clr": AimCLR,
    "detection": Detection,
    "forecasting": Forecasting,
    "hi-trs-hierarchy": HiTRSHierarchy,
    "pstl": PSTL,
    "recognition": Recognition,
    "recognition+stst-tasks": RecognitionSTST,
    "skeleton-bt": SkeletonBT,
    "skeleton-clr": SkeletonCLR,
    "stst-tasks": STSTTasks,
}


def task_of(recipe: Mapping[str, Any]) -> str:
    """What the objective of a resolved recipe trains for, a word of `laban.tasks.TASKS`."""
    objective = OBJECTIVES[recipe["objective"]["name"]]
    if issubclass(objective, Detection):
        return "detection"
    if issubclass(objective, Forecasting):
        return "forecasting"
    labelled = "classes" in inspect.signature(objective).parameters
    return "recognition" if labelled else "pretraining"


def scorer(objective: nn.Module) -> Scorer:
    """The objective as one that scores clips.

    Raises:
        LabanError: Where it was trained without labels.
    """
    if not hasattr(objective, "scores"):
        raise LabanError(
            "this run was pre-trained without labels and knows no classes: judge its encoder with "
            "'laban evaluate --protocol linear'"
        )
    return cast(Scorer, objective)
