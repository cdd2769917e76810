"""Fixed sinusoids that tell joints and frames apart.

Vaswani et al., "Attention is all you need", https://arxiv.org/abs/1706.03762, in the form of
DSTA-Net's Eq. 5, https://arxiv.org/abs/2007.03263. Positions count from 0, as in the official code
(the paper's example counts from 1).
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["Kind", "Position", "PositionCode", "position_code", "sinusoid"]

Kind = Literal["joint", "frame", "unified"]
Position = Literal["decoupled", "unified", "none", "joint", "frame"]


def sinusoid(positions: Tensor, dim: int) -> Tensor:
    """(...,) -> (..., dim): sin(p / 10000^(2i / dim)) at 2i and the cosine at 2i + 1 (Eq. 5)."""
    pairs = torch.arange(0, dim, 2, device=positions.device, dtype=torch.float32)
    angles = positions[..., None].float() * torch.exp(pairs * (-math.log(10000.0) / dim))
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(-2)[..., :dim]


class PositionCode(nn.Module):
    """What an attention adds to the input of its queries and keys.

    Args:
        kind: ``joint`` counts the joints, ``frame`` the frames, ``unified`` runs through the joints
            of the first frame, then of the second, and so on.
        dim: Channels of the input.
        joints: Number of joints of the skeleton.
        length: Frames whose code is kept ready; longer clips work as well.
    """

    def __init__(
        self,
        kind: Kind,
        dim: int,
        *,
        joints: int,
        length: int = 512,
    ) -> None:
        super().__init__()
        self.kind, self.dim, self.joints = kind, dim, joints
        ready = {"joint": joints, "frame": length, "unified": 0}[kind]
        self.table: Tensor
        self.register_buffer("table", sinusoid(torch.arange(ready), dim), persistent=False)

    def forward(self, x: Tensor, joints: Tensor | None, frames: Tensor | None) -> Tensor:
        """(N, T, V, C), (N, V), (N, T) -> (N or 1, T or 1, V or 1, C) in the precision of x.

        Args:
            x: The features; only their shape and precision count.
            joints: Joint numbers of the columns; None: all of the skeleton in their order.
            frames: Frame numbers, fractions allowed; None: 0, 1, 2, ...
        """
        if self.kind == "joint":
            code = self.table[None, None] if joints is None else self.table[joints][:, None]
        elif self.kind == "frame" and frames is None and x.shape[1] <= len(self.table):
            code = self.table[None, : x.shape[1], None]
        else:
            if frames is None:
                frames = torch.arange(x.shape[1], device=x.device)[None]
            places = frames[:, :, None]  # (N or 1, T, 1)
            if self.kind == "unified":
                column = torch.arange(self.joints, device=x.device)[None]
                places = places * self.joints + (column if joints is None else joints)[:, None]
            code = sinusoid(places, self.dim)
        return code.to(x.dtype)


def position_code(
    position: Position, over: Literal["joint", "frame"], dim: int, *, joints: int
) -> PositionCode | None:
    """The code of an attention over joints or frames, as a network's option says.

    Args:
        position: DSTA-Net's section 3.2: ``decoupled`` (each attention counts its own elements),
            ``unified`` or ``none``; ``joint`` and ``frame`` are one half of the decoupled code.
        over: What the attention's elements are.
        dim: Channels of its input.
        joints: Number of joints of the skeleton.
    """
    if position == "unified":
        return PositionCode("unified", dim, joints=joints)
    return PositionCode(over, dim, joints=joints) if position in ("decoupled", over) else None
