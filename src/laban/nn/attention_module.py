"""An attention module with batch normalisation and two residuals, and a convolution in its place.

DSTA-Net's Figure 2, https://arxiv.org/abs/2007.03263; the official STST has the same modules.

Unusual here: both residuals come from the module's input.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from laban.nn.attention_maps import AttentionMaps
from laban.nn.linear import LinearNorm, TimeConvNorm
from laban.nn.persons import Scope

__all__ = [
    "AttentionModule",
    "TimeConvolution",
    "fan_out_start",
    "strided",
    "zero_absent",
]


class AttentionModule(nn.Module):
    """One attention module: maps, two linear layers, two residuals.

    Args:
        maps: Between joints, or between frames.
        inputs: Channels of the input.
        width: Channels of the output.
        stride: Every so many frames are kept.
        changes: The residuals pass through linear layers of their own.
    """

    def __init__(
        self, maps: AttentionMaps, inputs: int, width: int, *, stride: int = 1, changes: bool
    ) -> None:
        super().__init__()
        self.maps, self.stride = maps, stride
        self.project = LinearNorm(maps.heads * inputs, width)
        self.feed = LinearNorm(width, width)
        self.first_shortcut = LinearNorm(inputs, width) if changes else None
        self.second_shortcut = LinearNorm(inputs, width) if changes else None

    def forward(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T', V, C')."""
        return self.joined(self.fed(x, scope), x, scope)

    def fed(self, x: Tensor, scope: Scope, values: Tensor | None = None) -> Tensor:
        """(N, T, V, C) -> (N, T', V, C'), what the second residual is added to.

        Args:
            x: The module's input.
            scope: What of it exists.
            values: What the maps mix, (N, T, V, C); None: the input.
        """
        maps = self.maps(x, scope)
        # The last layer drops frames. In training the layers before it count them in their batch
        # statistics; in evaluation nobody looks at them, so they are not computed.
        early, late = (1, self.stride) if self.training else (self.stride, 1)
        mask = scope.strided(early).mask
        mixed = self.maps.mix(maps[..., ::early, :], x if values is None else values)
        y = self.project(mixed, mask)
        y = _joined(y, _residual(self.first_shortcut, strided(x, early), mask), mask)
        return self.feed(strided(y, late), scope.strided(self.stride).mask)

    def joined(self, fed: Tensor, x: Tensor, scope: Scope) -> Tensor:
        """(N, T', V, C'), (N, T, V, C) -> (N, T', V, C'): with the second residual."""
        mask = scope.strided(self.stride).mask
        residual = _residual(self.second_shortcut, strided(x, self.stride), mask)
        return _joined(fed, residual, mask)


class TimeConvolution(nn.Module):
    """A convolution over 7 frames and a residual."""

    def __init__(self, width: int, *, stride: int, changes: bool) -> None:
        super().__init__()
        self.stride = stride
        self.project = TimeConvNorm(width, width, kernel=7, stride=stride)
        self.shortcut = LinearNorm(width, width) if changes else None

    def forward(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T', V, C)."""
        mask = scope.strided(self.stride).mask
        residual = _residual(self.shortcut, strided(x, self.stride), mask)
        return _joined(self.project(x, mask), residual, mask)


def strided(x: Tensor, stride: int) -> Tensor:
    """(N, T, V, C) -> (N, T', V, C), contiguous: a linear map of a view is slow."""
    return x[:, ::stride].contiguous()


def zero_absent(x: Tensor, mask: Tensor | None) -> Tensor:
    """(..., C), (...) -> (..., C)."""
    return x if mask is None else x * mask[..., None]


def fan_out_start(module: nn.Module) -> None:
    """The official start: weights of linear maps and convolutions by fan-out, biases PyTorch's."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")


def _residual(shortcut: nn.Module | None, x: Tensor, mask: Tensor | None) -> Tensor:
    return x if shortcut is None else shortcut(x, mask)


def _joined(branch: Tensor, residual: Tensor, mask: Tensor | None) -> Tensor:
    """(..., C) twice -> (..., C): the sum through the leaky ReLU, zero where nothing exists."""
    return zero_absent(F.leaky_relu(branch + residual, 0.1, inplace=True), mask)
