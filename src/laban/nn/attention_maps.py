"""Scores between the joints or between the frames of a person, and the mixing with their maps.

From DSTA-Net, https://arxiv.org/abs/2007.03263, sections 3.1 to 3.4. For maps between joints the
frames are repetitions of the same V elements; for maps between frames the joints are. The values
are the input itself: all heads mix the same thing, so heads are stacked into the rows of one
product. (PyTorch's fused attention wants values of the keys' width and a copy a head: on a CPU it
takes two to three times as long here.)
"""

from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn

from laban.nn.persons import Scope

__all__ = ["AttentionMaps", "Directions", "Over", "Strategy", "attention_scores", "merged"]

Over = Literal["joints", "frames"]
Strategy = Literal["a", "b", "c"]


def attention_scores(query: Tensor, key: Tensor, strategy: Strategy, count: Tensor | int) -> Tensor:
    """(N, R, L, H, E) twice -> (N, R or 1, H, L, L): how the L elements relate.

    Divided by E, and by the number of terms in the sum over repetitions (for the third strategy
    that is the official code's scale), so that scores keep their size in clips of any length.

    Args:
        query: Rows of the map; zero where nothing exists.
        key: Columns of the map; likewise.
        strategy: ``a``, a map for each repetition (Eq. 2); ``b``, one map of the relations across
            all pairs of repetitions (Eq. 3); ``c``, one of those within each repetition (Eq. 4).
        count: How many of the R repetitions exist: one number, or one for each row, (N,).
    """
    if isinstance(count, Tensor):
        count = count.to(query.dtype)[:, None, None, None, None]
    width = query.shape[-1]
    if strategy == "b":
        # The double sum is the product of two sums: all R^2 pairs cost no more than R.
        query, key = (x.sum(1, keepdim=True) / count for x in (query, key))
    # Products in plain words: a file would keep an einsum, at which runtimes are slow.
    order = "n r l h e -> n 1 h l (r e)" if strategy == "c" else "n r l h e -> n r h l e"
    scores = rearrange(query, order) @ rearrange(key, order).mT
    return scores / (width * count) if strategy == "c" else scores / width


def merged(x: Tensor, mask: Tensor | None, over: Over) -> tuple[Tensor, Tensor | None]:
    """(N, T, V, C), (N, T, V) -> (N, 1, V, C) or (N, T, 1, C): the mean, and who has one.

    Args:
        x: The features.
        mask: What exists; None: everything.
        over: The elements; the mean is over the others.
    """
    axis = 1 if over == "joints" else 2
    if mask is None:
        return x.mean(axis, keepdim=True), None
    count = mask.sum(axis, keepdim=True).clamp(min=1)
    total = (x * mask[..., None]).sum(axis, keepdim=True)
    return total / count[..., None].to(x.dtype), mask.any(axis, keepdim=True)


class Directions(nn.Module):
    """Which frames a frame takes from: forward those up to itself, backward those from itself on.

    STST's section 3.4.3. The diagonal is open both ways, else the first and last frame would have
    nothing to take.

    Args:
        length: Frames whose masks are kept ready; longer clips work as well.
    """

    def __init__(self, length: int = 512) -> None:
        super().__init__()
        self.table: Tensor
        self.register_buffer("table", _both_ways(torch.ones(length, length)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., T, T) -> (2, 1, T, T) bool: forward, backward."""
        length = x.shape[-1]
        if length > self.table.shape[-1]:
            return _both_ways(torch.ones(length, length, device=x.device))
        return self.table[..., :length, :length]


def _both_ways(ones: Tensor) -> Tensor:
    """(T, T) -> (2, 1, T, T)."""
    past = ones.tril().bool()
    return torch.stack((past, past.T))[:, None]


class AttentionMaps(nn.Module):
    """The learned scores of one attention module, and the mixing of an input with its maps.

    Args:
        inputs: Channels of the input.
        embedding: Channels of queries and keys, a head.
        heads: Number of maps; with directions the first half is forward, the second backward.
        over: The elements: ``joints`` or ``frames``; the others are the repetitions.
        strategy: How the repetitions make a map, see `attention_scores`.
        directions: The masks of maps between frames that look one way, or None.
    """

    def __init__(
        self,
        inputs: int,
        *,
        embedding: int,
        heads: int,
        over: Over,
        strategy: Strategy,
        directions: Directions | None = None,
    ) -> None:
        super().__init__()
        self.heads, self.over, self.strategy = heads, over, strategy
        self.directions = directions
        self.embed = nn.Linear(inputs, 2 * heads * embedding)

    def scores(self, x: Tensor, scope: Scope) -> tuple[Tensor, Tensor | None]:
        """(N, T, V, C) -> scores (N, R or 1, H, L, L), and which elements exist (N, R or 1, L).

        Row l says what element l of the output takes. Scores with what does not exist are zero.
        """
        mask = scope.mask
        count: Tensor | int = x.shape[1 if self.over == "joints" else 2]
        if self.strategy == "b":
            # The mean of a linear map is that of its input: merged first, there is less to map.
            x, mask = merged(x, mask, self.over)
            count = 1
        both = self.embed(x)
        there = None
        if mask is not None:
            both = both * mask[..., None]
            there = self._repetitions_first(mask)
            count = there.any(2).sum(1).clamp(min=1)
        query, key = rearrange(
            self._repetitions_first(both), "n r l (two h e) -> two n r l h e", two=2, h=self.heads
        )
        if there is not None and self.strategy == "c":
            there = there.any(1, keepdim=True)
        return attention_scores(query, key, self.strategy, count), there

    def mix(self, maps: Tensor, x: Tensor) -> Tensor:
        """(N, R or 1, H, Q, L), (N, T, V, C) -> (N, T, V, H C), Q in the place of L."""
        maps = maps.to(x.dtype)
        if self.over == "joints":
            # Rows sorted by joint, then head, come out of the product in the wanted order.
            y = rearrange(maps, "n r h v u -> n r (v h) u") @ x
            return rearrange(y, "n t (v h) c -> n t v (h c)", h=self.heads)
        rows = rearrange(maps, "n r h q t -> n r (h q) t")
        if self.strategy == "a":
            y = rows @ rearrange(x, "n t v c -> n v t c")
            return rearrange(y, "n v (h q) c -> n q v (h c)", h=self.heads)
        # One large product: to a map that all joints share, they are channels.
        y = rows[:, 0] @ x.flatten(2)
        return rearrange(y, "n (h q) (v c) -> n q v (h c)", h=self.heads, c=x.shape[-1])

    def _repetitions_first(self, x: Tensor) -> Tensor:
        """(N, T, V, ...) -> (N, R, L, ...)."""
        return x if self.over == "joints" else x.transpose(1, 2)
