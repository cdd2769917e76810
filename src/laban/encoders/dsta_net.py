"""DSTA-Net: attention over joints, then over frames, and nothing else.

Shi, Zhang, Cheng and Lu, "Decoupled Spatial-Temporal Attention Network for Skeleton-Based Action
Recognition", ACCV 2020, https://arxiv.org/abs/2007.03263; code https://github.com/lshiwjx/DSTA-Net.

The idea: no graph. Each block looks at the joints as elements whose channels are all frames
together, computes a few maps between joints, mixes its input with them, then does the same with
frames as elements. What a joint is comes from a position code and from a learned map that all clips
share ("spatial global regularisation").

Unusual here:
- Tanh instead of softmax, so relations can be negative; it needs no normalisation over keys, and
  absent frames and joints are masked by multiplication, with the scale of what is present.
- No value projection: the maps mix the module's input itself.
- The position code is added in every block, and only on the way to queries and keys.
- Both residuals of a module come from its input.
- A stride keeps every so many frames: a person present in the dropped ones alone has no features.

Settled by the official code, where the paper is silent: scores of strategy c are divided by
channels times frames (or joints); alpha is one number a head and starts at 1; the shared spatial
map starts at 1 / V, the temporal one at the identity; the embeddings' sizes; strides of 2 in the
third and fifth block; a slope of 0.1 below zero; fan-out start of the linear maps. The scales of
strategies a and b are ours (`laban.nn.tanh_attention`): neither is in the official code.

Differs from the official code (its behaviour is the option in brackets):
- alpha balances the shared map, as section 3.3 says (``alpha="attention"``: it multiplies the
  tanh map, and the shared map is left alone).
- Frames are attended to by default, as the paper describes; the shipped NTU configurations have a
  convolution over 7 frames instead (``temporal="convolution"``).
- An absent person takes part in nothing (``absent_as_zeros``: averaged in as zeros).
- Queries make the rows of a map, and a row says what an output takes; the official code has them
  the other way about, which `laban.official.load` turns.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.errors import LabanError
from laban.nn import (
    AttendingBlocks,
    AttentionModule,
    Features,
    LinearNorm,
    Position,
    Scope,
    Strategy,
    TanhMaps,
    TimeConvolution,
    check_counts,
    check_shape,
    check_words,
    fan_out_start,
    fold_persons,
    position_code,
    zero_absent,
)
from laban.skeletons import Skeleton

__all__ = ["DSTANet"]

# Width, embedding of queries and keys, and stride of each block (section 4.2 and official code).
LAYERS = ((64, 16, 1),) * 2 + ((128, 32, 2), (128, 32, 1), (256, 64, 2)) + ((256, 64, 1),) * 3

Regularisation = Literal["spatial", "none", "spatial-temporal", "temporal"]
Temporal = Literal["attention", "convolution"]
Alpha = Literal["regularisation", "attention"]


class Block(nn.Module):
    """Attention over joints, then over frames."""

    def __init__(self, spatial: AttentionModule, temporal: nn.Module, stride: int) -> None:
        super().__init__()
        self.spatial, self.temporal, self.stride = spatial, temporal, stride

    def forward(self, x: Tensor, scope: Scope) -> tuple[Tensor, Scope]:
        """(N, T, V, C) -> (N, T', V, C'), and what of it exists."""
        return self.temporal(self.spatial(x, scope), scope), scope.strided(self.stride)


class DSTANet(AttendingBlocks):
    """The encoder; its default is the paper's network for all of its datasets.

    Args:
        skeleton: The joints of the input; only their number counts.
        channels: Channels of the input, 6 for joint and bone together.
        frames: Length of the clips; only a temporal ``regularisation`` needs it, and fixes it.
        heads: Attention maps a module.
        layers: (width, embedding of queries and keys, stride) of each block.
        stem: Width of the input map; None: that of the first block.
        attention: How frames make a spatial map and joints a temporal one, see `attention_scores`.
        position: Table 1's ``decoupled`` (DPE), ``unified`` (UPE) or ``none``; ``joint`` and
            ``frame`` keep one half of the decoupled code.
        regularisation: Which attentions have a map that all clips share: Table 1's ``spatial``
            (SGR), ``spatial-temporal`` (STGR) or ``none``; or ``temporal``.
        temporal: ``attention`` as in the paper, or a ``convolution`` over 7 frames.
        alpha: What alpha multiplies: the shared map (paper) or the ``attention`` (official code).
        absent_as_zeros: Absent persons and frames are zeros like any others (official code).

    Raises:
        LabanError: On options that do not fit together, and on poses that do not fit them.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        channels: int = 3,
        frames: int | None = None,
        heads: int = 3,
        layers: Sequence[tuple[int, int, int]] = LAYERS,
        stem: int | None = None,
        attention: Strategy = "c",
        position: Position = "decoupled",
        regularisation: Regularisation = "spatial",
        temporal: Temporal = "attention",
        alpha: Alpha = "regularisation",
        absent_as_zeros: bool = False,
    ) -> None:
        super().__init__()
        check_words(
            "dsta-net",
            attention=(attention, Strategy),
            position=(position, Position),
            regularisation=(regularisation, Regularisation),
            temporal=(temporal, Temporal),
            alpha=(alpha, Alpha),
        )
        check_counts("dsta-net", heads=heads, blocks=len(layers), stem=1 if stem is None else stem)
        for width, embedding, stride in layers:
            check_counts("dsta-net", width=width, embedding=embedding, stride=stride)
        maps_frames = "temporal" in regularisation and temporal == "attention"
        if maps_frames and frames is None:
            raise LabanError(
                f"dsta-net with regularisation '{regularisation}' learns a map between frames: "
                "give the length of its clips as frames"
            )
        self.channels, self.joints, self.absent_as_zeros = channels, len(skeleton), absent_as_zeros
        uniform = torch.full((self.joints, self.joints), 1 / self.joints)
        make = partial(
            TanhMaps, heads=heads, strategy=attention, balanced=alpha == "regularisation"
        )
        inputs, length = stem or layers[0][0], frames if maps_frames else None
        self.frames = length
        self.stem = LinearNorm(channels, inputs)
        self.blocks = nn.ModuleList()
        for width, embedding, stride in layers:
            changes = inputs != width or stride != 1
            maps = make(
                inputs,
                embedding=embedding,
                over="joints",
                code=position_code(position, "joint", inputs, joints=self.joints),
                shared=uniform if "spatial" in regularisation else None,
            )
            spatial = AttentionModule(maps, inputs, width, changes=changes)
            over_frames: nn.Module = TimeConvolution(width, stride=stride, changes=changes)
            if temporal == "attention":
                maps = make(
                    width,
                    embedding=embedding,
                    over="frames",
                    code=position_code(position, "frame", width, joints=self.joints),
                    shared=None if length is None else torch.eye(length),
                )
                over_frames = AttentionModule(maps, width, width, stride=stride, changes=changes)
            self.blocks.append(Block(spatial, over_frames, stride))
            inputs, length = width, None if length is None else -(-length // stride)
        self.dim = inputs
        self.apply(fan_out_start)

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
            frames: (B, T) numbers for the position code where frames were dropped.
        """
        return self.encode(*self.embed(poses, present, joints, frames))

    def embed(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> tuple[Tensor, Scope]:
        """(B, M, T, V, C) -> rows (N, T, V', C'), a row a person who exists, and their scope."""
        check_shape(
            "DSTA-Net", poses, frames=self.frames, joints=self.joints, channels=self.channels
        )
        if self.absent_as_zeros and present is not None:
            poses, present = poses.masked_fill(~present[..., None, None], 0), None
        rows, scope = fold_persons(poses, present, joints, frames)
        x = F.leaky_relu(self.stem(rows, scope.mask), 0.1)
        return zero_absent(x, scope.mask), scope
