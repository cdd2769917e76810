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

__all__ = ["rotate", "rotation_about", "rotation_between"]

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


def rotation_between(source: Tensor, target: Tensor) -> Tensor:
    """The shortest rotation that makes source parallel to target: ``(..., 3) -> (..., 3, 3)``.

    A zero vector asks for no turn and gets the identity; opposite vectors turn by half about
    an axis across them.
    """
    length = source.norm(dim=-1, keepdim=True) * target.norm(dim=-1, keepdim=True)
    cross = torch.linalg.cross(source, target, dim=-1)
    cos = (source * target).sum(-1, keepdim=True) / length.clamp_min(1e-12)
    sin = cross.norm(dim=-1, keepdim=True) / length.clamp_min(1e-12)
    spare = torch.linalg.cross(source, _least_aligned(source), dim=-1)
    axis = torch.where(sin > 1e-6, cross, spare)
    axis = axis / axis.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    skew = torch.zeros(*axis.shape, 3, device=axis.device, dtype=axis.dtype)
    x, y, z = axis.unbind(-1)
    skew[..., 0, 1], skew[..., 0, 2], skew[..., 1, 2] = -z, y, -x
    skew[..., 1, 0], skew[..., 2, 0], skew[..., 2, 1] = z, -y, x
    eye = torch.eye(3, device=axis.device, dtype=axis.dtype)
    turn = eye + sin[..., None] * skew + (1 - cos[..., None]) * (skew @ skew)  # Rodrigues
    return torch.where(length[..., None] > 1e-12, turn, eye)


def _least_aligned(vector: Tensor) -> Tensor:
    """The unit vector of the axis that the vector leans on least: ``(..., 3) -> (..., 3)``."""
    return torch.nn.functional.one_hot(vector.abs().argmin(-1), 3).to(vector.dtype)


def rotate(poses: Tensor, rotation: Tensor) -> Tensor:
    """Turns every joint of a clip: ``(B, M, T, V, 3), (B, 3, 3) -> (B, M, T, V, 3)``."""
    batch, *rest = poses.shape
    rotation = rotation.to(poses.dtype)
    return torch.bmm(poses.reshape(batch, -1, 3), rotation.transpose(1, 2)).reshape(batch, *rest)
