"""Attention maps through softmax, between the joints or between the frames of a person.

STST's Eq. 6 and 14, https://doi.org/10.1145/3474085.3475473: scores over the square root of the
embedding, and minus infinity where a direction does not look or nothing exists.

Unusual here: what does not exist attends to itself, so that no row is without keys; nobody looks at
such a row.
"""

import torch
from torch import Tensor

from laban.nn.attention_maps import AttentionMaps
from laban.nn.persons import Scope

__all__ = ["SoftmaxMaps"]


class SoftmaxMaps(AttentionMaps):
    """The learned maps of one attention module, see `AttentionMaps`."""

    def forward(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, R or 1, H, L, L): rows sum to one."""
        scores, there = self.scores(x, scope)
        # Scores come divided by the embedding, Eq. 6 divides by its root.
        scores = scores * (self.embed.out_features / (2 * self.heads)) ** 0.5
        scores = scores.unflatten(2, (1 if self.directions is None else 2, -1))
        allowed = self._allowed(scores, there)
        if allowed is not None:
            scores = scores.masked_fill(~allowed, -torch.inf)
        return scores.softmax(-1).flatten(2, 3)

    def _allowed(self, scores: Tensor, there: Tensor | None) -> Tensor | None:
        """(N, R, 1 or 2, H, L, L), (N, R, L) -> who may take from whom, broadcast; None: all."""
        directed = None if self.directions is None else self.directions(scores)
        if there is None:
            return directed
        keys = there[:, :, None, None, None, :]
        oneself = torch.eye(there.shape[-1], dtype=torch.bool, device=there.device)
        return (keys if directed is None else keys & directed) | oneself
