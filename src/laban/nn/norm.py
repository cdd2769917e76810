"""Batch normalisation that counts only what exists, over all processes.

Ioffe and Szegedy, "Batch Normalization", https://arxiv.org/abs/1502.03167. State names and running
statistics are those of ``torch.nn.BatchNorm2d``, so official weights load.

Unusual here: channels come last by default; a mask leaves padded frames, absent persons and padded
joints out of the statistics; and the statistics are summed over all processes of an initialised
``torch.distributed``, on CPU too (PyTorch's synchronised one refuses CPU tensors).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.nn.processes import summed_over_processes, world_size

__all__ = ["MaskedBatchNorm"]


class MaskedBatchNorm(nn.Module):
    """Normalises each channel over everything else that is present.

    Args:
        channels: Size of the channel axis.
        axis: Where the channels are.
        eps: Added to the variance.
        momentum: Weight of a batch in the running statistics.
        affine: Whether a learned factor and summand follow.
    """

    def __init__(
        self,
        channels: int,
        *,
        axis: int = -1,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
    ) -> None:
        super().__init__()
        self.axis, self.eps, self.momentum = axis, eps, momentum
        self.weight: Tensor
        self.bias: Tensor
        for name, start in (("weight", torch.ones(channels)), ("bias", torch.zeros(channels))):
            if affine:
                self.register_parameter(name, nn.Parameter(start))
            else:
                self.register_buffer(name, start, persistent=False)
        self.running_mean: Tensor
        self.running_var: Tensor
        self.num_batches_tracked: Tensor
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(..., C) -> (..., C), or C at another axis.

        Args:
            x: The tensor to normalise.
            mask: bool, the shape of ``x``, or of ``x`` without its channel axis; False takes no
                part in the statistics, and what is given for it means nothing. None: all do.
        """
        if self.axis not in (-1, x.dim() - 1):
            if mask is not None and mask.dim() == x.dim():
                mask = mask.movedim(self.axis, -1)
            moved = self._normalised(x.movedim(self.axis, -1), mask)
            return moved.movedim(-1, self.axis)
        return self._normalised(x, mask)

    def _normalised(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if not self.training and torch.compiler.is_exporting():
            # A factor and a summand: so 8 bits can compute it too.
            scale = self.weight * torch.rsqrt(self.running_var + self.eps)
            return x * scale + (self.bias - self.running_mean * scale)
        rows, exists = x.reshape(-1, x.shape[-1]), _columns(x, mask)
        if self.training:
            self.num_batches_tracked.add_(1)
        if self.training and (world_size() > 1 or len(rows) == 1):  # PyTorch's own refuses one row
            rows = self._of_all_processes(rows, exists)
        elif self.training and exists is not None:
            rows = self._filled(rows, exists)
        else:
            # Its backward pass keeps what it was given, and an objective may call a network again
            # before it: the running statistics themselves change in between.
            mean, variance = self.running_mean, self.running_var
            if self.training:
                mean, variance = mean.clone(), variance.clone()
            rows = F.batch_norm(
                rows,
                mean,
                variance,
                self.weight,
                self.bias,
                self.training,
                self.momentum,
                self.eps,
            )
            if self.training:
                self.running_mean.copy_(mean)
                self.running_var.copy_(variance)
        return rows.view(x.shape)

    def _filled(self, x: Tensor, mask: Tensor) -> Tensor:
        """(R, C), (R, 1 or C) -> (R, C), through PyTorch's own normalisation, which is fused.

        It gets deviations from the mean, 0 where nothing exists, and greater elsewhere by as much
        as the zeros make their mean square smaller.
        """
        wide = self.running_mean.dtype
        seen = mask.sum(0).clamp(min=1).to(wide)
        mean = (x * mask).sum(0, dtype=wide) / seen
        spread = (len(x) / seen).sqrt()
        filled = (x - mean.to(x.dtype)) * (mask * spread).to(x.dtype)
        variance = torch.ones_like(mean)  # what it was before, which momentum 1 forgets
        normal = F.batch_norm(
            filled,
            torch.zeros_like(mean),
            variance,
            self.weight / spread,
            self.bias,
            training=True,
            momentum=1.0,
            eps=self.eps,
        )
        with torch.no_grad():
            share = self.momentum * mask.any(0).to(mean.dtype)
            self.running_mean.lerp_(mean, share)
            # It has divided by R - 1, where seen - 1 belongs.
            biased = variance * ((len(x) - 1) / len(x))
            self.running_var.lerp_(biased * (seen / (seen - 1).clamp(min=1)), share)
        return normal

    def _of_all_processes(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(R, C), (R, 1 or C) -> (R, C): statistics of what exists, of all processes."""
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        kept = wide if mask is None else wide.masked_fill(~mask, 0)
        seen = wide.new_full((1,), len(x)) if mask is None else mask.sum(0).to(wide.dtype)
        sums = summed_over_processes(torch.cat((kept.sum(0), seen)))
        channels = x.shape[1]
        mean, seen = sums[:channels], sums[channels:]
        count = seen.clamp(min=1)
        mean = mean / count
        # A second pass: the mean square minus the squared mean would lose what float32 cannot hold.
        centred = wide - mean if mask is None else (wide - mean).masked_fill(~mask, 0)
        variance = summed_over_processes(centred.square().sum(0)) / count
        with torch.no_grad():
            share = self.momentum * (seen > 0).to(mean.dtype)
            unbiased = variance * (count / (count - 1).clamp(min=1))
            self.running_mean.lerp_(mean, share)
            self.running_var.lerp_(unbiased, share)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return ((wide - mean) * scale + self.bias).to(x.dtype)

    def extra_repr(self) -> str:
        """The line that ``print`` shows."""
        return f"{len(self.weight)}, axis={self.axis}"


def _columns(x: Tensor, mask: Tensor | None) -> Tensor | None:
    """(..., C), (...) or (..., C) -> (R, 1) or (R, C)."""
    if mask is None:
        return None
    return mask.reshape(-1, 1 if mask.dim() < x.dim() else x.shape[-1])
