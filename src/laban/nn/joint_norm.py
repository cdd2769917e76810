"""Batch normalisation with statistics of its own for every joint."""

import torch
from torch import Tensor, nn

from laban.nn.norm import MaskedBatchNorm

__all__ = ["InputNorm", "JointNorm"]


class JointNorm(nn.Module):
    """Normalises each channel of each joint over clips and frames.

    Args:
        joints: Joints of the skeleton.
        channels: Channels of the input.
    """

    def __init__(self, joints: int, channels: int) -> None:
        super().__init__()
        self.joints, self.channels = joints, channels
        self.norm = MaskedBatchNorm(joints * channels)  # joint by joint

    def forward(
        self, x: Tensor, mask: Tensor | None = None, joints: Tensor | None = None
    ) -> Tensor:
        """(N, T, V, C), (N, T, V), (N, V) -> (N, T, V, C).

        Args:
            x: The features.
            mask: What the statistics count; None: all.
            joints: Joint numbers of the columns; None: all of the skeleton in their order.
        """
        if joints is None:
            wide = None if mask is None else mask[..., None].expand(x.shape).flatten(2)
            return self.norm(x.flatten(2), wide).view(x.shape)
        if not self.training:
            scale, shift = (part.view(self.joints, -1)[joints][:, None] for part in self._affine())
            return (x * scale + shift).to(x.dtype)
        # Back to their places in the skeleton; padded columns go to one behind it.
        if mask is None:
            mask = x.new_ones(x.shape[:3], dtype=torch.bool)
        places = joints.masked_fill(~mask.any(1), self.joints)[:, None, :, None].expand(x.shape)
        shape = (*x.shape[:2], self.joints + 1, x.shape[3])
        spread = x.new_zeros(shape).scatter(2, places, x)[:, :, :-1]
        there = mask.new_zeros(shape[:3]).scatter(2, places[..., 0], mask)[:, :, :-1]
        return torch.take_along_dim(self.forward(spread, there), joints[:, None, :, None], 2)

    def _affine(self) -> tuple[Tensor, Tensor]:
        norm = self.norm
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        return scale, norm.bias - norm.running_mean * scale


class InputNorm(nn.Module):
    """Normalises poses before persons become rows and joints are chosen.

    Args:
        joints: Joints of the skeleton.
        channels: Channels of the input.
        persons: Persons with statistics of their own, which fixes their number; None: all share.
    """

    def __init__(self, joints: int, channels: int, *, persons: int | None = None) -> None:
        super().__init__()
        self.persons = persons
        self.norm = JointNorm((persons or 1) * joints, channels)

    def forward(self, poses: Tensor, present: Tensor | None = None) -> Tensor:
        """(B, M, T, V, C), (B, M, T) -> (B, M, T, V, C); absent places are zero."""
        mask = None
        if present is not None:
            mask = present[..., None].expand(poses.shape[:-1])
            poses = poses.masked_fill(~present[..., None, None], 0)
        if self.persons is None:
            normal = self.norm(poses.flatten(0, 1), None if mask is None else mask.flatten(0, 1))
            normal = normal.view(poses.shape)
        else:
            # The persons' joints side by side: (B, T, M V, C).
            mask = None if mask is None else mask.transpose(1, 2).flatten(2)
            normal = self.norm(poses.transpose(1, 2).flatten(2, 3), mask)
            normal = normal.unflatten(2, (self.persons, -1)).transpose(1, 2)
        return normal if present is None else normal.masked_fill(~present[..., None, None], 0)
