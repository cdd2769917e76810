"""The layers of ST-TR, https://arxiv.org/abs/2012.06399: see `laban.encoders.st_tr`.

Every part takes (N, T, V, C) with zeros where nothing exists and gives the same.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from laban.nn import (
    AdaptiveMaps,
    DropAttention,
    Dropout,
    GraphConv,
    GraphConvNorm,
    JointNorm,
    LinearNorm,
    MaskedBatchNorm,
    Scope,
    TimeConvNorm,
    choose_maps,
    strided,
    zero_absent,
)

__all__ = ["GraphConvolution", "Layer", "SpatialAttention", "TemporalAttention", "TimeConvolution"]

KERNEL = 9


class GraphConvolution(nn.Module):
    """A graph convolution, its normalisation and ReLU.

    Args:
        inputs: Channels of the input.
        width: Channels of the output.
        maps: (K, V, V) of the skeleton.
        graph: As the encoder takes it.
    """

    def __init__(self, inputs: int, width: int, maps: Tensor, *, graph: str) -> None:
        super().__init__()
        self.conv = GraphConvNorm(inputs, width, bias="added")
        self.maps: Tensor
        self.register_buffer("maps", maps, persistent=False)
        self.importance = nn.Parameter(torch.ones_like(maps)) if graph == "weighted" else None
        self.adaptive: AdaptiveMaps | None = None
        self.shortcut: nn.Module | None = None
        weight, scale = self.conv.conv.weight, (2 / width) ** 0.5
        if graph.startswith("adaptive"):
            # 2S-AGCN's start: the residual alone, and a convolution that grows from nothing.
            self.adaptive = AdaptiveMaps(inputs, width // 4, maps)
            self.shortcut = nn.Identity() if inputs == width else LinearNorm(inputs, width)
            scale *= weight[0].numel() ** -0.5
            nn.init.zeros_(self.conv.conv.bias)
            nn.init.constant_(self.conv.norm.weight, 1e-6)
        nn.init.normal_(weight, 0, scale)

    def forward(self, x: Tensor, joints: Tensor | None, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T, V, C')."""
        if self.adaptive is not None and self.shortcut is not None:
            y = self.conv(x, self.adaptive(x, joints, scope), scope.mask)
            simple = isinstance(self.shortcut, nn.Identity)
            y = y + (x if simple else self.shortcut(x, scope.mask))
        else:
            maps = self.maps if self.importance is None else self.maps * self.importance
            y = self.conv(x, choose_maps(maps, joints, scope), scope.mask)
        return zero_absent(F.relu(y), scope.mask)


class SpatialAttention(nn.Module):
    """SSA (section 2.1): normalisation, attention among the joints of a frame, residual, ReLU.

    Args:
        inputs: Channels of the input.
        width: Channels of the output.
        maps: (K, V, V) of the skeleton, for a convolution beside the attention.
        joints: Joints of the skeleton.
        heads: Heads of the attention.
        keys: Channels of queries and of keys.
        values: Channels of the attention's output; what lacks to ``width`` a graph convolution
            gives, and there is no residual then.
        drop: Share of keys dropped.
        norm: Whether it starts with the normalisation.
        skips: Whether there is a residual.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        maps: Tensor,
        *,
        joints: int,
        heads: int,
        keys: int,
        values: int,
        drop: float,
        norm: bool = True,
        skips: bool = True,
    ) -> None:
        super().__init__()
        self.before = JointNorm(joints, inputs) if norm else None
        self.attention = DropAttention(inputs, keys, values, heads=heads, drop=drop)
        self.maps: Tensor
        self.register_buffer("maps", maps, persistent=False)
        self.conv = GraphConv(inputs, width - values, bias="added") if values < width else None
        if self.conv is not None:
            nn.init.normal_(self.conv.weight, 0, (2 / (width - values)) ** 0.5)
        self.residual = skips and self.conv is None and inputs == width
        self.norm = MaskedBatchNorm(width)

    def forward(self, x: Tensor, joints: Tensor | None, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T, V, C')."""
        mask = scope.mask
        y = _before(self.before, x, scope)
        found = self.attention(*_frame_by_frame(y, mask)).unflatten(0, x.shape[:2])
        if self.conv is not None:
            found = torch.cat((self.conv(y, choose_maps(self.maps, joints, scope)), found), -1)
        elif self.residual:
            found = found + x
        return zero_absent(F.relu(self.norm(found, mask)), mask)

    def attention_maps(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T, H, V, V): what each joint of a frame takes from which."""
        y = _before(self.before, x, scope)
        return self.attention.maps(*_frame_by_frame(y, scope.mask)).unflatten(0, x.shape[:2])


def _before(norm: JointNorm | None, x: Tensor, scope: Scope) -> Tensor:
    """(N, T, V, C) -> (N, T, V, C), zero where nothing exists: what an attention looks at."""
    return x if norm is None else zero_absent(norm(x, scope.mask, scope.joints), scope.mask)


def _frame_by_frame(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """(N, T, V, C), (N, T, V) -> the same with a row a frame."""
    return x.flatten(0, 1), None if mask is None else mask.flatten(0, 1)


class TimeConvolution(nn.Module):
    """Dropout, a convolution over time, its normalisation and ReLU."""

    def __init__(self, inputs: int, width: int, *, stride: int, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.conv = TimeConvNorm(inputs, width, kernel=KERNEL, stride=stride)
        nn.init.kaiming_normal_(self.conv.conv.weight, mode="fan_out")

    def forward(self, x: Tensor, scope: Scope, late: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T', V, C')."""
        return zero_absent(F.relu(self.conv(self.dropout(x), late.mask)), late.mask)


