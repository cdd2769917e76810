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

Settled by the official code, where the paper is silent: scores are divided by channels times frames
(or joints); the shared spatial map starts at 1 / V, the temporal one at the identity; the sizes of
the embeddings; strides of 2 in the third and fifth block.

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
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from laban.errors import LabanError, unknown_name
from laban.nn import (
    Features,
    Kind,
    LinearNorm,
    PositionCode,
    Scope,
    Strategy,
    TimeConvNorm,
    attention_scores,
    fold_persons,
    unfold_persons,
)
from laban.skeletons import Skeleton

__all__ = ["DSTANet"]

# Width, embedding of queries and keys, and stride of each block (section 4.2 and official code).
LAYERS = (
    (64, 16, 1),
    (64, 16, 1),
    (128, 32, 2),
    (128, 32, 1),
    (256, 64, 2),
    (256, 64, 1),
    (256, 64, 1),
    (256, 64, 1),
)

Position = Literal["decoupled", "unified", "none", "joint", "frame"]
Regularisation = Literal["spatial", "none", "spatial-temporal", "temporal"]

# What the words mean for the attention over joints and for the one over frames.
CODES: dict[str, tuple[Kind | None, Kind | None]] = {
    "decoupled": ("joint", "frame"),
    "unified": ("unified", "unified"),
    "none": (None, None),
    "joint": ("joint", None),
    "frame": (None, "frame"),
}
SHARED = {
    "spatial": (True, False),
    "none": (False, False),
    "spatial-temporal": (True, True),
    "temporal": (False, True),
}


class _Sizes(NamedTuple):
    """What both modules of a block have alike; ``changes``: residuals have layers of their own."""

    width: int
    embedding: int
    heads: int
    changes: bool


class _Attention(nn.Module):
    """One attention module (Fig. 2): maps, two linear layers, two residuals.

    Args:
        inputs: Channels of the input.
        sizes: Of the block.
        strategy: How the repetitions make a map, see `attention_scores`.
        alpha: What alpha multiplies, see `DSTANet`.
        code: What is added on the way to queries and keys, or None.
        shared: (L, L) start of the maps that all clips share, or None.
        stride: Every so many frames are kept.
    """

    def __init__(
        self,
        inputs: int,
        sizes: _Sizes,
        *,
        strategy: Strategy,
        alpha: str,
        code: PositionCode | None,
        shared: Tensor | None,
        stride: int = 1,
    ) -> None:
        super().__init__()
        width, embedding, heads, changes = sizes
        self.heads, self.strategy, self.stride, self.code = heads, strategy, stride, code
        self.embed = nn.Linear(inputs, 2 * heads * embedding)
        self.shared = None if shared is None else nn.Parameter(shared.repeat(heads, 1, 1))
        self.balanced = alpha == "regularisation"
        # Without a shared map there is nothing for alpha to balance.
        useless = self.balanced and shared is None
        self.alpha = None if useless else nn.Parameter(torch.ones(heads))
        self.project = LinearNorm(heads * inputs, width)
        self.feed = LinearNorm(width, width)
        self.first_shortcut = LinearNorm(inputs, width) if changes else None
        self.second_shortcut = LinearNorm(inputs, width) if changes else None

    def forward(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T', V, C')."""
        maps = self.maps(x, scope)
        # The last layer drops frames. In training the layers before it count them in their batch
        # statistics; in evaluation nobody looks at them, so they are not computed.
        early, late = (1, self.stride) if self.training else (self.stride, 1)
        mask = scope.strided(early).mask
        y = self.project(self.mix(maps[..., ::early, :], x), mask)
        y = _joined(y, _residual(self.first_shortcut, x[:, ::early], mask), mask)
        mask = scope.strided(self.stride).mask
        z = self.feed(y[:, ::late], mask)
        return _joined(z, _residual(self.second_shortcut, x[:, :: self.stride], mask), mask)

    def maps(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, R or 1, H, L, L): row l says what element l of the output takes."""
        coded = x if self.code is None else x + self.code(x, scope.joints, scope.frames)
        both = self.embed(coded)
        if scope.mask is not None:
            both = both * scope.mask[..., None]
        query, key = self.elements(both)
        maps = torch.tanh(attention_scores(query, key, self.strategy, self.count(x, scope)))
        if self.alpha is not None and not self.balanced:
            maps = maps * self.alpha[:, None, None]
        shared = self.shared
        if shared is None:
            return maps
        if self.alpha is not None and self.balanced:
            shared = shared * self.alpha[:, None, None]
        places = self.places(scope)
        if places is not None:
            shared = shared[:, places[:, :, None], places[:, None, :]]  # (H, N, L, L)
            shared = rearrange(shared, "h n l m -> n 1 h l m")
        return maps + shared


