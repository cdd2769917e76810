"""Collapse: in how many directions the embeddings of clips differ.

The effective rank of Roy and Vetterli, "The effective rank: a measure of effective dimensionality",
EUSIPCO 2007, by which RankMe judges pre-training, Garrido et al., ICML 2023,
https://arxiv.org/abs/2210.02885, Eq. 1: the exponential of the entropy of the singular values'
shares. It is 1 where clips differ in one direction alone, and the width where they differ in all
alike.

Unusual here:
- Embeddings are the encoder's pooled features, which every objective has and every protocol judges;
  RankMe takes them behind a projector, which only some have.
- Their mean is taken away first: pooled behind a ReLU it is larger than all differences, and the
  rank of healthy features stays below 2. What is left is 0 where all clips have the same.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from laban.batch import collate
from laban.dataset import ClipDataset
from laban.nn import masked_mean
from laban.pipelines import View

__all__ = ["effective_rank", "first_loss", "lost_rank", "rank_of"]

NOISE = 1e-5  # what float32 leaves of features that are equal
LINE = 1.5  # so little more than one direction is a collapse, whatever was before


def effective_rank(features: Tensor) -> float:
    """(N, D) -> exp of the entropy of the singular values' shares, 1 to D; 0 if all are equal."""
    features = features.double()
    values = torch.linalg.svdvals(features - features.mean(0))
    values = values[values > NOISE * features.norm()]
    if not len(values):
        return 0.0
    return float(torch.special.entr(values / values.sum()).sum().exp())


def first_loss(ranks: Sequence[float]) -> int | None:
    """The place of the first rank below a fifth of the highest before it, or of one direction.

    Ranks of healthy pre-trainings rise in the first epochs, fall to a quarter of that at the least
    (``docs/results.md``) and rise again. Before its training a network may have no more than 4: a
    fifth of that is less than a single direction has.
    """
    for place in range(1, len(ranks)):
        highest = max(ranks[:place])
        if ranks[place] < min(max(highest / 5, LINE), highest):
            return place
    return None


def lost_rank(ranks: Sequence[float]) -> str:
    """A sentence on the first loss among ranks from before the training on; nothing for none."""
    place = first_loss(ranks)
    if place is None:
        return ""
    return (
        f"the embeddings collapse, their effective rank fell from {max(ranks[:place]):.1f} to "
        f"{ranks[place]:.1f}: lower training.optimiser.lr, or change the objective's weights"
    )


@torch.no_grad()
def rank_of(
    encoder: nn.Module, view: View, dataset: ClipDataset, *, most: int = 256, batch: int = 64
) -> float:
    """The effective rank of a dataset's features, of the test view and in evaluation mode.

    Args:
        encoder: Its mode is as before afterwards.
        view: The run's.
        dataset: The clips.
        most: So many clips are looked at, evenly spread.
        batch: Clips at a time.
    """
    mode, weight = encoder.training, next(encoder.parameters())
    encoder.eval()
    count = min(most, len(dataset))
    rows = []
    for places in torch.linspace(0, len(dataset) - 1, count).round().long().split(batch):
        clips, labels, keys = zip(*(dataset[int(place)] for place in places), strict=True)
        poses, present = view(collate(clips, labels, keys).to(weight.device))
        rows.append(masked_mean(encoder(poses.to(weight.dtype), present)))
    encoder.train(mode)
    return effective_rank(torch.cat(rows))
