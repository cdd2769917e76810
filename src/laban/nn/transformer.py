"""A Transformer encoder over tokens, normalised before its attention and its feed-forward network.

Vaswani et al., "Attention is all you need", https://arxiv.org/abs/1706.03762; the normalisation in
front as in Xiong et al., https://arxiv.org/abs/2002.04745; a learned [CLS] token that sums a
sequence up as in BERT, https://arxiv.org/abs/1810.04805.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from laban.nn.dot_product import dot_product_attention, weights
from laban.nn.dropout import Dropout

__all__ = ["PreNormBlock", "TokenTransformer", "with_token"]


class PreNormBlock(nn.Module):
    """One layer: x + attention(norm(x)), then that + feed(norm of that).

    Args:
        width: Channels of a token.
        heads: Attention heads.
        head_width: Channels of a query, key and value.
        hidden: Channels inside the feed-forward network.
        dropout: Share of the branches' outputs dropped in training.
    """

    def __init__(
        self, width: int, *, heads: int, head_width: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.heads, inner = heads, heads * head_width
        self.attention_norm = nn.LayerNorm(width)
        # Queries, keys and values in one product.
        self.project = nn.Linear(width, 3 * inner, bias=False)
        self.merge = nn.Linear(inner, width, bias=False)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, *, last_only: bool = False) -> Tensor:
        """(N, S, C) -> (N, S, C), or (N, 1, C) of the last token alone.

        Args:
            x: Tokens.
            mask: (S, S) or (N, 1, 1 or S, S) bool, which key (last) a query may see; None: all.
            last_only: Whether the last token alone is wanted; the others are then keys only.
        """
        normed = self.attention_norm(x)
        if last_only:
            inner = self.merge.in_features
            query = F.linear(normed[:, -1:], self.project.weight[:inner])
            key, value = F.linear(normed, self.project.weight[inner:]).chunk(2, -1)
            x, mask = x[:, -1:], None if mask is None else mask[..., -1:, :]
        else:
            query, key, value = self.project(normed).chunk(3, -1)
        query, key, value = (self._in_heads(y) for y in (query, key, value))
        taken = dot_product_attention(query, key, value, mask)
        x = x + self.dropout(self.merge(rearrange(taken, "n h s d -> n s (h d)")))
        return x + self.dropout(self.feed(self.feed_norm(x)))

    def maps(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, S, C) -> (N, H, S, S): what each token takes from which, for who looks at it."""
        query, key, _ = self.project(self.attention_norm(x)).chunk(3, -1)
        return weights(self._in_heads(query), self._in_heads(key), mask)

    def _in_heads(self, x: Tensor) -> Tensor:
        return rearrange(x, "n s (h d) -> n h s d", h=self.heads)


class TokenTransformer(nn.Module):
    """An input map, a learned position code, and layers; with a [CLS] token, that token's output.

    Args:
        read: The input map, to the width of ``code``.
        code: (..., C) start of the position code; its axes but the last are the tokens'.
        summed: Whether a [CLS] token stands behind the others and is the output.
        depth: Layers.
        heads: As in `PreNormBlock`.
        head_width: As in `PreNormBlock`.
        hidden: As in `PreNormBlock`.
        dropout: As in `PreNormBlock`.
    """

    undecayed = ("code", "token")

    def __init__(
        self,
        read: nn.Module,
        code: Tensor,
        *,
        summed: bool,
        depth: int,
        heads: int,
        head_width: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        width = code.shape[-1]
        self.read = read
        self.code = nn.Parameter(code.clone())
        self.token = nn.Parameter(torch.rand(width)) if summed else None
        options = {"heads": heads, "head_width": head_width, "hidden": hidden}
        self.blocks = nn.ModuleList(
            PreNormBlock(width, dropout=dropout, **options) for _ in range(depth)
        )

    def forward(self, x: Tensor, code: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, S, C'), (S, C) or (N, S, C) -> (N, S, C); with a [CLS] token (N, C).

        Args:
            x: The input, a row a token.
            code: Position code of the tokens.
            mask: As in `PreNormBlock`, of the tokens with the [CLS] token as the last.
        """
        x = self.read(x) + code
        if self.token is None:
            for block in self.blocks:
                x = block(x, mask)
            return x
        token = self.token.to(x.dtype).expand(x.shape[0], 1, -1)
        x = torch.cat((x, token), 1)
        for number, block in enumerate(self.blocks, 1):
            x = block(x, mask, last_only=number == len(self.blocks))
        return x[:, -1]

    def maps(self, x: Tensor, code: Tensor, mask: Tensor | None = None) -> Iterator[Tensor]:
        """(N, S, C'), (S, C) or (N, S, C) -> each layer's (N, H, S, S), without a [CLS] token."""
        x = self.read(x) + code
        for block in self.blocks:
            yield block.maps(x, mask)  # type: ignore[operator]
            x = block(x, mask)


def with_token(keys: Tensor) -> Tensor:
    """(N, S) -> (N, 1, 1, S + 1): the [CLS] token can always be seen."""
    return torch.cat((keys, keys.new_ones(keys.shape[0], 1)), 1)[:, None, None]
