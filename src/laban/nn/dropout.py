"""Dropout whose random bits are drawn by the word: on a CPU PyTorch draws one number an element.

Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014.
"""

import torch
from torch import Tensor, nn

__all__ = ["Dropout"]


class Dropout(nn.Dropout):
    """As PyTorch's, with other draws on a CPU, from the same generator.

    There each element compares a few random bits with its share: 8 where so many say it exactly
    (one half, a quarter), else 16, which round it to 1 / 65,536. What is kept is scaled by the
    inverse of the share that is really kept, so that the mean stays.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        elsewhere = x.device.type != "cpu" or torch.compiler.is_compiling()
        if elsewhere or not self.training or self.p in (0, 1):
            return super().forward(x)
        kind = torch.int8 if (256 * self.p).is_integer() else torch.int16
        values = 1 << torch.iinfo(kind).bits
        gone = round(self.p * values)
        words = torch.empty(-(-x.numel() * kind.itemsize // 8), dtype=torch.int64).random_(
            torch.iinfo(torch.int64).min, None
        )
        bits = words.view(kind)[: x.numel()].view(x.shape)
        kept = torch.ge(bits, gone - values // 2, out=torch.empty(x.shape, dtype=x.dtype))
        return x * kept.mul_(values / (values - gone))
