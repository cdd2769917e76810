"""ST-GCN: convolution over the bones of the body, then over time.

Yan, Xiong and Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action
Recognition", AAAI 2018, https://arxiv.org/abs/1801.07455; code https://github.com/yysijie/st-gcn.
With 16 channels it is the backbone of PSTL, https://arxiv.org/abs/2302.09018; code
https://github.com/YujieOuO/PSTL.

The idea: a joint takes features from itself, from neighbours nearer to the body's centre and from
those farther away, each through weights of their own; then a convolution runs over its frames.

Unusual here:
- The input is normalised with statistics of each joint and channel, over the whole skeleton.
  ``joints`` chooses columns behind that, and rows and columns of the graph, which is not normalised
  again: PSTL's masking of joints.
- Every block has its own learned factor for every edge.
- The biases of the graph convolution flow along the edges, as the official code has them.
- Absent frames are zeros to the temporal convolution, take part in no statistics and stay zero.
- A stride keeps every so many frames: a person present in the dropped ones alone has no features.

Settled by the official code, where the paper is silent: ten blocks (the paper says nine); no
residual and no dropout in the first; strides of 2 in the fifth and eighth; distances to the centre
are counted to 1 bone only, see the option ``partition``.

Differs from the official code (its behaviour is the option in brackets):
- Distances to the centre are whole (``partition="truncated"``).
- An absent person takes part in nothing (``absent_as_zeros``: averaged in as zeros).
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.errors import LabanError
from laban.nn import (
    Dropout,
    Features,
    GraphConvNorm,
    InputNorm,
    LinearNorm,
    Scope,
    TimeConvNorm,
    check_counts,
    check_shape,
    check_shares,
    check_words,
    choose_maps,
    fold_persons,
    spatial_partition,
    strided,
    unfold_persons,
    zero_absent,
)
from laban.skeletons import Skeleton

__all__ = ["STGCN"]

# Width and stride of each block.
LAYERS = ((64, 1),) * 4 + ((128, 2),) + ((128, 1),) * 2 + ((256, 2),) + ((256, 1),) * 2

Partition = Literal["spatial", "truncated"]


class Block(nn.Module):
    """A graph convolution, a convolution over time, and what goes past them.

    Args:
        inputs: Channels of the input.
        width: Channels of the output.
        kernel: Frames of the temporal convolution.
        stride: Every so many frames are kept.
        dropout: Behind the temporal convolution.
        first: There is no residual and no dropout.
    """

    def __init__(
        self, inputs: int, width: int, *, kernel: int, stride: int, dropout: float, first: bool
    ) -> None:
        super().__init__()
        self.stride, self.first = stride, first
        self.spatial = GraphConvNorm(inputs, width, bias="taken")
        self.temporal = TimeConvNorm(width, width, kernel=kernel, stride=stride)
        self.dropout = Dropout(0 if first else dropout)
        changes = not first and (inputs != width or stride != 1)
        self.shortcut = LinearNorm(inputs, width) if changes else None

    def forward(self, x: Tensor, scope: Scope, maps: Tensor) -> tuple[Tensor, Scope]:
        """(N, T, V, C) -> (N, T', V, C'), and what of it exists."""
        y = zero_absent(F.relu(self.spatial(x, maps, scope.mask), inplace=True), scope.mask)
        scope = scope.strided(self.stride)
        y = self.dropout(self.temporal(y, scope.mask))
        if self.shortcut is not None:
            y = y + self.shortcut(strided(x, self.stride), scope.mask)
        elif not self.first:
            y = y + x
        return zero_absent(F.relu(y, inplace=True), scope.mask), scope


class STGCN(nn.Module):
    """The encoder; its default is the original network of 64 to 256 channels.

    Args:
        skeleton: The graph; its root is the body's centre.
        channels: Channels of the input.
        layers: (width, stride) of each block.
        kernel: Frames of the temporal convolutions, odd.
        dropout: Share of features dropped behind each temporal convolution but the first.
        importance: Whether every block learns a factor for every edge.
        partition: ``spatial`` as the paper has it; ``truncated``: distances to the centre beyond
            one bone count as equal (official code).
        absent_as_zeros: Absent persons and frames are zeros like any others (official code).

    Raises:
        LabanError: On options that do not fit together, and on poses that do not fit them.
    """

    attention_layers: tuple[str, ...] = ()
    no_attention = "ST-GCN has no attention: its joints take along the bones, in every clip alike."

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        channels: int = 3,
        layers: Sequence[tuple[int, int]] = LAYERS,
        kernel: int = 9,
        dropout: float = 0.5,
        importance: bool = True,
        partition: Partition = "spatial",
        absent_as_zeros: bool = False,
    ) -> None:
        super().__init__()
        check_words("st-gcn", partition=(partition, Partition))
        check_shares("st-gcn", dropout=dropout)
        check_counts("st-gcn", blocks=len(layers))
        for width, stride in layers:
            check_counts("st-gcn", width=width, stride=stride)
        if kernel < 1 or kernel % 2 == 0:
            raise LabanError(f"st-gcn: kernel is {kernel}, give an odd number of frames")
        self.channels, self.joints, self.absent_as_zeros = channels, len(skeleton), absent_as_zeros
        self.norm = InputNorm(self.joints, channels)
        maps = spatial_partition(skeleton, farthest=None if partition == "spatial" else 1)
        self.maps: Tensor
        self.register_buffer("maps", maps, persistent=False)
        self.blocks = nn.ModuleList()
        inputs = channels
        for number, (width, stride) in enumerate(layers):
            self.blocks.append(
                Block(
                    inputs,
                    width,
                    kernel=kernel,
                    stride=stride,
                    dropout=dropout,
                    first=number == 0,
                )
            )
            inputs = width
        learned = [nn.Parameter(torch.ones_like(maps)) for _ in self.blocks if importance]
        self.importance = nn.ParameterList(learned)
        self.dim = inputs

    def forward(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> Features:
        """(B, M, T, V, C), (B, M, T) -> features (B, M, T', V', D); T' is T over all strides.

        Args:
            poses: The batch.
            present: Which persons and frames exist; None: all.
            joints: (K,) or (B, K) numbers of the joints to look at, -1 for none.
            frames: Not looked at: this network has no position code.
        """
        x, scope = self.embed(poses, present, joints)
        for number, block in enumerate(self.blocks):
            maps = self.maps * self.importance[number] if self.importance else self.maps
            x, scope = block(x, scope, choose_maps(maps, joints, scope))
        return unfold_persons(x, scope)

    def embed(
        self, poses: Tensor, present: Tensor | None = None, joints: Tensor | None = None
    ) -> tuple[Tensor, Scope]:
        """(B, M, T, V, C) -> normalised rows (N, T, V', C), a row a person, and their scope."""
        check_shape("ST-GCN", poses, joints=self.joints, channels=self.channels)
        if self.absent_as_zeros and present is not None:
            poses, present = poses.masked_fill(~present[..., None, None], 0), None
        return fold_persons(self.norm(poses, present), present, joints)