class JointAttention(_Attention):
    """Joints are the elements, frames the repetitions."""

    def mix(self, maps: Tensor, x: Tensor) -> Tensor:
        """(N, T or 1, H, V, V), (N, T, V, C) -> (N, T, V, H C)."""
        # Rows sorted by joint, then head, come out of the product in the wanted order.
        rows = rearrange(maps.to(x.dtype), "n r h v u -> n r (v h) u")
        return rearrange(rows @ x, "n t (v h) c -> n t v (h c)", h=self.heads)

    def elements(self, both: Tensor) -> Tensor:
        """(N, T, V, 2 H E) -> queries and keys (2, N, R, L, H, E)."""
        return rearrange(both, "n t v (two h e) -> two n t v h e", two=2, h=self.heads)

    def count(self, x: Tensor, scope: Scope) -> Tensor | int:
        """(N, T, V, C) -> number of frames, one or (N,)."""
        return x.shape[1] if scope.mask is None else scope.mask.any(2).sum(1).clamp(min=1)

    def places(self, scope: Scope) -> Tensor | None:
        """(N, V) joint numbers -> rows and columns of the shared map; None: all."""
        return scope.joints


class FrameAttention(_Attention):
    """Frames are the elements, joints the repetitions."""

    def mix(self, maps: Tensor, x: Tensor) -> Tensor:
        """(N, V or 1, H, Q, T), (N, T, V, C) -> (N, Q, V, H C)."""
        rows = rearrange(maps.to(x.dtype), "n r h q t -> n r (h q) t")
        if self.strategy == "a":
            y = rows @ rearrange(x, "n t v c -> n v t c")
            return rearrange(y, "n v (h q) c -> n q v (h c)", h=self.heads)
        y = rows[:, 0] @ x.flatten(2)
        return rearrange(y, "n (h q) (v c) -> n q v (h c)", h=self.heads, c=x.shape[-1])

    def elements(self, both: Tensor) -> Tensor:
        """(N, T, V, 2 H E) -> queries and keys (2, N, R, L, H, E)."""
        return rearrange(both, "n t v (two h e) -> two n v t h e", two=2, h=self.heads)

    def count(self, x: Tensor, scope: Scope) -> Tensor | int:
        """(N, T, V, C) -> number of joints, one or (N,)."""
        return x.shape[2] if scope.mask is None else scope.mask.any(1).sum(1).clamp(min=1)

    def places(self, scope: Scope) -> Tensor | None:
        """(N, T) frame numbers -> rows and columns of the shared map; None: all."""
        return None if scope.frames is None else scope.frames.long()


