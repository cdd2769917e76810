"""Barlow Twins: embeddings of two views agree, and their numbers say different things.

Zbontar et al., "Barlow Twins: Self-Supervised Learning via Redundancy Reduction",
https://arxiv.org/abs/2103.03230; Eq. 1 and 2 of PSTL, https://arxiv.org/abs/2302.09018.

Unusual here:
- The correlation is of the whole batch, over all processes; parts of a batch that
  ``training.accumulate`` makes each have their own.
- It is computed in float32 at least, whatever the precision of the network.

PSTL's Eq. 2 takes embeddings as they are; in Barlow Twins, which it follows, and in its official
code their mean over the batch is 0 first, as here. The official code divides by the number of clips
alone, after a batch normalisation whose epsilon keeps a constant embedding at 0.
"""

import torch
from torch import Tensor, nn

from laban.errors import LabanError
from laban.nn import MaskedBatchNorm, summed_over_processes
from laban.nn.processes import world_size

__all__ = ["BarlowTwins", "redundancy_terms"]


def redundancy_terms(one: Tensor, two: Tensor) -> tuple[Tensor, Tensor]:
    """Eq. 1 and 2 without lambda: (B, D), (B, D) -> invariance (), redundancy ().

    Args:
        one: Embeddings with mean 0 and variance 1 over all processes.
        two: Those of the other view.
    """
    count = summed_over_processes(one.new_tensor(float(len(one))))
    diagonal = summed_over_processes((one * two).sum(0)) / count
    squares = _squared_sum(one, two) / count.square()
    return (1 - diagonal).square().sum(), squares - diagonal.square().sum()


def _squared_sum(one: Tensor, two: Tensor) -> Tensor:
    """The sum of the squares of ``one.T @ two`` over all processes: (B, D), (B, D) -> ().

    |X' Y|^2 is the sum over XX' * YY', B x B numbers in place of D x D: at 128 clips and 6,144
    numbers that is the whole cost of the loss. Several processes sum the D x D that they share.
    """
    if world_size() == 1 and len(one) < one.shape[1]:
        return ((one @ one.T) * (two @ two.T)).sum()
    return summed_over_processes(one.T @ two).square().sum()


class BarlowTwins(nn.Module):
    """The projector and the loss.

    Args:
        features: Width of the features.
        width: Of the embeddings.
        redundancy: Weight of the second term, lambda.
    """

    def __init__(self, features: int, *, width: int, redundancy: float) -> None:
        super().__init__()
        if width < 1 or redundancy < 0:
            raise LabanError(
                f"the objective's width is {width} and its redundancy {redundancy}: give 1 or more "
                "and a number from 0"
            )
        self.redundancy = redundancy
        self.projector = nn.Sequential(
            nn.Linear(features, width, bias=False),
            MaskedBatchNorm(width),
            nn.ReLU(inplace=True),
            nn.Linear(width, width, bias=False),
            MaskedBatchNorm(width),
            nn.ReLU(inplace=True),
            nn.Linear(width, width, bias=False),
        )
        self.norm = MaskedBatchNorm(width, affine=False)

    def forward(self, anchor: Tensor, others: list[Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Features (B, D), of each other view (B, D) -> loss (), logs: the sum over the others."""
        first = self.embed(anchor)
        invariance, redundancy = first.new_zeros(()), first.new_zeros(())
        for other in others:
            second = self.embed(other)
            with torch.autocast(first.device.type, enabled=False):
                terms = redundancy_terms(first, second)
            invariance, redundancy = invariance + terms[0], redundancy + terms[1]
        redundancy = self.redundancy * redundancy
        loss = invariance + redundancy
        logs = {"loss": loss, "invariance": invariance, "redundancy": redundancy}
        return loss, {name: value.detach() for name, value in logs.items()}

    def embed(self, features: Tensor) -> Tensor:
        """(B, D) -> embeddings (B, D') with mean 0 and variance 1 over the batch."""
        embeddings = self.projector(features)
        return self.norm(embeddings.to(torch.promote_types(embeddings.dtype, torch.float32)))
