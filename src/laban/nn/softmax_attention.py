"""Attention through softmax, between the joints or between the frames of a person.

STST's section 3.4, https://doi.org/10.1145/3474085.3475473.

Unusual here: what does not exist attends to itself, so that no row is without keys; nobody looks at
such a row.
"""

import torch
from torch import Tensor, nn

from laban.nn.attention_maps import AttentionMaps
from laban.nn.attention_module import strided, zero_absent
from laban.nn.persons import Scope

__all__ = ["SoftmaxMaps", "TransformerBlock"]


class SoftmaxMaps(AttentionMaps):
    """The learned maps of one attention module, see `AttentionMaps`.

    Scores over the square root of the embedding (Eq. 6), and minus infinity where a direction does
    not look (Eq. 14) or nothing exists.
    """

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


class TransformerBlock(nn.Module):
    """Eq. 6 to 8, and with directions Eq. 14 and 15: one function for both, their outputs summed.

    Args:
        maps: Between joints, or between frames.
        inputs: Channels of the input.
        width: Channels of the output.
        stride: Every so many frames are kept.
    """

    def __init__(self, maps: AttentionMaps, inputs: int, width: int, *, stride: int = 1) -> None:
        super().__init__()
        self.maps, self.stride = maps, stride
        self.ways = 1 if maps.directions is None else 2
        self.project = nn.Linear(maps.heads // self.ways * inputs, width)
        self.shortcut = nn.Identity() if inputs == width else nn.Linear(inputs, width)
        self.feed = nn.Sequential(
            nn.Linear(width, width), nn.LeakyReLU(0.1), nn.Linear(width, width)
        )
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Tensor, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, T', V, C')."""
        maps = self.maps(x, scope)[..., :: self.stride, :]
        mixed = self.maps.mix(maps, x).unflatten(-1, (self.ways, -1))  # (N, T', V, ways, H C)
        residual = self.shortcut(strided(x, self.stride))[..., None, :]
        hidden = self.first_norm(self.project(mixed) + residual)
        found = self.second_norm(hidden + self.feed(hidden)).sum(-2)
        return zero_absent(found, scope.strided(self.stride).mask)
