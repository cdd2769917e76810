"""Motion ahead without learning, and how far a predicted motion is from the true one.

Martinez, Black and Romero, "On human motion prediction using recurrent neural networks", CVPR 2017,
https://arxiv.org/abs/1705.02445: a pose that stays as it was last seen (their zero-velocity
baseline) beat the networks before theirs, so every figure stands beside it here, and beside that of
joints which go on as they last moved.

Errors are lengths, in the units of the poses. A horizon that falls between two frames is judged
between them, where joints move evenly from one to the next, so that 80 ms are 80 ms at any frame
rate.
"""

import torch
from torch import Tensor

__all__ = ["at_times", "constant_velocity", "last_velocity", "mean_error", "zero_velocity"]


def last_velocity(seen: Tensor, there: Tensor) -> Tensor:
    """The last step, zero next to an absence: ``(B, M, S, V, C), (B, M, S, V) -> (B, M, V, C)``."""
    both = there[:, :, -1] & there[:, :, -2]
    return (seen[:, :, -1] - seen[:, :, -2]) * both[..., None]


def zero_velocity(seen: Tensor, there: Tensor, frames: int) -> Tensor:
    """The last pose held: ``(B, M, S, V, C), (B, M, S, V) -> (B, M, F, V, C)``."""
    del there  # so that both baselines are called alike
    return seen[:, :, -1:].expand(-1, -1, frames, -1, -1)


def constant_velocity(seen: Tensor, there: Tensor, frames: int) -> Tensor:
    """The last step repeated: ``(B, M, S, V, C), (B, M, S, V) -> (B, M, F, V, C)``."""
    steps = torch.arange(1, frames + 1, device=seen.device, dtype=seen.dtype)
    step = last_velocity(seen, there)[:, :, None]
    return seen[:, :, -1:] + step * steps[:, None, None]


def at_times(frames: Tensor, there: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """``(B, M, F, V, C), (B, M, F, V), (H,) -> (B, M, H, V, C), (B, M, H, V)``.

    Args:
        frames: Poses 1, 2, ..., F frames behind the last seen one.
        there: Which joints exist; one at a time is there where it is in the frames on both sides.
        times: In frames behind the last seen one, 1 to F.
    """
    low = times.floor().long() - 1
    high = (times.ceil().long() - 1).clamp(max=frames.shape[2] - 1)
    share = (times - times.floor()).to(frames.dtype)[:, None, None]
    poses = torch.lerp(frames[:, :, low], frames[:, :, high], share)
    return poses, there[:, :, low] & there[:, :, high]


def mean_error(predicted: Tensor, truth: Tensor, there: Tensor) -> Tensor:
    """Mean distance of joints (MPJPE): ``(B, M, F, V, C) twice, (B, M, F, V) -> (B, F)``.

    Over the joints of all persons that are there; 0 where none is.
    """
    distance = torch.linalg.vector_norm(predicted - truth, dim=-1) * there
    return distance.sum((1, 3)) / there.sum((1, 3)).clamp(min=1)
