"""Softmax attention through whole maps, and when that is the faster way.

Vaswani et al., "Attention is all you need", https://arxiv.org/abs/1706.03762, Eq. 1. PyTorch's
fused kernels never hold a whole map. On a CPU two things speak for whole maps all the same, which
are two to five times as fast there (PyTorch 2.13, ``docs/performance.md``): bfloat16, whose fused
backward pass is slow, and short rows whose values are wider than their keys, which the fused kernel
wants padded.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["FAR", "dot_product_attention", "maps_are_faster", "through_maps", "weights"]

# A score that no other reaches: its weight is zero in every precision.
FAR = -1e4
# Elements up to which maps are held whole: their memory grows with the square.
LONGEST = 512
SHORT = 64


def dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """(N, H, Q, E), (N, H, S, E) twice -> (N, H, Q, E): softmax(q k / sqrt(E)) v.

    Args:
        query: Who takes.
        key: Who gives.
        value: What is given.
        mask: bool, broadcast to (N, H, Q, S), which key a query may see, one at least. None: all.
    """
    if not maps_are_faster(key, value):
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    bias = None
    if mask is not None:
        bias = torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, FAR)
    return through_maps(query, key, value, bias)


def maps_are_faster(key: Tensor, value: Tensor) -> bool:
    """(N, H, S, E), (N, H, S, D) -> whether `through_maps` beats PyTorch's fused attention."""
    # What a file keeps is maps in any case: written here, without what the fused kernels want.
    if torch.compiler.is_exporting():
        return True
    # Not asked while compiling: an answer would tie the graph to the length.
    if torch.compiler.is_compiling() or key.device.type != "cpu":
        return False
    length = key.shape[2]
    if key.shape[-1] != value.shape[-1] and length <= SHORT:
        return True
    return key.dtype == torch.bfloat16 and length <= LONGEST


def through_maps(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
    """(N, H, Q, E), (N, H, S, E), (N, H, S, D) -> (N, H, Q, D): softmax(q k / sqrt(E) + bias) v.

    Args:
        query: Who takes.
        key: Who gives.
        value: What is given.
        bias: Broadcast to (N, H, Q, S), see `FAR`; None: nothing.
    """
    shape, scale = query.shape[:2], query.shape[-1] ** -0.5
    rows, columns, values = (x.flatten(0, 1) for x in (query, key, value))
    if bias is None:
        scores = torch.bmm(rows * scale, columns.mT)
    else:
        bias = bias.to(rows.dtype).expand(*shape, query.shape[2], key.shape[2]).flatten(0, 1)
        scores = torch.baddbmm(bias, rows, columns.mT, alpha=scale)
    return torch.bmm(scores.softmax(-1), values).unflatten(0, shape)


def weights(query: Tensor, key: Tensor, mask: Tensor | None = None) -> Tensor:
    """(N, H, Q, E), (N, H, S, E) -> (N, H, Q, S): softmax(q k / sqrt(E)), for who looks at it.

    Args:
        query: Who takes.
        key: Who gives.
        mask: As in `dot_product_attention`.
    """
    scores = query @ key.mT * query.shape[-1] ** -0.5
    return (scores if mask is None else scores.masked_fill(~mask, FAR)).softmax(-1)
