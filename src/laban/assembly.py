"""From names to objects: the pipeline, encoder and objective of a recipe."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from laban.component import component
from laban.encoders import ENCODERS
from laban.objectives import OBJECTIVES
from laban.pipelines import PIPELINES, Pipeline, View
from laban.skeletons import Skeleton
from laban.streams import stream_named

__all__ = ["Parts", "assemble"]


@dataclass
class Parts:
    """The objects of a run."""

    pipeline: Pipeline
    encoder: nn.Module
    objective: nn.Module


def assemble(
    recipe: Mapping[str, Any],
    skeleton: Skeleton,
    channels: int,
    stream: str,
    classes: int,
    *,
    fps: float = 30.0,
) -> Parts:
    """Builds a resolved recipe's components for a skeleton, a stream and a number of classes.

    An objective that learns without labels is not told the classes; one that predicts poses is told
    the recordings' frames a second.
    """
    pipeline = component(PIPELINES, recipe["pipeline"], skeleton)
    width = channels * stream_named(stream).width
    encoder = component(ENCODERS, recipe["encoder"], skeleton, channels=width)
    asked = inspect.signature(OBJECTIVES[recipe["objective"]["name"]]).parameters
    told = {k: v for k, v in (("classes", classes), ("fps", fps)) if k in asked}
    objective = component(OBJECTIVES, recipe["objective"], encoder, View(pipeline, stream), **told)
    return Parts(pipeline, encoder, objective)
