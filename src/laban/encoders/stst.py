"""STST: joints attend within each frame, frames attend forward and backward as whole poses.

Zhang, Wu, Li, Duan and Gan, "STST: Spatial-Temporal Specialized Transformer for Skeleton-based
Action Recognition", ACM Multimedia 2021, https://doi.org/10.1145/3474085.3475473; code
https://github.com/HanzoZY/STST.

The idea: space and time are not alike. A posture is a matter of one frame, so the spatial block
(STB) has a map between joints for every frame; a movement is one of the whole body, so the temporal
block (DTTB) has one map between frames, of the mean joint, for all joints. Sines and cosines hardly
tell an action from its reverse, so each temporal attention is two: one sees the past, one the
future. What enters is a sum of three tokens: the coordinates', a learned semantic one that says
which joint it is, and a fixed temporal one that says when.

Unusual here: no value projection, the maps mix the block's input itself (Eq. 7); both directions
run through the same layers and are summed behind them (Eq. 15). Eq. 12's S x S means T x T.

Settled by the official code, where the paper is silent: sizes of queries and keys; no stride; each
direction has queries and keys of its own; the map of the coordinates, with batch normalisation;
semantic tokens start uniform in 0 to 1; a slope of 0.1 below zero; a linear map in the residual
where the width changes. Ours, for neither tells: the feed-forward layer has one hidden layer, as
wide as its output, and linear maps start as PyTorch's.

Differs from the official code (its behaviour is the option in brackets):
- Softmax over scores by the root of their width, layer normalisation, residual feed-forward
  (``attention="tanh+map"``: DSTA-Net's module, with tanh, batch normalisation and a spatial map
  that all clips share; its masks of direction are multiplied in, its directions concatenated;
  linear maps start by fan-out). The paper's form learns at the paper's rate of 0.1 only with
  clipped gradients: its recipes say so.
- The spatial block, then the temporal one (``blocks="parallel+convolution"``: both take the
  input, their sum passes a convolution over 7 frames).
- Three heads in each direction (``heads=(3, 2)``), and eight blocks (four).
- Attention between frames that is not directed mixes the block's input (``values="feed"``: by a
  mistake, what the spatial block has before its last residual).
- An absent person takes part in nothing (``absent_as_zeros``: averaged in as zeros).
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from laban.errors import LabanError
from laban.nn import (
    AttendingBlocks,
    AttentionMaps,
    AttentionModule,
    Directions,
    Features,
    JointTokens,
    Scope,
    SoftmaxMaps,
    Strategy,
    TanhMaps,
    TimeConvolution,
    TransformerBlock,
    check_counts,
    check_shape,
    check_words,
    fan_out_start,
    fold_persons,
)
from laban.skeletons import Skeleton

__all__ = ["STST"]

# Width (section 4.2), embedding of queries and keys, and stride of each block (official code).
LAYERS = ((64, 16, 1),) * 2 + ((128, 32, 1),) * 2 + ((256, 64, 1),) * 4

Layers = Sequence[tuple[int, int, int]]
Spatial = Literal["free", "context", "average"]
Temporal = Literal[
    "directed-context", "context", "free", "average", "directed-free", "directed-average"
]
Kind = Literal["softmax", "tanh", "tanh+map"]
Blocks = Literal["serial", "parallel", "serial+convolution", "parallel+convolution"]
Tokens = Literal["semantic+temporal", "semantic", "temporal", "none"]
Values = Literal["input", "feed"]

STRATEGIES: dict[str, Strategy] = {"free": "a", "context": "b", "average": "c"}


class Block(nn.Module):
    """A spatial and a temporal block, one after the other or side by side.

    Args:
        spatial: Attention between joints.
        temporal: Attention between frames.
        convolution: What follows, or None.
        stride: That of ``temporal`` and of ``convolution``: both drop frames.
        parallel: Both take the input, and are summed.
        values: What ``temporal`` mixes: its ``input``, or what ``spatial`` has fed.
    """

    def __init__(
        self,
        spatial: nn.Module,
        temporal: nn.Module,
        convolution: nn.Module | None,
        *,
        stride: int,
        parallel: bool,
        values: Values,
    ) -> None:
        super().__init__()
        self.spatial, self.temporal, self.convolution = spatial, temporal, convolution
        self.stride, self.parallel, self.values = stride, parallel, values

    def forward(self, x: Tensor, scope: Scope) -> tuple[Tensor, Scope]:
        """(N, T, V, C) -> (N, T', V, C'), and what of it exists."""
        if self.values == "feed":
            space, time = self._mixing_what_is_fed(x, scope)
        else:
            space = self.spatial(x, scope)
            time = self.temporal(x if self.parallel else space, scope)
        x, scope = space + time if self.parallel else time, scope.strided(self.stride)
        if self.convolution is None:
            return x, scope
        return self.convolution(x, scope), scope.strided(self.stride)

    def _mixing_what_is_fed(self, x: Tensor, scope: Scope) -> tuple[Tensor, Tensor]:
        """The official mistake: (N, T, V, C) -> what both blocks give."""
        assert isinstance(self.spatial, AttentionModule)
        assert isinstance(self.temporal, AttentionModule)
        fed = self.spatial.fed(x, scope)
        space = self.spatial.joined(fed, x, scope)
        x = x if self.parallel else space
        return space, self.temporal.joined(self.temporal.fed(x, scope, fed), x, scope)


class STST(AttendingBlocks):
    """The encoder; its default is the paper's network.

    Args:
        skeleton: The joints of the input; only their number counts.
        channels: Channels of the input.
        heads: Maps of a spatial block, and of a temporal block in each of its directions.
        layers: (width, embedding of queries and keys, stride) of each block.
        stem: Width of the tokens; None: that of the first block.
        spatial: Maps between joints: ``free``, one a frame (STB); ``context``, one of the mean of
            all frames (Table 4's STBX); ``average``, one of the frames' mean scores (DSTA-Net's).
        temporal: Maps between frames: ``directed-context``, two of the mean of all joints (DTTB);
            ``context``, one that looks both ways (Table 4's TTB); ``free``, one a joint (TTBX);
            ``average``, ``directed-free`` and ``directed-average`` likewise (official code).
        tokens: Which tokens are added to those of the coordinates.
        attention: ``softmax`` in the paper's blocks, ``tanh`` in DSTA-Net's, or that ``tanh+map``
            with a spatial map that all clips share (official code).
        blocks: How a spatial and a temporal block stand, and whether a convolution follows.
        values: What frames mix that attend both ways: the ``input``, or as in the official code
            the ``feed`` of the spatial block.
        absent_as_zeros: Absent persons and frames are zeros like any others (official code).

    Raises:
        LabanError: On options that do not fit together, and on poses that do not fit them.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        channels: int = 3,
        heads: tuple[int, int] = (3, 3),
        layers: Layers = LAYERS,
        stem: int | None = None,
        spatial: Spatial = "free",
        temporal: Temporal = "directed-context",
        tokens: Tokens = "semantic+temporal",
        attention: Kind = "softmax",
        blocks: Blocks = "serial",
        values: Values = "input",
        absent_as_zeros: bool = False,
    ) -> None:
        super().__init__()
        check_words(
            "stst",
            spatial=(spatial, Spatial),
            temporal=(temporal, Temporal),
            tokens=(tokens, Tokens),
            attention=(attention, Kind),
            blocks=(blocks, Blocks),
            values=(values, Values),
        )
        check_counts("stst", blocks=len(layers), stem=1 if stem is None else stem)
        if len(heads) != 2 or min(heads) < 1:
            raise LabanError(
                f"stst: heads is {tuple(heads)}, give two numbers of 1 or more: (3, 3)"
            )
        for width, embedding, stride in layers:
            check_counts("stst", width=width, embedding=embedding, stride=stride)
        self.channels, self.joints, self.absent_as_zeros = channels, len(skeleton), absent_as_zeros
        inputs = stem or layers[0][0]
        softmax = attention == "softmax"
        self.tokens = JointTokens(
            channels,
            inputs,
            joints=self.joints,
            semantic="semantic" in tokens,
            temporal="temporal" in tokens,
        )
        directed, parallel = temporal.startswith("directed-"), blocks.startswith("parallel")
        convolved = blocks.endswith("convolution")
        forms = {"softmax": softmax, "directed": directed, "parallel": parallel}
        _check_fit(inputs, layers, values, **forms)
        maps: type[AttentionMaps] = SoftmaxMaps if softmax else TanhMaps
        space = partial(maps, heads=heads[0], over="joints", strategy=STRATEGIES[spatial])
        if attention == "tanh+map":
            space = partial(space, shared=torch.full((self.joints,) * 2, 1 / self.joints))
        time = partial(
            maps,
            heads=heads[1] * (1 + directed),
            over="frames",
            strategy=STRATEGIES[temporal.removeprefix("directed-")],
            directions=Directions() if directed else None,
        )
        self.blocks = nn.ModuleList()
        for width, embedding, stride in layers:
            changes = inputs != width or stride != 1
            module = TransformerBlock if softmax else partial(AttentionModule, changes=changes)
            between = inputs if parallel else width
            block = Block(
                module(space(inputs, embedding=embedding), inputs, width),
                module(time(between, embedding=embedding), between, width, stride=stride),
                TimeConvolution(width, stride=stride, changes=changes) if convolved else None,
                stride=stride,
                parallel=parallel,
                values=values,
            )
            self.blocks.append(block)
            inputs = width
        self.dim = inputs
        if not softmax:
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
            frames: (B, T) numbers for the temporal tokens where frames were dropped.
        """
        return self.encode(*self.embed(poses, present, joints, frames))

    def embed(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
        tokens: Tensor | None = None,
    ) -> tuple[Tensor, Scope]:
        """(B, M, T, V, C) -> rows (N, T, V', D'), a row a person who exists, and their scope.

        Args:
            poses: As in `forward`.
            present: As in `forward`.
            joints: As in `forward`.
            frames: As in `forward`.
            tokens: (V', D') or (B, V', D') semantic tokens of the columns in place of the joints'
                own, which are ``tokens.semantic``, (V, D').
        """
        check_shape("STST", poses, joints=self.joints, channels=self.channels)
        if self.absent_as_zeros and present is not None:
            poses, present = poses.masked_fill(~present[..., None, None], 0), None
        rows, scope = fold_persons(poses, present, joints, frames)
        return self.tokens(rows, scope, tokens), scope


def _check_fit(
    inputs: int, layers: Layers, values: Values, *, softmax: bool, directed: bool, parallel: bool
) -> None:
    """Raises a LabanError where options contradict each other."""
    if parallel and any(stride != 1 for _, _, stride in layers):
        raise LabanError(
            "stst: parallel blocks are summed, and a stride would give them two lengths: give "
            "strides of 1"
        )
    if values == "feed" and (softmax or directed):
        raise LabanError(
            "stst: values 'feed' is about attention 'tanh' or 'tanh+map' whose temporal maps are "
            "not directed: leave it out"
        )
    if values == "feed" and parallel and {width for width, _, _ in layers} != {inputs}:
        raise LabanError(
            "stst: parallel blocks that change the width cannot mix values 'feed': make all widths "
            "one, or give blocks 'serial'"
        )
