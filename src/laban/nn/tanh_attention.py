"""Scores of attention between the elements of a sequence, each seen in several repetitions.

DSTA-Net's three strategies, https://arxiv.org/abs/2007.03263, section 3.1: for maps between joints
the repetitions are the frames, for maps between frames the joints. Meant for tanh, which needs no
scale of its own: scores keep their size whatever the number of repetitions.
"""

from typing import Literal

import torch
from torch import Tensor

__all__ = ["Strategy", "attention_scores"]

Strategy = Literal["a", "b", "c"]


def attention_scores(query: Tensor, key: Tensor, strategy: Strategy, count: Tensor | int) -> Tensor:
    """(N, R, L, H, E) twice -> (N, R or 1, H, L, L): how the L elements relate.

    Divided by E, and by the number of terms in the sum over repetitions (for the third strategy
    that is the official code's scale).

    Args:
        query: Rows of the map; zero where nothing exists.
        key: Columns of the map; likewise.
        strategy: ``a``, a map for each repetition (Eq. 2); ``b``, one map of the relations across
            all pairs of repetitions (Eq. 3); ``c``, one of those within each repetition (Eq. 4).
        count: How many of the R repetitions exist: one number, or one for each row, (N,).
    """
    if isinstance(count, Tensor):
        count = count.to(query.dtype)[:, None, None, None]
    if strategy == "a":
        scores = torch.einsum("nrlhe,nrmhe->nrhlm", query, key)
    elif strategy == "b":
        # The double sum is the product of two sums: all R^2 pairs cost no more than R.
        query, key = query.sum(1) / count, key.sum(1) / count
        scores = torch.einsum("nlhe,nmhe->nhlm", query, key)[:, None]
    else:
        scores = torch.einsum("nrlhe,nrmhe->nhlm", query, key)[:, None]
        scores = scores / (count[:, None] if isinstance(count, Tensor) else count)
    return scores / query.shape[-1]
