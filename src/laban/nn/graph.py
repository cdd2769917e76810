"""Graph convolution over the joints of a skeleton, with one map a subset of neighbours.

Yan, Xiong and Lin, "Spatial Temporal Graph Convolutional Networks", https://arxiv.org/abs/1801.07455,
sections 3.2 to 3.4; Shi et al., "Two-Stream Adaptive Graph Convolutional Networks",
https://arxiv.org/abs/1805.07694.

Maps are (subsets, V, V): row w says what joint w takes from every joint v, and the rows of all
subsets of a partition together sum to one where they are normalised by degree. The official codes
have the columns take from the rows.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from laban.nn.norm import MaskedBatchNorm
from laban.nn.persons import Scope
from laban.skeletons import Skeleton

__all__ = ["GraphConv", "GraphConvNorm", "choose_maps", "directed_partition", "spatial_partition"]


def spatial_partition(skeleton: Skeleton, *, farthest: int | None = None) -> Tensor:
    """ST-GCN's spatial configuration (Eq. 8): ``-> (3, V, V)``.

    Subsets: the joint itself, neighbours not closer to the root than it, neighbours closer. Divided
    by the number of neighbours, itself included (Eq. 10 with the official code's D^-1).

    Args:
        skeleton: Its root is the centre of gravity.
        farthest: Distances beyond so many bones count as equal. None: no limit, as the paper has
            it; the official code's is 1, so that away from the root both ends of a bone are "not
            closer".
    """
    distance = _distances(skeleton)
    if farthest is not None:
        distance = distance.masked_fill(distance > farthest, math.inf)
    near = torch.eye(len(skeleton))
    for parent, child in skeleton.bones:
        near[parent, child] = near[child, parent] = 1
    near = near / near.sum(1, keepdim=True)
    own = torch.eye(len(skeleton), dtype=torch.bool)
    closer = distance[None, :] < distance[:, None]
    return torch.stack([near * own, near * (~own & ~closer), near * (~own & closer)])


def directed_partition(skeleton: Skeleton) -> Tensor:
    """2S-AGCN's and ST-TR's partition: ``-> (3, V, V)``.

    Subsets: the joint itself, its parent, its children (their mean).
    """
    maps = torch.zeros(3, len(skeleton), len(skeleton))
    maps[0].fill_diagonal_(1)
    for parent, child in skeleton.bones:
        maps[1, child, parent] = maps[2, parent, child] = 1
    return maps / maps.sum(2, keepdim=True).clamp(min=1)


def _distances(skeleton: Skeleton) -> Tensor:
    """How many bones lie between each joint and the root: ``-> (V,)``; infinite where no path."""
    distance = torch.full((len(skeleton),), math.inf)
    distance[skeleton.root] = 0
    for joint in skeleton.order:
        if skeleton.parents[joint] != joint:
            distance[joint] = distance[skeleton.parents[joint]] + 1
    return distance


def choose_maps(maps: Tensor, joints: Tensor | None, scope: Scope) -> Tensor:
    """(K, V, V) -> (K, J, J), or (N, K, J, J): the maps of a sub-graph, not normalised again.

    Args:
        maps: Of the whole skeleton.
        joints: As the encoder takes them: (J,), (B, J), or None for all.
        scope: What `fold_persons` said of these joints. Nothing is taken from padded ones.
    """
    if joints is None:
        return maps
    if joints.dim() == 1:
        chosen = joints.clamp(min=0)
        return maps[:, chosen][:, :, chosen] * (joints >= 0)
    assert scope.joints is not None
    chosen = maps[:, scope.joints[:, :, None], scope.joints[:, None, :]]  # (K, N, J, J)
    if scope.mask is not None:
        chosen = chosen * scope.mask.any(1)[:, None, :]
    return chosen.movedim(1, 0)


Bias = Literal["taken", "added"]


class GraphConv(nn.Module):
    """Every joint's sum over subsets of a linear map of what it takes from its neighbours.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        subsets: Number of maps.
        bias: ``taken``: the bias of each subset is taken along the map as features are (ST-GCN);
            ``added``: it is added to every joint (2S-AGCN, ST-TR).
    """

    def __init__(self, inputs: int, outputs: int, *, subsets: int = 3, bias: Bias) -> None:
        super().__init__()
        self.taken = bias == "taken"
        self.weight = nn.Parameter(torch.empty(outputs, subsets, inputs))
        self.bias = nn.Parameter(torch.empty(subsets, outputs))
        for parameter in (self.weight, self.bias):  # PyTorch's start of a 1x1 convolution a subset
            nn.init.uniform_(parameter, -(inputs**-0.5), inputs**-0.5)

    def forward(self, x: Tensor, maps: Tensor) -> Tensor:
        """(N, T, V, C), (K, V, V) or (N, K, V, V) -> (N, T, V, C')."""
        taken = self.take(x, maps)
        if self.taken:
            return F.linear(taken, self.weight.flatten(1)) + self.offset(maps)
        return F.linear(taken, self.weight.flatten(1), self.bias.sum(0))

    def take(self, x: Tensor, maps: Tensor) -> Tensor:
        """(N, T, V, C), maps -> (N, T, V, K C): what the joints take, before the linear map."""
        rows = rearrange(maps.to(x.dtype), "... k w v -> ... (w k) v")
        # One product: rows sorted by joint, then subset, come out in the wanted order.
        rows = rows[:, None] if rows.dim() == 3 else rows
        # A map a frame, the same memory: PyTorch would move the joints of all frames together.
        taken = rows.expand(*x.shape[:2], -1, -1) @ x
        return rearrange(taken, "n t (w k) c -> n t w (k c)", k=maps.shape[-3])

    def offset(self, maps: Tensor) -> Tensor:
        """(K, V, V) -> (V, C'), or (N, K, V, V) -> (N, 1, V, C'): the bias each joint gets."""
        if not self.taken:
            return self.bias.sum(0)
        offset = maps.sum(-1).transpose(-1, -2) @ self.bias
        return offset if maps.dim() == 3 else offset[:, None]


class GraphConvNorm(nn.Module):
    """A graph convolution and the batch normalisation behind it, folded into it in evaluation."""

    def __init__(self, inputs: int, outputs: int, *, subsets: int = 3, bias: Bias) -> None:
        super().__init__()
        self.conv = GraphConv(inputs, outputs, subsets=subsets, bias=bias)
        self.norm = MaskedBatchNorm(outputs)

    def forward(self, x: Tensor, maps: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, T, V, C), maps, (N, T, V) -> (N, T, V, C'); the mask says what statistics count."""
        if self.training:
            return self.norm(self.conv(x, maps), mask)
        norm = self.norm
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        weight = self.conv.weight.flatten(1) * scale[:, None]
        offset = (self.conv.offset(maps) - norm.running_mean) * scale + norm.bias
        taken = self.conv.take(x, maps)
        return (
            F.linear(taken, weight, offset)
            if offset.dim() == 1
            else F.linear(taken, weight) + offset
        )
