"""Which frames a network sees: frame numbers for each clip of a batch, then one gather.

All functions take the real lengths ``frames`` (B,) and give frame numbers (B, size) that grow with
time and lie inside the clip; a clip shorter than ``size`` shows frames more than once.
"""

import torch
from torch import Tensor

from laban.draws import Draws

__all__ = [
    "centre_crop",
    "linear_frames",
    "random_crop",
    "random_frames",
    "random_reflected",
    "random_trim",
    "random_window",
    "take_frames",
    "uniform_frames",
]


def uniform_frames(frames: Tensor, size: int) -> Tensor:
    """Evenly spaced, rounded down, the first frame always: ``(B,) -> (B, size)``.

    Frame floor(i T / size) for i in 0 .. size - 1 (DSTA-Net's `uniform_sample_np`).
    """
    place = torch.arange(size, device=frames.device)
    return (place * frames[:, None]) // size


def linear_frames(frames: Tensor, size: int) -> Tensor:
    """Evenly spaced from the first to the last frame, both included: ``(B,) -> (B, size)``."""
    place = torch.linspace(0, 1, size, device=frames.device)
    return (place * (frames[:, None] - 1) + 0.5).long()


def random_frames(frames: Tensor, size: int, draws: Draws) -> Tensor:
    """A sorted random subset without replacement: ``(B,) -> (B, size)``.

    A clip shorter than ``size`` is first repeated ceil(size / T) times, so that no frame is drawn
    more often than that (DSTA-Net section 4.2, "randomly sampled to 150 frames").
    """
    copies = (size + frames - 1) // frames
    slots = int((copies * frames).max())
    keys = draws.uniform(slots)
    place = torch.arange(slots, device=frames.device)
    keys = keys.masked_fill(place >= (copies * frames)[:, None], 2.0)
    chosen = keys.argsort(dim=1, stable=True)[:, :size] % frames[:, None]
    return chosen.sort(dim=1).values


def random_window(
    frames: Tensor, size: int, draws: Draws, *, shortest: float, jitter: bool = True
) -> Tensor:
    """Frames of a random stretch, one from each of ``size`` parts: ``(B,) -> (B, size)``.

    The stretch covers a share between ``shortest`` and 1 of the clip, anywhere in it; with
    ``jitter`` each part gives a random frame of its own (PYSKL's uniform sampling), else its first.
    """
    share = draws.uniform(1, low=shortest, high=1.0)
    length = (share * frames[:, None]).clamp_min(1.0)
    start = draws.uniform(1) * (frames[:, None] - length)
    offset = draws.uniform(size) if jitter else 0.0
    place = torch.arange(size, device=frames.device) + offset
    chosen = (start + place / size * length).long()
    return torch.minimum(chosen, frames[:, None] - 1)


def random_crop(chosen: Tensor, size: int, draws: Draws) -> Tensor:
    """A random window of the chosen frames: ``(B, W) -> (B, size)``; W < size stays as it is."""
    room = chosen.shape[1] - size
    if room <= 0:
        return chosen
    start = (draws.uniform(1) * (room + 1)).long()
    return chosen.gather(1, start + torch.arange(size, device=chosen.device))


def random_reflected(frames: int, draws: Draws, *, share: float) -> Tensor:
    """A window as long as the clip, shifted by up to a share of it: ``-> (B, frames)``.

    Where it leaves the clip it sees the clip's own frames backwards, the outermost twice (PSTL's
    "crop" with padding, https://arxiv.org/abs/2302.09018).
    """
    most = int(frames * share)
    shift = (draws.uniform(1) * (2 * most + 1)).long() - most
    place = torch.arange(frames, device=shift.device) + shift
    place = torch.where(place < 0, -1 - place, place)
    return torch.where(place >= frames, 2 * frames - 1 - place, place)


def random_trim(frames: Tensor, size: int, draws: Draws, *, most: float) -> tuple[Tensor, Tensor]:
    """Cuts frames off both ends: ``(B,) -> (B, size), (B,)``, frame numbers and new lengths.

    round(share T) frames go, with a share between 0 and ``most``; how many of them stood in front
    is drawn too (Hi-TRS's official loader). Behind the new length the last frame is repeated.
    """
    gone = (draws.uniform(1, high=most)[:, 0] * frames).round().long()
    start = (draws.uniform(1)[:, 0] * (gone + 1)).long()
    length = frames - gone
    place = torch.arange(size, device=frames.device)
    return start[:, None] + torch.minimum(place, length[:, None] - 1), length


def centre_crop(chosen: Tensor, size: int) -> Tensor:
    """The middle window of the chosen frames: ``(B, W) -> (B, size)``; W < size stays as it is."""
    start = max(0, (chosen.shape[1] - size) // 2)
    return chosen[:, start : start + size]


def take_frames(poses: Tensor, present: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Gathers frames: ``(B, M, T, V, C), (B, M, T), (B, W) -> (B, M, W, V, C), (B, M, W)``."""
    batch = torch.arange(poses.shape[0], device=poses.device)[:, None, None]
    person = torch.arange(poses.shape[1], device=poses.device)[None, :, None]
    return poses[batch, person, chosen[:, None]], present[batch, person, chosen[:, None]]
