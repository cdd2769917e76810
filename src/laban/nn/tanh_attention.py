"""Attention maps through tanh, between the joints or between the frames of a person.

From DSTA-Net, https://arxiv.org/abs/2007.03263, sections 3.1 to 3.4. For maps between joints the
frames are repetitions of the same V elements; for maps between frames the joints are.

Unusual here: relations can be negative and nothing is normalised over keys, so absent frames and
joints are masked by multiplication, and scores are divided by the number of repetitions that exist.
"""

from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn

from laban.nn.persons import Scope
from laban.nn.position import PositionCode

__all__ = ["Over", "Strategy", "TanhMaps", "attention_scores"]

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
        count = count.to(query.dtype)[:, None, None, None]
    if strategy == "a":
        scores = torch.einsum("nrlhe,nrmhe->nrhlm", query, key)
    elif strategy == "b":
        # The double sum is the product of two sums: all R^2 pairs cost no more than R.
        query, key = query.sum(1) / count, key.sum(1) / count
        scores = torch.einsum("nlhe,nmhe->nhlm", query, key)[:, None]
    else:
        scores = (torch.einsum("nrlhe,nrmhe->nhlm", query, key) / count)[:, None]
    return scores / query.shape[-1]


class TanhMaps(nn.Module):
    """The learned maps of one attention module, and the mixing of an input with them.

    Args:
        inputs: Channels of the input.
        embedding: Channels of queries and keys, a head.
        heads: Number of maps.
        over: The elements: ``joints`` or ``frames``; the others are the repetitions.
        strategy: How the repetitions make a map, see `attention_scores`.
        code: What is added on the way to queries and keys, or None.
        shared: (L, L) start of the maps that all clips share, or None.
        balanced: True: alpha, one number a head, multiplies the shared map; False: the tanh map.
    """

    def __init__(
        self,
        inputs: int,
        *,
        embedding: int,
        heads: int,
        over: Over,
        strategy: Strategy,
        code: PositionCode | None,
        shared: Tensor | None,
        balanced: bool,
    ) -> None:
        super().__init__()
        self.heads, self.over, self.strategy, self.code = heads, over, strategy, code
        self.balanced = balanced
        self.embed = nn.Linear(inputs, 2 * heads * embedding)
        self.shared = None if shared is None else nn.Parameter(shared.repeat(heads, 1, 1))
        # Without a shared map there is nothing for alpha to balance.
        has_alpha = shared is not None or not balanced
        self.alpha = nn.Parameter(torch.ones(heads)) if has_alpha else None

    def forward(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, R or 1, H, L, L): row l says what element l of the output takes."""
        coded = x if self.code is None else x + self.code(x, scope.joints, scope.frames)
        both = self.embed(coded)
        count: Tensor | int = x.shape[1 if self.over == "joints" else 2]
        if scope.mask is not None:
            both = both * scope.mask[..., None]
            count = self._repetitions_first(scope.mask).any(2).sum(1).clamp(min=1)
        query, key = rearrange(
            self._repetitions_first(both), "n r l (two h e) -> two n r l h e", two=2, h=self.heads
        )
        maps = torch.tanh(attention_scores(query, key, self.strategy, count))
        alpha = 1 if self.alpha is None else self.alpha[:, None, None]
        shared = self._shared_maps(scope)
        if shared is None:
            return maps * alpha
        return maps + shared * alpha if self.balanced else maps * alpha + shared

    def _shared_maps(self, scope: Scope) -> Tensor | None:
        """The maps of all clips: (H, L, L), or (N, 1, H, L, L) where elements were chosen."""
        places = scope.joints if self.over == "joints" else scope.frames
        if self.shared is None or places is None:
            return self.shared
        places = places.long()
        chosen = self.shared[:, places[:, :, None], places[:, None, :]]  # (H, N, L, L)
        return rearrange(chosen, "h n l m -> n 1 h l m")

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
