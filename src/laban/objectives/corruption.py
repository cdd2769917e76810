"""What pretext tasks do to a clip: joints replaced as words in BERT, frames and clips reordered.

Devlin et al., "BERT", https://arxiv.org/abs/1810.04805: of what is selected 80 % is masked, 10 % is
something else and 10 % stays. Pure functions of draws, shared by STST's and Hi-TRS's tasks.
"""

from itertools import permutations

import torch
from torch import Tensor

from laban.draws import Draws

__all__ = [
    "orders",
    "permuted_segments",
    "person_draws",
    "selected",
    "swapped_pair",
    "with_swap",
]


def selected(draw: Tensor, share: float) -> tuple[Tensor, Tensor, Tensor]:
    """(...) uniform -> which are selected, which of those masked, which something else: bool (...).

    Args:
        draw: A number of [0, 1) for each.
        share: Probability that one is selected.
    """
    masked = draw < 0.8 * share
    return draw < share, masked, (draw < 0.9 * share) & ~masked


def person_draws(draws: Draws, persons: int, *shape: int) -> Tensor:
    """Uniform numbers for each person: ``-> (B, M, *shape)``.

    A person's do not depend on how many others the batch has room for, nor, along the first axis,
    on how long its longest clip is.
    """
    return torch.stack([draws.uniform(*shape) for _ in range(persons)], 1)


def orders(count: int, device: torch.device) -> Tensor:
    """All ways to order so many segments: ``-> (K!, K)`` int64; the first leaves them."""
    return torch.tensor(list(permutations(range(count))), device=device)


def permuted_segments(lengths: Tensor, size: int, order: Tensor) -> Tensor:
    """Frame numbers of clips whose segments stand in another order: ``(B,), (B, K) -> (B, size)``.

    Segment k is the frames from floor(k T / K) to before floor((k + 1) T / K) of a clip of length
    T. What stands behind the clip's end stays.

    Args:
        lengths: T of each clip.
        size: Frames of the batch.
        order: The segment at each place.
    """
    count = order.shape[1]
    bounds = torch.arange(count + 1, device=order.device) * lengths[:, None] // count  # (B, K + 1)
    first = bounds[:, :-1].gather(1, order)
    ends = bounds.diff(dim=1).gather(1, order).cumsum(1)  # of the new places
    frame = torch.arange(size, device=order.device).expand(len(order), -1)
    place = torch.searchsorted(ends, frame.contiguous(), right=True).clamp(max=count - 1)
    starts = torch.nn.functional.pad(ends, (1, -1))
    moved = first.gather(1, place) + frame - starts.gather(1, place)
    return torch.where(frame < lengths[:, None], moved, frame)


def swapped_pair(counts: Tensor, draw: Tensor, apart: int) -> tuple[Tensor, Tensor]:
    """Two places of so many, all pairs alike: ``(...), (...) -> (...), (...)``, first < second.

    Args:
        counts: From 2; below it the pair means nothing, but is one of places from 0.
        draw: Uniform in [0, 1).
        apart: How far they are apart at least; as far as can be where there are fewer.
    """
    gap = torch.clamp(counts - 1, 1, apart)
    room = (counts - gap).clamp(min=1)
    # Pairs (i, j) with i <= j < room, numbered j (j + 1) / 2 + i; then j moves on by the gap.
    number = (draw * (room * (room + 1) // 2)).long()
    later = ((torch.sqrt(8.0 * number + 1) - 1) / 2).long()
    return number - later * (later + 1) // 2, later + gap


def with_swap(size: int, first: Tensor, second: Tensor) -> Tensor:
    """0, 1, 2, ... with two of them exchanged: ``(...), (...) -> (..., size)``."""
    place = torch.arange(size, device=first.device).expand(*first.shape, -1)
    first, second = first[..., None], second[..., None]
    return torch.where(place == first, second, torch.where(place == second, first, place))
