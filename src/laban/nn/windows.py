"""Windows that slide over clips of different lengths, as Hi-TRS cuts them.

https://arxiv.org/abs/2207.09644, its official code: ``w // 2 * dilation`` frames of zeros stand
before the first frame and behind the last; windows of w frames, ``dilation`` apart, start every
``hop`` frames until one has reached the last real frame and the next would pass the last zeros. A
last window that is too long shows the last of the padded frames again.
"""

import torch
from torch import Tensor

__all__ = ["Windows", "lengths_of", "sliding_windows"]

Windows = tuple[int, int, int]


def _last_window(length: int, windows: Windows) -> tuple[int, bool]:
    """Number of a clip's last window, and whether it is longer than the padded frames."""
    size, dilation, hop = windows
    margin, span, end = size // 2 * dilation, (size - 1) * dilation, length - 1
    reaches = -((span - margin - end) // hop)  # rounded up
    last = max(0, reaches, (end + 2 * margin - span) // hop)
    return last, last * hop + span > end + 2 * margin


def sliding_windows(
    lengths: Tensor, longest: int, windows: Windows, *, repeat_short: bool = False
) -> tuple[Tensor, Tensor]:
    """(B,) -> frame numbers (B, K, w), -1 for a frame of zeros, and which windows exist (B, K).

    Args:
        lengths: Frames of each clip, from 1.
        longest: The largest that a length can be; K hangs on this alone.
        windows: (w, dilation, hop).
        repeat_short: Whether a last window that is too long stands there twice, as the official
            loader for recognition has it.
    """
    size, dilation, hop = windows
    margin = size // 2 * dilation
    ends = [_last_window(length, windows) for length in range(1, longest + 1)]
    counts = [last + 1 + (short and repeat_short) for last, short in ends]
    table = torch.tensor([[last for last, _ in ends], counts], device=lengths.device)
    last, count = table[:, lengths - 1]
    place = torch.arange(max(counts), device=lengths.device)
    start = torch.minimum(place, last[:, None]) * hop  # (B, K)
    step = torch.arange(size, device=lengths.device) * dilation
    padded = lengths[:, None, None] + 2 * margin
    numbers = torch.minimum(start[..., None] + step, padded - 1) - margin  # (B, K, w)
    real = (numbers >= 0) & (numbers < lengths[:, None, None])
    return numbers.masked_fill(~real, -1), place < count[:, None]


def lengths_of(there: Tensor) -> Tensor:
    """(B, M, T) -> (B,): frames up to the last in which anybody is, 1 at least."""
    number = torch.arange(1, there.shape[2] + 1, device=there.device)
    return (there.any(1) * number).amax(1).clamp(min=1)
