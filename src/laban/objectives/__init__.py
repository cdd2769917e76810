"""Objectives: what trains an encoder.

``forward(batch, generator) -> (loss, logs)``; a constructor takes (encoder, view, *, classes, own
options). The loop knows nothing else.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from laban.batch import Batch
from laban.objectives.recognition import Recognition

__all__ = ["OBJECTIVES", "Scorer"]


class Scorer(Protocol):
    """An objective that can score clips."""

    def scores(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """``Batch (B, M, T, V, C) -> (B, classes)`` before the softmax."""
        ...


OBJECTIVES: dict[str, type[nn.Module]] = {"recognition": Recognition}
