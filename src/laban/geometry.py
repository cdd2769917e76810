"""Rotations and frames of reference, batched, on any device.

Conventions: vectors are rows of three, right-handed; a positive angle turns counter-clockwise seen
from the tip of the axis; a rotation R is applied as ``x @ R.T``. Turning (1, 0, 0) by +90 degrees
about z gives (0, 1, 0).

>>> quarter = rotation_about("z", torch.tensor(90.0))
>>> (torch.tensor([1.0, 0, 0]) @ quarter.T).round(decimals=3).abs()
tensor([0., 1., 0.])
"""

import math

import torch
from torch import Tensor

__all__ = ["rotate", "rotation_about"]

_AXES = {"x": 0, "y": 1, "z": 2}


def rotation_about(axis: str, degrees: Tensor) -> Tensor:
    """Rotation about a main axis, angles in degrees: ``(...) -> (..., 3, 3)``."""
    angle = degrees * (math.pi / 180)
    cos, sin = torch.cos(angle), torch.sin(angle)
    matrix = torch.zeros(*angle.shape, 3, 3, device=angle.device, dtype=angle.dtype)
    fixed = _AXES[axis]
    one, two = (fixed + 1) % 3, (fixed + 2) % 3
    matrix[..., fixed, fixed] = 1
    matrix[..., one, one] = matrix[..., two, two] = cos
    matrix[..., one, two] = -sin
    matrix[..., two, one] = sin
    return matrix


def rotate(poses: Tensor, rotation: Tensor) -> Tensor:
    """Turns every joint of a clip: ``(B, M, T, V, 3), (B, 3, 3) -> (B, M, T, V, 3)``."""
    batch, *rest = poses.shape
    rotation = rotation.to(poses.dtype)
    return torch.bmm(poses.reshape(batch, -1, 3), rotation.transpose(1, 2)).reshape(batch, *rest)
