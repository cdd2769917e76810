"""Augmentations: pure functions of a batch and its draws, each clip with its own.

Poses are (B, M, T, V, C) with C = 3 or 2 and zeros where nobody is; every function leaves those
zeros where they are. Angles are in degrees, lengths in the units of the poses.
"""

import math

import torch
from torch import Tensor

from laban.draws import Draws
from laban.geometry import rotate, rotation_about
from laban.sampling import take_frames
from laban.skeletons import Skeleton
from laban.streams import motions

__all__ = [
    "jitter",
    "mirror",
    "random_axis_mask",
    "random_axis_rotation",
    "random_blur",
    "random_interpolation",
    "random_mirror",
    "random_move",
    "random_noise",
    "random_offsets",
    "random_reversal",
    "random_rotation",
    "random_scale",
    "random_shear",
    "random_swap",
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


def random_axis_rotation(
    poses: Tensor, draws: Draws, *, most: float = 30.0, least: float = 1.0
) -> Tensor:
    """Turns each clip mainly about one axis, drawn for it: ``(B, M, T, V, 3)``.

    PSTL's "rotate", https://arxiv.org/abs/2302.09018: 0 to ``most`` degrees about that axis, 0 to
    ``least`` about the two others, clockwise seen from the tip, x first, then y, then z.
    """
    main = (draws.uniform() * 3).long()
    share = draws.uniform(3)
    turn = torch.eye(3, device=poses.device)
    for number, axis in enumerate("xyz"):
        bound = torch.where(main == number, most, least)
        turn = rotation_about(axis, -share[:, number] * bound) @ turn
    return rotate(poses, turn)


def random_move(
    poses: Tensor,
    present: Tensor,
    draws: Draws,
    *,
    turn: float = 10.0,
    scale: float = 0.1,
    shift: float = 0.2,
) -> Tensor:
    """Turns, sizes and shifts x and y evenly from a draw to another: ``(B, M, T, V, C)``.

    A camera that moves, as ST-GCN's and ST-TR's official codes have it for Kinetics. At the first
    and the last frame the angle is one of five between -turn and turn degrees, the size one of
    three between 1 - scale and 1 + scale, the shift of x and of y one of five.
    """
    frames = poses.shape[2]
    ends = draws.uniform(2, 4)
    steps = torch.tensor([5.0, 3.0, 5.0, 5.0], device=poses.device)
    ends = (ends * steps).floor() / (steps - 1) * 2 - 1  # (B, 2, 4), -1 to 1
    share = torch.linspace(0, 1, frames, device=poses.device)[:, None]
    path = ends[:, :1] * (1 - share) + ends[:, 1:] * share  # (B, T, 4)
    angle, size, *moves = (part[:, None, :, None] for part in path.unbind(-1))
    angle, size = angle * turn * (math.pi / 180), 1 + size * scale
    x, y, *others = poses.unbind(-1)
    cos, sin = angle.cos() * size, angle.sin() * size
    turned = (cos * x - sin * y + shift * moves[0], sin * x + cos * y + shift * moves[1])
    known = present[..., None] & (poses != 0).any(-1)
    moved = [torch.where(known, part, 0.0) for part in turned]
    return torch.stack([*moved, *others], -1)


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
    matrix = matrix.masked_fill(eye, 1.0).to(poses.dtype)
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
    sign = torch.ones(poses.shape[-1], device=poses.device)
    sign[0] = -1
    return _sides_swapped(poses, skeleton) * sign


def random_mirror(
    poses: Tensor, draws: Draws, skeleton: Skeleton, *, probability: float = 0.5
) -> Tensor:
    """Mirrors some of the clips: ``(B, M, T, V, C) -> (B, M, T, V, C)``."""
    return _of_some(draws, probability, mirror(poses, skeleton), poses)


def random_swap(
    poses: Tensor, draws: Draws, skeleton: Skeleton, *, probability: float = 0.5
) -> Tensor:
    """Left and right joints of some clips change places, and no coordinate: ``(B, M, T, V, C)``.

    PSTL's "spatial flip", https://arxiv.org/abs/2302.09018; `mirror` turns x round as well.
    """
    return _of_some(draws, probability, _sides_swapped(poses, skeleton), poses)


def random_noise(
    poses: Tensor, present: Tensor, draws: Draws, scale: float, *, probability: float = 0.5
) -> Tensor:
    """Moves every joint of some clips in every frame, by normal numbers: ``(B, M, T, V, C)``.

    AimCLR's "Gaussian noise", https://arxiv.org/abs/2112.03590, as are the three below.
    """
    chosen = draws.coin(probability=probability)[:, None, None, None, None]
    # Person by person: what one gets must not hang on how long the batch's longest clip is.
    shape = poses.shape[2:]
    noise = [draws.normal(*shape, scale=scale) for _ in range(poses.shape[1])]
    moved = poses + torch.stack(noise, 1).to(poses.dtype) * present[..., None, None]
    return torch.where(chosen, moved, poses)


def random_blur(
    poses: Tensor,
    present: Tensor,
    draws: Draws,
    *,
    size: int = 15,
    width: tuple[float, float] = (0.1, 2.0),
    probability: float = 0.5,
) -> Tensor:
    """Some clips' frames are weighted means of those around them: ``(B, M, T, V, C)``.

    Args:
        poses: The batch.
        present: Who is there, (B, M, T): the mean is of those frames.
        draws: The batch's random numbers.
        size: Frames that count, odd.
        width: Least and largest standard deviation of the weights, in frames.
        probability: That a clip is blurred.
    """
    sigma = draws.uniform(1, 1, 1, low=width[0], high=width[1])
    frame = torch.arange(poses.shape[2], device=poses.device)
    apart = frame[:, None] - frame
    weights = torch.exp(-apart.square() / (2 * sigma.square())) * (apart.abs() <= size // 2)
    weights = weights.to(poses.dtype) * present[:, :, None]  # (B, M, T, T)
    weights = weights / weights.sum(3, keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)
    blurred = torch.einsum("bmts,bmsvc->bmtvc", weights, poses) * present[..., None, None]
    return _of_some(draws, probability, blurred, poses)


def random_axis_mask(poses: Tensor, draws: Draws, *, probability: float = 0.5) -> Tensor:
    """One axis of some clips becomes zero: ``(B, M, T, V, C) -> (B, M, T, V, C)``."""
    channels = poses.shape[-1]
    gone = torch.arange(channels, device=poses.device) == (draws.uniform(1) * channels).long()
    return _of_some(draws, probability, poses.masked_fill(gone[:, None, None, None], 0), poses)


def random_reversal(
    poses: Tensor, present: Tensor, draws: Draws, *, probability: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Some clips run backwards, up to their ends: ``(B, M, T, V, C), (B, M, T)``, the same."""
    frame = torch.arange(poses.shape[2], device=poses.device)
    last = (present.any(1) * frame).amax(1)[:, None]
    back = (frame <= last) & draws.coin(1, probability=probability)
    return take_frames(poses, present, torch.where(back, last - frame, frame))


def _sides_swapped(poses: Tensor, skeleton: Skeleton) -> Tensor:
    return poses[..., list(skeleton.mirror), :]


def _of_some(draws: Draws, probability: float, changed: Tensor, poses: Tensor) -> Tensor:
    """(B, ...) twice -> (B, ...): each clip as it was changed, or as it was."""
    chosen = draws.coin(probability=probability)
    return torch.where(chosen[:, None, None, None, None], changed, poses)
