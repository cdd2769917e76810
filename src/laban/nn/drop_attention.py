"""Multi-head softmax attention that drops whole keys in training.

Vaswani et al., "Attention is all you need", https://arxiv.org/abs/1706.03762; Zehui et al.,
"DropAttention", https://arxiv.org/abs/1907.11065, in the form of the official ST-TR: a key is
dropped for all queries of a head, and the weights of the others sum to one again.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from laban.nn.dot_product import FAR, maps_are_faster, through_maps, weights

__all__ = ["DropAttention", "attend"]


def attend(query: Tensor, key: Tensor, value: Tensor, kept: Tensor | None = None) -> Tensor:
    """(R, H, L, E) twice and (R, H, L, D) -> (R, H, L, D): softmax(q k / sqrt(E)) v.

    Args:
        query: Who takes.
        key: Who gives.
        value: What is given.
        kept: (R, H, L) bool, keys that give; a head without any gives zeros. None: all.
    """
    if maps_are_faster(key, value):
        bias = None if kept is None else torch.where(kept, 0.0, FAR)[:, :, None]
        return _zero_without_keys(through_maps(query, key, value, bias), kept)
    scale, given = query.shape[-1] ** -0.5, value.shape[-1]
    if kept is not None:
        # One more channel, 1 in queries, carries the mask: the fused kernels take no other masks
        # everywhere, and none of (R, H, L, L) is ever made.
        away = torch.where(kept, 0.0, FAR).to(key.dtype)[..., None]
        query, key = torch.cat((query, torch.ones_like(away)), -1), torch.cat((key, away), -1)
    # They also want queries, keys and values of one width: zeros change no score.
    width = max(query.shape[-1], given)
    query, key, value = (F.pad(x, (0, width - x.shape[-1])) for x in (query, key, value))
    found = F.scaled_dot_product_attention(query, key, value, scale=scale)[..., :given]
    return _zero_without_keys(found, kept)


def _zero_without_keys(found: Tensor, kept: Tensor | None) -> Tensor:
    return found if kept is None else found * kept.any(-1)[..., None, None]


class DropAttention(nn.Module):
    """Queries, keys and values from one linear map, attention in heads, and an output map.

    Args:
        inputs: Channels of the input.
        keys: Channels of the queries, and of the keys, of all heads together.
        values: Channels of the values, and of the output, of all heads together.
        heads: Number of heads.
        drop: Share of the keys that training drops.
    """

    def __init__(self, inputs: int, keys: int, values: int, *, heads: int, drop: float) -> None:
        super().__init__()
        self.heads, self.drop, self.sizes = heads, drop, (keys, keys, values)
        self.embed = nn.Linear(inputs, 2 * keys + values)
        self.out = nn.Linear(values, values)

    def forward(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """(R, L, C), (R, L) -> (R, L, D): every row attends among its L elements.

        Args:
            x: The elements.
            there: Which of them exist; nothing is taken from the others. None: all.
        """
        query, key, value = self._in_heads(x)
        kept = None if there is None else there[:, None].expand(-1, self.heads, -1)
        if self.training and self.drop > 0:
            chosen = torch.rand(key.shape[:3], device=x.device) >= self.drop
            kept = chosen if kept is None else chosen & kept
        return self.out(rearrange(attend(query, key, value, kept), "r h l d -> r l (h d)"))

    def maps(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """(R, L, C), (R, L) -> (R, H, L, L): what is taken when no key is dropped, for a look."""
        query, key, _ = self._in_heads(x)
        return weights(query, key, None if there is None else there[:, None, None])

    def _in_heads(self, x: Tensor) -> list[Tensor]:
        """(R, L, C) -> queries, keys and values (R, H, L, E)."""
        parts = self.embed(x).split(self.sizes, -1)
        return [rearrange(part, "r l (h e) -> r h l e", h=self.heads) for part in parts]