class TemporalAttention(nn.Module):
    """TSA (section 2.2): normalisation, attention among the frames of a joint, residual, ReLU.

    Args:
        width: Channels of the input and the output.
        joints: Joints of the skeleton.
        heads: Heads of the attention.
        keys: Channels of queries and of keys.
        values: Channels of the attention's output; what lacks to ``width`` a convolution over time
            gives.
        drop: Share of keys dropped.
        stride: Every so many frames are kept.
        window: Frames that see each other; None: all.
        dropout: Before the convolution.
        norm: Whether it starts with the normalisation.
        skips: Whether there is a residual.
    """

    def __init__(
        self,
        width: int,
        *,
        joints: int,
        heads: int,
        keys: int,
        values: int,
        drop: float,
        stride: int,
        window: int | None,
        dropout: float,
        norm: bool = True,
        skips: bool = True,
    ) -> None:
        super().__init__()
        self.stride, self.window, self.residual = stride, window, skips
        self.together = stride if joints % 2 else 1
        self.before = JointNorm(joints, width) if norm else None
        inputs = width * self.together
        self.attention = DropAttention(inputs, keys, values, heads=heads, drop=drop)
        self.conv = (
            TimeConvolution(width, width - values, stride=stride, dropout=dropout)
            if values < width
            else None
        )
        self.shortcut = _started(LinearNorm(width, width)) if skips and stride > 1 else None
        self.norm = MaskedBatchNorm(width)

    def forward(self, x: Tensor, scope: Scope, late: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T', V, C)."""
        y = _before(self.before, x, scope)
        y = rearrange(y, "n t v c -> n v t c")
        if self.together > 1:
            y = F.pad(y, (0, 0, 0, -y.shape[2] % self.stride))
            y = y.unflatten(2, (-1, self.stride)).flatten(3)
        else:
            y = y[:, :, :: self.stride]
        there = None if late.mask is None else late.mask.transpose(1, 2).flatten(0, 1)
        found = self._attended(y.flatten(0, 1), there)
        found = rearrange(found, "(n v) t c -> n t v c", n=x.shape[0])
        if self.conv is not None:
            found = torch.cat((self.conv(x, scope, late), found), -1)
        if self.residual and self.shortcut is None:
            found = found + x
        elif self.shortcut is not None:
            found = found + F.relu(self.shortcut(strided(x, self.stride), late.mask))
        return zero_absent(F.relu(self.norm(found, late.mask)), late.mask)

    def _attended(self, y: Tensor, there: Tensor | None) -> Tensor:
        """(R, T, C), (R, T) -> (R, T, D), within windows where there are any."""
        if self.window is None:
            return self.attention(y, there)
        length = y.shape[1]
        more = -length % self.window
        if more and there is None:
            there = y.new_ones(y.shape[:2], dtype=torch.bool)
        if there is not None:
            there = F.pad(there, (0, more)).unflatten(1, (-1, self.window)).flatten(0, 1)
        windows = F.pad(y, (0, 0, 0, more)).unflatten(1, (-1, self.window)).flatten(0, 1)
        return (
            self.attention(windows, there).unflatten(0, (y.shape[0], -1)).flatten(1, 2)[:, :length]
        )


class Layer(nn.Module):
    """One module over joints, one over frames, and what goes past both.

    Args:
        spatial: (x, joints, scope) -> x.
        temporal: (x, scope, scope behind the stride) -> x.
        shortcut: A linear layer of the residual; None: it is the input.
        stride: Every so many frames are kept.
        plain: There is no residual.
    """

    def __init__(
        self,
        spatial: nn.Module,
        temporal: nn.Module,
        shortcut: LinearNorm | None,
        *,
        stride: int,
        plain: bool,
    ) -> None:
        super().__init__()
        self.spatial, self.temporal = spatial, temporal
        self.shortcut = None if shortcut is None else _started(shortcut)
        self.stride, self.plain = stride, plain

    def forward(self, x: Tensor, joints: Tensor | None, scope: Scope) -> tuple[Tensor, Scope]:
        """(N, T, V, C) -> (N, T', V, C'), and what of it exists."""
        late = scope.strided(self.stride)
        y = self.temporal(self.spatial(x, joints, scope), scope, late)
        if self.shortcut is not None:
            residual = F.relu(self.shortcut(strided(x, self.stride), late.mask))
            y = y + zero_absent(residual, late.mask)
        elif not self.plain:
            y = y + x
        return y, late


def _started(layer: LinearNorm) -> LinearNorm:
    """The layer with the start of the official convolutions."""
    nn.init.kaiming_normal_(layer.linear.weight, mode="fan_out")
    return layer
