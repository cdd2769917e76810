"""What an encoder gives, and the mean that pools it: pooling always knows what exists."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from laban.nn.packing import all_there

__all__ = ["Features", "masked_mean", "present_features"]


class Features(NamedTuple):
    """An encoder's answer; T' and V' are 1 where that axis is already pooled.

    Attributes:
        values: (B, M, T', V', D) features, zeros where nobody is.
        present: (B, M, T', V') bool, what takes part in pooling.
    """

    values: Tensor
    present: Tensor


def masked_mean(features: Features, dims: Sequence[int] = (1, 2, 3)) -> Tensor:
    """(B, M, T', V', D) -> (B, D), or what is left of it: the mean over what is present.

    A clip without anybody gives zeros. The sums are kept in float32 at least.

    Args:
        features: What an encoder gave.
        dims: The axes to average over, of 1 (person), 2 (frame) and 3 (joint).
    """
    dims = tuple(dims)
    total = features.values.masked_fill(~features.present[..., None], 0)
    count = features.present.sum(dims).clamp(min=1)
    wide = torch.promote_types(total.dtype, torch.float32)
    return total.sum(dims, dtype=wide) / count[..., None]


def present_features(values: Tensor, present: Tensor) -> Features:
    """(B, M, T', V', D), (B, M, T', V') -> the same, zeros where nobody is."""
    if not all_there(present):
        values = values.masked_fill(~present[..., None], 0)
    return Features(values, present)
