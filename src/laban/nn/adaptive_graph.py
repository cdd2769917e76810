"""Maps between joints that depend on the clip.

Shi et al., "Two-Stream Adaptive Graph Convolutional Networks", https://arxiv.org/abs/1805.07694,
section 3.2: the skeleton's map, a learned one that all clips share, and one of how alike two joints
are over all frames of the person.
"""

import torch
from einops import rearrange
from torch import Tensor, nn

from laban.nn.graph import choose_maps
from laban.nn.persons import Scope

__all__ = ["AdaptiveMaps"]


class AdaptiveMaps(nn.Module):
    """The sum of the three maps, one a subset of neighbours (Eq. 3).

    Args:
        inputs: Channels of the input.
        embedding: Channels of a joint's two embeddings, a subset.
        maps: (K, V, V) of the skeleton, see `laban.nn.graph`.
    """

    def __init__(self, inputs: int, embedding: int, maps: Tensor) -> None:
        super().__init__()
        self.embedding = embedding
        self.maps: Tensor
        self.register_buffer("maps", maps, persistent=False)
        self.shared = nn.Parameter(torch.full_like(maps, 1e-6))
        self.takers = nn.Linear(inputs, len(maps) * embedding)
        self.givers = nn.Linear(inputs, len(maps) * embedding)

    def forward(self, x: Tensor, joints: Tensor | None, scope: Scope) -> Tensor:
        """(N, T, V, C) -> (N, K, V, V): row w says what joint w takes; softmax over givers (Eq. 4).

        Args:
            x: The features, zero where nothing exists.
            joints: As the encoder takes them.
            scope: What `fold_persons` said of them.
        """
        mask, count = scope.mask, x.new_full((1,), x.shape[1])
        both = [self.takers(x), self.givers(x)]
        if mask is not None:
            both = [part * mask[..., None] for part in both]
            count = mask.any(2).sum(1).clamp(min=1)
        takers, givers = (
            rearrange(p, "n t v (k e) -> n k v (t e)", e=self.embedding) for p in both
        )
        # As in the official code divided by the number of terms in the sum.
        scores = takers @ givers.mT / (count * self.embedding).to(x.dtype)[:, None, None, None]
        if mask is not None:
            there = mask.any(1)[:, None, None, :]
            scores = scores.masked_fill(~there, -1e4)
        alike = scores.float().softmax(-1)
        if mask is not None:
            alike = alike * there
        return alike + choose_maps(self.maps + self.shared, joints, scope)
