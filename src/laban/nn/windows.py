"""Windows that slide over clips of different lengths, as Hi-TRS cuts them.

https://arxiv.org/abs/2207.09644, its official code: ``w // 2 * dilation`` frames of zeros stand
before the first frame and behind the last; windows of w frames, ``dilation`` apart, start every
``hop`` frames until one has reached the last real frame and the next would pass the last zeros. A
last window that is too long shows the last of the padded frames again.
"""

import torch
from torch import Tensor

from laban.nn.packing import pack

__all__ = ["Windows", "lengths_of", "pack_windows", "sliding_windows", "window_places"]

Windows = tuple[int, int, int]


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
    margin, span = size // 2 * dilation, (size - 1) * dilation
    # How far the start of a window can move until it passes the padded frames; never negative.
    room = lengths - 1 + 2 * margin - span
    fits = room // hop
    reaches = ((room - margin).clamp(min=0) + hop - 1) // hop
    last = torch.maximum(fits, reaches)
    count = last + 1
    # A closed form, for where a graph is exported the longest clip is an unknown number.
    most = (longest - 1 + 2 * margin - span) // hop + 1
    if hop - 1 > margin:  # else the last window that fits has always reached the last frame
        count = count + (last > fits) * repeat_short
        most = most + 1 + repeat_short
    place = torch.arange(most, device=lengths.device)
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


def pack_windows(values: Tensor, zeros: Tensor, numbers: Tensor, places: Tensor | None) -> Tensor:
    """(B, M, T, V, D), (B, K, w) -> (P, w, V, D): the frames of the windows that exist.

    Args:
        values: Features of frames.
        zeros: (1 or B, V, D), those of a frame of zeros, which fill all places of the margins.
        numbers: From `sliding_windows`, the same for all persons of a clip.
        places: Numbers of the (B M K,) windows that exist; None: all.
    """
    batch, persons, length = values.shape[:3]
    source = torch.cat((values.flatten(0, 2), zeros))
    row = torch.arange(batch * persons, device=values.device).view(batch, persons, 1, 1)
    margin = batch * persons * length + row // persons * (len(zeros) > 1)
    number = numbers[:, None]
    index = torch.where(number < 0, margin, row * length + number)
    return source[pack(index.flatten(0, 2), places)]


def window_places(frames: Tensor, numbers: Tensor, hop: int) -> Tensor:
    """(B, T), (B, K, w) -> (B, K): which window each would be had no frame been dropped.

    Args:
        frames: Numbers of the frames in the original.
        numbers: From `sliding_windows`.
        hop: Frames from window to window.
    """
    shift = frames - torch.arange(frames.shape[1], device=frames.device)
    real = numbers >= 0
    moved = shift.gather(1, numbers.clamp(min=0).flatten(1)).view_as(numbers) * real
    mean = moved.sum(2) / real.sum(2).clamp(min=1)
    return torch.arange(numbers.shape[1], device=frames.device) + mean / hop
