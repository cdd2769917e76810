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
    "detects",
    "forecasts",
    "learns_from_labels",
    "pretrains",
    "scorer",
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


def learns_from_labels(recipe: Mapping[str, Any]) -> bool:
    """Whether the objective of a resolved recipe is made for a number of classes."""
    return "classes" in inspect.signature(OBJECTIVES[recipe["objective"]["name"]]).parameters


def detects(recipe: Mapping[str, Any]) -> bool:
    """Whether the objective of a resolved recipe names frames of recordings, not clips."""
    return issubclass(OBJECTIVES[recipe["objective"]["name"]], Detection)


def forecasts(recipe: Mapping[str, Any]) -> bool:
    """Whether the objective of a resolved recipe predicts poses, and is told the frame rate."""
    return issubclass(OBJECTIVES[recipe["objective"]["name"]], Forecasting)


def pretrains(recipe: Mapping[str, Any]) -> bool:
    """Whether the objective of a resolved recipe leaves an encoder for others, and no answers."""
    return not (learns_from_labels(recipe) or forecasts(recipe))


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
