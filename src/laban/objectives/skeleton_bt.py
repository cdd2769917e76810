"""SkeletonBT: Barlow Twins on two augmented views of a clip, the baseline of PSTL.

Zhou et al., "Self-supervised Action Representation Learning from Partial Spatio-Temporal Skeleton
Sequences", AAAI 2023, https://arxiv.org/abs/2302.09018, section "Skeleton Barlow Twins"; code
https://github.com/YujieOuO/PSTL.

Unusual here: the augmentation is the pipeline's view, drawn anew for each pass.
"""

import torch
from torch import Tensor, nn

from laban.batch import Batch
from laban.nn import masked_mean
from laban.objectives.barlow_twins import BarlowTwins
from laban.pipelines import View

__all__ = ["SkeletonBT"]


class SkeletonBT(nn.Module):
    """An encoder and a projector whose embeddings of two views are correlated.

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The pipeline's view of the stream.
        width: Of the embeddings.
        redundancy: Weight of the correlation between different numbers, lambda.
    """

    compares = 2  # clips of a step, at least: embeddings are normalised over them

    def __init__(
        self, encoder: nn.Module, view: View, *, width: int = 6144, redundancy: float = 2e-4
    ) -> None:
        super().__init__()
        self.encoder, self.view = encoder, view
        self.twins = BarlowTwins(
            int(encoder.dim),  # type: ignore[arg-type]
            width=width,
            redundancy=redundancy,
        )

    def forward(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; labels are not looked at."""
        anchor, *others = self.passes(batch, generator)
        return self.twins(anchor, others)

    def passes(self, batch: Batch, generator: torch.Generator) -> list[Tensor]:
        """Features of the anchor's view, then of the others': ``Batch -> [(B, D), ...]``."""
        return [self.features(*self.augmented(batch, generator)) for _ in range(2)]

    def augmented(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A view: ``Batch (B, M, T, V, C) -> (B, M, T', V, C'), (B, M, T')``."""
        poses, present = self.view(batch, generator)
        return poses.to(next(self.encoder.parameters()).dtype), present

    def features(
        self,
        poses: Tensor,
        present: Tensor,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> Tensor:
        """(B, M, T, V, C), (B, M, T) -> (B, D): the mean over what is present."""
        return masked_mean(self.encoder(poses, present, joints, frames))
