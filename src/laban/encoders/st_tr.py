"""ST-TR: self-attention between joints or between frames, in a network of graph convolutions.

Plizzari, Cannici and Matteucci, "Spatial Temporal Transformer Network for Skeleton-based Action
Recognition", https://arxiv.org/abs/2012.06399; code https://github.com/Chiaraplizz/ST-TR.

The idea: S-TR has self-attention between the joints of a frame in place of ST-GCN's graph
convolution, T-TR self-attention between the frames of a joint in place of its temporal convolution.
The first layers are convolutions in both. The scores of the two networks are fused.

Unusual here:
- Every attention starts with batch normalisation of each joint and channel.
- Training drops half of the keys, each for all queries of a head (DropAttention).
- The poses themselves are once more an input of the first layer with attention (``poses_at``).
- A layer ends in the sum with its residual, without a nonlinearity.
- Absent frames and padded joints are no keys, are in no statistics, and stay zero.
- A stride keeps every so many frames: a person present in the dropped ones alone has no features.

Settled by the official code, where the paper is silent or at odds with itself: four layers before
attention, the first without residual and dropout; values as wide as the output, with which alone
the parameters of Table 1b hold (the text says a quarter); a graph of a joint itself, its parent
and its children, with a learned factor for every edge; where attention over time has a stride,
queries, keys and values come from as many frames together if the number of joints is odd, from the
first of them if it is even; dropout of 0.5 before temporal convolutions on NTU.

Differs from the official code (its behaviour is the option in brackets):
- All persons share the statistics of the input (``persons``: each has its own).
- The adaptive graph keeps the skeleton's edges (``graph="adaptive-bare"``: the official code
  overwrites them with the start of the learned map, 1e-6).
- An absent person takes part in nothing (``absent_as_zeros``: averaged in as zeros).
- Where attention augments a temporal convolution, dropout does not reach the residual.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.encoders.st_tr_layers import (
    GraphConvolution,
    Layer,
    SpatialAttention,
    TemporalAttention,
    TimeConvolution,
)
from laban.errors import LabanError
from laban.nn import (
    Features,
    InputNorm,
    LinearNorm,
    Scope,
    check_counts,
    check_shape,
    check_shares,
    check_words,
    directed_partition,
    fold_persons,
    mean_maps,
    unfold_persons,
)
from laban.skeletons import Skeleton

__all__ = ["STR", "STTR1S", "TTR"]

Kind = Literal["convolution", "attention"]
Graph = Literal["weighted", "fixed", "adaptive", "adaptive-bare"]
Part = Literal["input-norm", "attention-norm", "attention-residual"]

# Width, stride and kind of each layer.
LAYERS: tuple[tuple[int, int, Kind | int], ...] = (
    *((64, 1, "convolution"),) * 4,
    *((128, 2, "attention"), (128, 1, "attention"), (128, 1, "attention")),
    *((256, 2, "attention"), (256, 1, "attention"), (256, 1, "attention")),
)


class STTR1S(nn.Module):
    """The encoder with both attentions in one stream; `STR` and `TTR` have one of them.

    Args:
        skeleton: The graph of the convolutions.
        channels: Channels of the input, 6 for joint and bone together (which the paper gives
            layers of twice the width).
        layers: (width, stride, kind) of each. Kinds: ``convolution``; ``attention``; a number,
            attention that over time sees windows of so many frames. A first layer of convolutions
            has no residual.
        poses_at: Number of the layer, from 0, whose input the poses join again; None: none.
        heads: Heads of each attention.
        keys: Channels of queries and of keys as a share of a layer's width.
        augment: Share of the channels that attention gives beside a convolution; None: it replaces
            the convolution. Two of these: between joints, between frames.
        graph: ``weighted``, with a learned factor for every edge; ``fixed``; ``adaptive`` as in
            2S-AGCN; ``adaptive-bare``, as the official code has that.
        dropout: Share of features dropped before temporal convolutions.
        drop_attention: Share of keys dropped.
        persons: Number of persons, each with input statistics of its own; None: any, all share.
        without: Parts that are left out, as flags of the official code do: ``input-norm``;
            ``attention-norm``, which each attention starts with; ``attention-residual`` around it.
        absent_as_zeros: Absent persons and frames are zeros like any others (official code).

    Raises:
        LabanError: On options that do not fit together, and on poses that do not fit them.
    """

    attends: tuple[str, ...] = ("joints", "frames")
    no_attention = "This ST-TR has no layer with attention between joints: all are convolutions."

    def __init__(  # noqa: PLR0913 - each is an option of the official code
        self,
        skeleton: Skeleton,
        *,
        channels: int = 3,
        layers: Sequence[tuple[int, int, Kind | int]] = LAYERS,
        poses_at: int | None = 4,
        heads: int = 8,
        keys: float = 0.25,
        augment: float | tuple[float | None, float | None] | None = None,
        graph: Graph = "weighted",
        dropout: float = 0.5,
        drop_attention: float = 0.5,
        persons: int | None = None,
        without: Sequence[Part] = (),
        absent_as_zeros: bool = False,
    ) -> None:
        super().__init__()
        check_words("st-tr", graph=(graph, Graph))
        for part in without:
            check_words("st-tr", without=(part, Part))
        check_shares("st-tr", dropout=dropout, drop_attention=drop_attention)
        check_counts("st-tr", heads=heads, layers=len(layers))
        shares = augment if isinstance(augment, tuple | list) else (augment, augment)
        values = dict(zip(("joints", "frames"), shares, strict=True))
        for elements in self.attends:
            _check_layers(layers, heads, keys, values[elements])
        self.channels, self.joints, self.persons = channels, len(skeleton), persons
        self.absent_as_zeros, self.poses_at = absent_as_zeros, poses_at
        maps = directed_partition(skeleton)
        if graph == "adaptive-bare":
            maps = torch.full_like(maps, 1e-6)
        self.norm: InputNorm | None = None
        if "input-norm" not in without:
            self.norm = InputNorm(self.joints, channels, persons=persons)
        self.layers = nn.ModuleList()
        inputs = channels
        for number, (width, stride, kind) in enumerate(layers):
            inputs += channels * (number == poses_at)
            attention: partial[dict[str, Any]] = partial(
                dict,
                joints=self.joints,
                heads=heads,
                keys=_share(width, keys),
                drop=drop_attention,
                norm="attention-norm" not in without,
                skips="attention-residual" not in without,
            )
            given = {one: _values(width, share) for one, share in values.items()}
            over = () if kind == "convolution" else self.attends
            plain = number == 0 and kind == "convolution"
            drop = 0.0 if plain else dropout
            spatial: nn.Module = GraphConvolution(inputs, width, maps, graph=graph)
            if "joints" in over:
                spatial = SpatialAttention(
                    inputs, width, maps, **attention(), values=given["joints"]
                )
            temporal: nn.Module = TimeConvolution(width, width, stride=stride, dropout=drop)
            if "frames" in over:
                window = kind if isinstance(kind, int) else None
                temporal = TemporalAttention(
                    width,
                    **attention(),
                    values=given["frames"],
                    stride=stride,
                    window=window,
                    dropout=drop,
                )
            changes = not plain and (inputs != width or stride != 1)
            shortcut = LinearNorm(inputs, width) if changes else None
            self.layers.append(Layer(spatial, temporal, shortcut, stride=stride, plain=plain))
            inputs = width
        self.poses_stride = math.prod(stride for _, stride, _ in layers[:poses_at])
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
            poses: The batch; with ``persons``, M grows to that number.
            present: Which persons and frames exist; None: all.
            joints: (K,) or (B, K) numbers of the joints to look at, -1 for none.
            frames: Not looked at: this network has no position code.
        """
        return self.encode(*self.embed(poses, present, joints), joints)

    @property
    def attention_layers(self) -> tuple[str, ...]:
        """The layers with attention between joints, see `laban.nn.joint_attention`."""
        kinds = (type(layer.spatial) for layer in self.layers)
        return tuple(
            f"layer {number}" for number, kind in enumerate(kinds, 1) if kind is SpatialAttention
        )

    def attention_maps(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> list[Tensor]:
        """As `forward` -> the maps between joints of those layers (B, M, H, V', V')."""
        found: list[Tensor] = []
        self.encode(*self.embed(poses, present, joints), joints, found)
        return found

    def embed(
        self, poses: Tensor, present: Tensor | None = None, joints: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Scope]:
        """(B, M, T, V, C) -> rows (N, T, V', C) normalised, the same as they came, their scope."""
        poses, present = self._with_persons(poses, present)
        check_shape("ST-TR", poses, joints=self.joints, channels=self.channels)
        if self.persons not in (None, poses.shape[1]):
            raise LabanError(
                f"poses have {poses.shape[1]} persons but this ST-TR was made for {self.persons}: "
                "check the pipeline"
            )
        if self.absent_as_zeros and present is not None:
            poses, present = poses.masked_fill(~present[..., None, None], 0), None
        # Side by side through the choice of rows and columns.
        normal = poses if self.norm is None else self.norm(poses, present)
        both = torch.cat((normal, poses), -1)
        rows, scope = fold_persons(both, present, joints)
        x, raw = rows.chunk(2, -1)
        return x, raw, scope

    def encode(
        self,
        x: Tensor,
        raw: Tensor,
        scope: Scope,
        joints: Tensor | None = None,
        found: list[Tensor] | None = None,
    ) -> Features:
        """Rows (N, T, V', C), poses beside them, and their scope -> features (B, M, T', V', D).

        Args:
            x: From `embed`.
            raw: From `embed`.
            scope: From `embed`.
            joints: As in `forward`.
            found: Gets the maps of layers with attention between joints; None: nobody looks.
        """
        for number, layer in enumerate(self.layers):
            if number == self.poses_at:
                x = torch.cat((x, raw[:, :: self.poses_stride]), -1)
            if found is not None and isinstance(layer.spatial, SpatialAttention):
                found.append(mean_maps(layer.spatial.attention_maps(x, scope), scope))
            x, scope = layer(x, joints, scope)
        return unfold_persons(x, scope)

    def _with_persons(self, poses: Tensor, present: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(B, M, T, V, C), (B, M, T) -> the same with absent persons behind, up to ``persons``."""
        missing = (self.persons or 0) - poses.shape[1]
        if missing <= 0:
            return poses, present
        if present is None:
            present = poses.new_ones(poses.shape[:3], dtype=torch.bool)
        return F.pad(poses, (0,) * 7 + (missing,)), F.pad(present, (0,) * 3 + (missing,))


class STR(STTR1S):
    """S-TR: attention between joints, convolutions over time."""

    attends = ("joints",)


class TTR(STTR1S):
    """T-TR: graph convolutions, attention between frames."""

    attends = ("frames",)
    no_attention = "T-TR attends between frames, not joints: its joints take along the bones."


def _share(width: int, share: float) -> int:
    """The whole part of a share of the width; a share such as 29 / 100 gives 29 of 100."""
    return int(width * share + 1e-6)


def _values(width: int, augment: float | None) -> int:
    """Channels that attention gives: all, or their share beside a convolution."""
    return width if augment is None else _share(width, augment)


def _check_layers(
    layers: Sequence[tuple[int, int, Kind | int]], heads: int, keys: float, values: float | None
) -> None:
    """Raises a LabanError for a layer of an unknown kind, or that the heads cannot share."""
    for number, (width, stride, kind) in enumerate(layers):
        check_counts("st-tr", width=width, stride=stride)
        known = kind in ("convolution", "attention") if isinstance(kind, str) else kind > 0
        if not known:
            raise LabanError(
                f"st-tr: layer {number} is of kind '{kind}': give convolution, attention, or a "
                "number of frames"
            )
        sizes = {"keys": _share(width, keys), "values": _values(width, values)}
        for what, size in sizes.items():
            if kind != "convolution" and (size < heads or size % heads):
                raise LabanError(
                    f"st-tr: {size} channels of {what} in layer {number} do not fit {heads} heads: "
                    "change width, keys, augment or heads"
                )
