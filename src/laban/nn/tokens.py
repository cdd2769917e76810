"""The token of a joint in a frame: its coordinates', which joint it is, and when.

STST's section 3.3, https://doi.org/10.1145/3474085.3475473, Eq. 3 to 5. The perceptron that maps
coordinates is the official code's: a linear map, batch normalisation, leaky ReLU.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.nn.attention_module import zero_absent
from laban.nn.linear import LinearNorm
from laban.nn.persons import Scope
from laban.nn.position import PositionCode

__all__ = ["JointTokens"]


class JointTokens(nn.Module):
    """The sum of up to three tokens.

    Args:
        channels: Of the coordinates.
        dim: Of the tokens.
        joints: Number of joints of the skeleton.
        semantic: Whether a learned token of the joint is added.
        temporal: Whether the sinusoid of the frame's number is added.
    """

    def __init__(
        self,
        channels: int,
        dim: int,
        *,
        joints: int,
        semantic: bool,
        temporal: bool,
    ) -> None:
        super().__init__()
        self.coordinates = LinearNorm(channels, dim)
        self.semantic = nn.Parameter(torch.rand(joints, dim)) if semantic else None
        self.temporal = PositionCode("frame", dim, joints=joints) if temporal else None

    def forward(self, rows: Tensor, scope: Scope, tokens: Tensor | None = None) -> Tensor:
        """(N, T, V', C) -> (N, T, V', D).

        Args:
            rows: Persons, as `fold_persons` gives them.
            scope: What of them exists.
            tokens: (V', D) or (B, V', D) semantic tokens of the columns in place of ``semantic``.
        """
        x = F.leaky_relu(self.coordinates(rows, scope.mask), 0.1)
        if tokens is not None:
            x = x + _of_rows(tokens, scope)
        elif self.semantic is not None:
            columns = self.semantic[None] if scope.joints is None else self.semantic[scope.joints]
            x = x + columns[:, None]
        if self.temporal is not None:
            x = x + self.temporal(x, scope.joints, scope.frames)
        return zero_absent(x, scope.mask)


def _of_rows(tokens: Tensor, scope: Scope) -> Tensor:
    """(V', D) or (B, V', D) of the clips -> (N or 1, 1, V', D) of their persons."""
    if tokens.dim() == 2:
        return tokens[None, None]
    tokens = tokens.repeat_interleave(scope.persons, 0)[:, None]
    return tokens if scope.places is None else tokens[scope.places]
