"""Pipelines: how one paper turns a clip into network input.

``prepare(clip) -> Clip`` is deterministic, run once a clip before a training,
else whenever a clip is read;
``view(batch, stream, generator)`` is batched, on the device, each clip with its own draw, and
without a generator it is the test view.

``prepare`` is NumPy alone, and the files import PyTorch where a view is made: an exported network,
which has its view in it, runs where PyTorch is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from laban.clip import Clip
from laban.pipelines.dsta_net import DSTANetPipeline
from laban.pipelines.general import GeneralPipeline
from laban.pipelines.hi_trs import HiTRSPipeline
from laban.pipelines.metric import MetricPipeline
from laban.pipelines.pstl import PSTLPipeline
from laban.pipelines.st_tr import STTRPipeline
from laban.skeletons import Skeleton

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from laban.batch import Batch

__all__ = ["PIPELINES", "Pipeline", "View"]


class Pipeline(Protocol):
    """What every pipeline is."""

    skeleton: Skeleton

    def prepare(self, clip: Clip) -> Clip:
        """The clip as this paper wants it, deterministic; LabanError where it cannot be used."""
        ...

    def view(
        self, batch: Batch, stream: str, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """``Batch (B, M, T, V, C) -> poses (B, M, T', V, C'), present (B, M, T')``."""
        ...


PIPELINES: dict[str, type] = {
    "dsta-net": DSTANetPipeline,
    "general": GeneralPipeline,
    "pstl": PSTLPipeline,
    "st-tr": STTRPipeline,
    "hi-trs": HiTRSPipeline,
    "metric": MetricPipeline,
}


@dataclass(frozen=True)
class View:
    """A pipeline's view of one stream, always in full precision.

    Rotations in half precision would move joints by centimetres, so mixed precision begins behind
    the view.
    """

    pipeline: Pipeline
    stream: str

    def __call__(
        self, batch: Batch, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """``Batch (B, M, T, V, C) -> poses (B, M, T', V, C'), present (B, M, T')``."""
        import torch

        with torch.autocast(batch.poses.device.type, enabled=False):
            return self.pipeline.view(batch, self.stream, generator)