class FrameConvolution(nn.Module):
    """The official code's other temporal module: a convolution over 7 frames and a residual."""

    def __init__(self, sizes: _Sizes, *, stride: int) -> None:
        super().__init__()
        self.stride, width = stride, sizes.width
        self.project = TimeConvNorm(width, width, kernel=7, stride=stride)
        self.shortcut = LinearNorm(width, width) if sizes.changes else None

    def forward(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T', V, C)."""
        mask = scope.strided(self.stride).mask
        residual = _residual(self.shortcut, x[:, :: self.stride], mask)
        return _joined(self.project(x, mask), residual, mask)


class Block(nn.Module):
    """Attention over joints, then over frames."""

    def __init__(self, spatial: JointAttention, temporal: nn.Module, stride: int) -> None:
        super().__init__()
        self.spatial, self.temporal, self.stride = spatial, temporal, stride

    def forward(self, x: Tensor, scope: Scope) -> tuple[Tensor, Scope]:
        """(N, T, V, C) -> (N, T', V, C'), and what of it exists."""
        return self.temporal(self.spatial(x, scope), scope), scope.strided(self.stride)


class DSTANet(nn.Module):
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
        temporal: Literal["attention", "convolution"] = "attention",
        alpha: Literal["regularisation", "attention"] = "regularisation",
        absent_as_zeros: bool = False,
    ) -> None:
        super().__init__()
        _check_words(attention, position, regularisation, temporal, alpha)
        joints, (spatial_map, temporal_map) = len(skeleton), SHARED[regularisation]
        self.frames = frames if temporal_map and temporal == "attention" else None
        if temporal_map and temporal == "attention" and frames is None:
            raise LabanError(
                f"DSTA-Net with regularisation '{regularisation}' learns a map between frames: "
                "give the length of its clips as frames"
            )
        self.channels, self.joints, self.absent_as_zeros = channels, joints, absent_as_zeros
        inputs, length = stem or layers[0][0], self.frames
        self.stem = LinearNorm(channels, inputs)
        self.blocks = nn.ModuleList()
        for width, embedding, stride in layers:
            sizes = _Sizes(width, embedding, heads, changes=inputs != width or stride != 1)
            spatial = JointAttention(
                inputs,
                sizes,
                strategy=attention,
                alpha=alpha,
                code=_code(CODES[position][0], inputs, joints),
                shared=torch.full((joints, joints), 1 / joints) if spatial_map else None,
            )
            over_frames: nn.Module = FrameConvolution(sizes, stride=stride)
            if temporal == "attention":
                over_frames = FrameAttention(
                    width,
                    sizes,
                    strategy=attention,
                    alpha=alpha,
                    code=_code(CODES[position][1], width, joints),
                    shared=None if length is None else torch.eye(length),
                    stride=stride,
                )
            self.blocks.append(Block(spatial, over_frames, stride))
            inputs, length = width, None if length is None else -(-length // stride)
        self.dim = inputs
        self.apply(_initialise)

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
        x, scope = self.embed(poses, present, joints, frames)
        for block in self.blocks:
            x, scope = block(x, scope)
        return unfold_persons(x, scope)

    def embed(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> tuple[Tensor, Scope]:
        """(B, M, T, V, C) -> rows (N, T, V', C'), a row a person who exists, and their scope."""
        self._check_shape(poses)
        if self.absent_as_zeros and present is not None:
            poses, present = poses.masked_fill(~present[..., None, None], 0), None
        rows, scope = fold_persons(poses, present, joints, frames)
        x = F.leaky_relu(self.stem(rows, scope.mask), 0.1)
        return _masked(x, scope.mask), scope

    def attention_maps(self, poses: Tensor, present: Tensor | None = None) -> list[Tensor]:
        """(B, M, T, V, C), (B, M, T) -> each block's map between joints (B, M, H, V, V) (Fig. 5).

        Rows take from columns. Strategy ``a`` has a map a frame: their mean is given. Persons who
        do not exist have zeros.
        """
        x, scope = self.embed(poses, present)
        found = []
        for block in self.blocks:
            maps = block.spatial.maps(x, scope).float()  # (N, T or 1, H, V, V)
            there = maps.new_ones(maps.shape[:2])
            if scope.mask is not None and maps.shape[1] > 1:
                there = scope.mask.any(2).to(maps.dtype)
            weights = there / there.sum(1, keepdim=True).clamp(min=1)
            mean = torch.einsum("nr,nrhvu->nhvu", weights, maps)
            found.append(unfold_persons(mean, scope._replace(mask=None)).values)
            x, scope = block(x, scope)
        return found

    def _check_shape(self, poses: Tensor) -> None:
        frames, joints, channels = poses.shape[2:]
        for what, given, wanted in (
            ("frames", frames, self.frames or frames),
            ("joints", joints, self.joints),
            ("channels", channels, self.channels),
        ):
            if given != wanted:
                raise LabanError(
                    f"poses have {given} {what} but this DSTA-Net was made for {wanted}: "
                    "check the skeleton, the stream and the pipeline"
                )


def _check_words(
    attention: str, position: str, regularisation: str, temporal: str, alpha: str
) -> None:
    for option, word, known in (
        ("attention", attention, ("a", "b", "c")),
        ("position", position, CODES),
        ("regularisation", regularisation, SHARED),
        ("temporal", temporal, ("attention", "convolution")),
        ("alpha", alpha, ("regularisation", "attention")),
    ):
        if word not in known:
            raise unknown_name(f"DSTA-Net {option}", word, known)


def _code(kind: Kind | None, dim: int, joints: int) -> PositionCode | None:
    return None if kind is None else PositionCode(kind, dim, joints=joints)


def _residual(shortcut: nn.Module | None, x: Tensor, mask: Tensor | None) -> Tensor:
    return x if shortcut is None else shortcut(x, mask)


def _joined(branch: Tensor, residual: Tensor, mask: Tensor | None) -> Tensor:
    """(..., C) twice -> (..., C): the sum through the leaky ReLU, zero where nothing exists."""
    return _masked(F.leaky_relu(branch + residual, 0.1, inplace=True), mask)


def _masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """(..., C), (...) -> (..., C)."""
    return x if mask is None else x * mask[..., None]


def _initialise(module: nn.Module) -> None:
    """The official start: weights of linear maps and convolutions by fan-out, biases PyTorch's."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
