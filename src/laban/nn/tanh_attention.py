"""Attention maps through tanh, between the joints or between the frames of a person.

From DSTA-Net, https://arxiv.org/abs/2007.03263, sections 3.1 to 3.4.

Unusual here: relations can be negative and nothing is normalised over keys, so absent frames and
joints are masked by multiplication, and scores are divided by the number of repetitions that exist.
"""

from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from laban.nn.attention_maps import AttentionMaps
from laban.nn.persons import Scope
from laban.nn.position import PositionCode

__all__ = ["TanhMaps"]


class TanhMaps(AttentionMaps):
    """The learned maps of one attention module, and the mixing of an input with them.

    Args:
        inputs: Channels of the input.
        code: What is added on the way to queries and keys, or None.
        shared: (L, L) start of the maps that all clips share, or None.
        balanced: True: alpha, one number a head, multiplies the shared map; False: the tanh map.
        options: Those of `AttentionMaps`. Directions are multiplied in, so that what they leave
            out is zero.
    """

    def __init__(
        self,
        inputs: int,
        *,
        code: PositionCode | None = None,
        shared: Tensor | None = None,
        balanced: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(inputs, **options)
        self.code, self.balanced = code, balanced
        self.shared = None if shared is None else nn.Parameter(shared.repeat(self.heads, 1, 1))
        # Without a shared map there is nothing for alpha to balance.
        has_alpha = shared is not None or not balanced
        self.alpha = nn.Parameter(torch.ones(self.heads)) if has_alpha else None

    def forward(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, R or 1, H, L, L): row l says what element l of the output takes."""
        coded = x if self.code is None else x + self.code(x, scope.joints, scope.frames)
        maps = torch.tanh(self.scores(coded, scope)[0])
        if self.directions is not None:
            maps = (maps.unflatten(2, (2, -1)) * self.directions(maps)).flatten(2, 3)
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
