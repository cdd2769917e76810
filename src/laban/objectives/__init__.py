"""Objectives: what trains an encoder.

``forward(batch, generator) -> (loss, logs)``; a constructor takes (encoder, view, *, classes, own
options). The loop knows nothing else.
"""

from torch import nn

from laban.objectives.recognition import Recognition

__all__ = ["OBJECTIVES"]

OBJECTIVES: dict[str, type[nn.Module]] = {"recognition": Recognition}
