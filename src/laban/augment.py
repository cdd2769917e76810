"""Augmentations: pure functions of a batch and its draws, each clip with its own.

Poses are (B, M, T, V, C) with C = 3 or 2 and zeros where nobody is; every function leaves those
zeros where they are. Angles are in degrees, lengths in the units of the poses.
"""

import torch
from torch import Tensor

from laban.draws import Draws
from laban.geometry import rotate, rotation_about
from laban.skeletons import Skeleton
from laban.streams import motions

__all__ = [
    "jitter",
    "mirror",
    "random_interpolation",
    "random_mirror",
    "random_offsets",
    "random_rotation",
    "random_scale",
    "random_shear",
]


def random_rotation(
    poses: Tensor, draws: Draws, *, x: float = 0.0, y: float = 0.0, z: float = 0.0
) -> Tensor:
    """Turns each clip by up to the given degrees about z, then x, then y: ``(B, M, T, V, 3)``."""
    turn = None
    for axis, most in (("y", y), ("x", x), ("z", z)):
        if most:
            step = rotation_about(axis, draws.uniform(low=-most, high=most))
            turn = step if turn is None else turn @ step
    return poses if turn is None else rotate(poses, turn)


def random_scale(poses: Tensor, draws: Draws, spread: float, *, each_axis: bool = False) -> Tensor:
    """Scales each clip by 1 - spread to 1 + spread, each axis apart or all: ``(B, M, T, V, C)``."""
    factor = draws.uniform(poses.shape[-1] if each_axis else 1, low=1 - spread, high=1 + spread)
    return poses * factor[:, None, None, None, :]


def random_shear(poses: Tensor, draws: Draws, amplitude: float) -> Tensor:
    """Slants each clip: ``(B, M, T, V, C) -> (B, M, T, V, C)``.

    Every axis gets a share of the others, drawn from -amplitude to amplitude (Rao et al. 2021,
    https://arxiv.org/abs/2008.00188).
    """
    channels = poses.shape[-1]
    matrix = draws.uniform(channels, channels, low=-amplitude, high=amplitude)
    eye = torch.eye(channels, device=poses.device, dtype=torch.bool)
    matrix = matrix.masked_fill(eye, 1.0)
    return torch.einsum("bmtvc,bdc->bmtvd", poses, matrix)


def jitter(poses: Tensor, present: Tensor, draws: Draws, scale: float) -> Tensor:
    """Moves each joint of a clip by an own constant normal offset: ``(B, M, T, V, C)``."""
    _, persons, _, joints, channels = poses.shape
    offset = draws.normal(persons, 1, joints, channels, scale=scale)
    return poses + offset * present[..., None, None]


def random_offsets(
    poses: Tensor, present: Tensor, draws: Draws, amplitude: float, *, joints: int
) -> Tensor:
    """Moves some joints of each clip, all frames and persons alike: ``(B, M, T, V, C)``.

    Each axis of an offset lies between -amplitude and amplitude (Hi-TRS's official loader).

    Args:
        poses: The batch.
        present: Who is there, (B, M, T); the others stay zero.
        draws: The batch's random numbers.
        amplitude: Largest offset along an axis.
        joints: How many joints are moved, drawn without replacement.
    """
    count, channels = poses.shape[3:]
    rank = draws.uniform(count).argsort(dim=1, stable=True).argsort(dim=1)
    offset = draws.uniform(count, channels, low=-amplitude, high=amplitude)
    offset = offset * (rank < joints)[..., None]
    return poses + offset[:, None, None] * present[..., None, None]


def random_interpolation(poses: Tensor, present: Tensor, draws: Draws) -> Tensor:
    """Every frame moves on towards the next by one share a clip: ``(B, M, T, V, C)``.

    x[t] + r (x[t + 1] - x[t]) with r between 0 and 1; the last frame stays, as does one next to an
    absence (Hi-TRS's official loader).
    """
    return poses + motions(poses, present) * draws.uniform(1)[:, :, None, None, None]


def mirror(poses: Tensor, skeleton: Skeleton) -> Tensor:
    """Left becomes right: joints change places and x changes sign: ``(B, M, T, V, C)``."""
    swapped = poses[..., list(skeleton.mirror), :]
    sign = torch.ones(poses.shape[-1], device=poses.device)
    sign[0] = -1
    return swapped * sign


def random_mirror(
    poses: Tensor, draws: Draws, skeleton: Skeleton, *, probability: float = 0.5
) -> Tensor:
    """Mirrors some of the clips: ``(B, M, T, V, C) -> (B, M, T, V, C)``."""
    chosen = draws.coin(probability=probability)
    return torch.where(chosen[:, None, None, None, None], mirror(poses, skeleton), poses)
