"""Linear maps and convolutions over time with the batch normalisation that follows them.

In evaluation the normalisation is a fixed scale and shift, so it is folded into the weights and
costs no pass over the features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.nn.norm import MaskedBatchNorm

__all__ = ["LinearNorm", "TimeConvNorm"]


class LinearNorm(nn.Module):
    """A linear map of the last axis, then batch normalisation (a 1x1 convolution elsewhere)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.norm = MaskedBatchNorm(outputs)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(..., C), (...) -> (..., C'); the mask says what the statistics count."""
        if self.training:
            return self.norm(self.linear(x), mask)
        return F.linear(x, *_folded(self.linear, self.norm))


class TimeConvNorm(nn.Module):
    """A convolution over the frames of each joint, then batch normalisation.

    Zeros stand before the first frame and behind the last, so that a stride gives ceil(T / stride)
    frames for an odd kernel.
    """

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, (kernel, 1), stride=(stride, 1), padding=(kernel // 2, 0)
        )
        self.norm = MaskedBatchNorm(outputs)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, T, V, C), (N, T', V) -> (N, T', V, C'); absent places must hold zeros."""
        # Channels stay last in memory: PyTorch's convolutions know that layout.
        x = x.movedim(-1, 1)  # (N, C, T, V)
        if self.training:
            return self.norm(self.conv(x).movedim(1, -1), mask)
        weight, bias = _folded(self.conv, self.norm)
        y = F.conv2d(x, weight, bias, self.conv.stride, self.conv.padding)
        return y.movedim(1, -1)


def _folded(layer: nn.Linear | nn.Conv2d, norm: MaskedBatchNorm) -> tuple[Tensor, Tensor]:
    """Weights (C', ...) and bias (C',) -> the same shapes: layer and normalisation in one."""
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    weight = layer.weight * scale.view(-1, *[1] * (layer.weight.dim() - 1))
    bias = -norm.running_mean if layer.bias is None else layer.bias - norm.running_mean
    return weight, bias * scale + norm.bias
