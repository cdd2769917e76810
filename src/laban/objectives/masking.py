"""Which joints and frames a view leaves out: PSTL, https://arxiv.org/abs/2302.09018

Central Spatial Masking (its Eq. 3) and Motion Attention Temporal Masking (its Eq. 4) as pure
functions. What is left comes as numbers in their order, with -1 behind them where a clip keeps
fewer than another.
"""

import torch
from torch import Tensor

from laban.draws import Draws
from laban.skeletons import Skeleton
from laban.streams import motions

__all__ = ["central_joints", "joint_degrees", "left_over", "motion_attention", "slow_frames"]


def joint_degrees(skeleton: Skeleton) -> Tensor:
    """How many bones end at each joint: ``-> (V,)`` int64."""
    return torch.tensor(skeleton.bones).flatten().bincount(minlength=len(skeleton))


def left_over(gone: Tensor) -> Tensor:
    """(B, N) bool -> (B, K) numbers of those that are not gone, -1 behind them."""
    kept = (~gone).sum(1)
    order = gone.to(torch.uint8).argsort(dim=1, stable=True)[:, : int(kept.max())]
    places = torch.arange(order.shape[1], device=gone.device)
    return order.masked_fill(places >= kept[:, None], -1)


def central_joints(degrees: Tensor, draws: Draws, count: int, *, repeats: bool = False) -> Tensor:
    """Joints that stay when others are drawn by their degree (Eq. 3): ``(V,) -> (B, K)``.

    Args:
        degrees: Each joint's weight in the draw; all equal: Random Spatial Masking.
        draws: A row a clip.
        count: How many joints go.
        repeats: Draw entries of a multiset in which a joint stands as often as its degree: one that
            is drawn twice is gone once, and fewer than ``count`` go (official code).
    """
    size = len(degrees)
    entries = torch.arange(size, device=degrees.device)
    weights = degrees.to(torch.float32)
    if repeats:
        entries = entries.repeat_interleave(degrees)
        weights = torch.ones_like(entries, dtype=torch.float32)
    # Who comes first in a race at these speeds: draws without replacement, each by its weight
    # among those that are left (Efraimidis and Spirakis 2006).
    times = -torch.log(draws.uniform(len(entries))) / weights
    chosen = entries[times.argsort(dim=1, stable=True)[:, :count]]
    gone = torch.zeros(len(times), size, dtype=torch.bool, device=degrees.device)
    return left_over(gone.scatter(1, chosen, value=True))


def motion_attention(poses: Tensor, present: Tensor) -> Tensor:
    """Each frame's share of a clip's squared motion (Eq. 4): ``(B, M, T, V, C) -> (B, T)``."""
    squared = motions(poses, present).square().sum((1, 3, 4))
    return squared / squared.sum(1, keepdim=True).clamp(min=torch.finfo(squared.dtype).tiny)


def slow_frames(attention: Tensor, exists: Tensor, draws: Draws, count: int) -> Tensor:
    """Frames that stay when the fastest go, and as many others at random: ``(B, T) -> (B, K)``.

    Args:
        attention: From `motion_attention`; random numbers: Random Temporal Masking.
        exists: (B, T) bool, frames in which anybody is present; others stay out.
        draws: A row a clip.
        count: How many go each time, K; fewer of a clip of less than 2 K + 1 frames, so that one
            stays.
    """
    each = torch.clamp((exists.sum(1, keepdim=True) - 1) // 2, 0, count)
    left = exists
    for weight in (attention, draws.uniform(exists.shape[1])):
        order = weight.masked_fill(~left, -1).argsort(dim=1, descending=True, stable=True)
        rank = order.argsort(1)
        left = left & (rank >= each)
    return left_over(~left)
