"""A batch: clips of a store stacked, padded only here and only to the longest of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from laban.clip import Clip, stacked

__all__ = ["Batch", "collate"]


@dataclass
class Batch:
    """Clips side by side.

    Attributes:
        poses: float32 (B, M, T, V, C), zeros behind a clip's end and where nobody is.
        present: bool (B, M, T).
        frames: int64 (B,), the real length of each clip.
        labels: int64 (B,), the class number, -1 where it is not known.
        keys: int64 (B,), the clip's number in its store; seeds its random draws.
    """

    poses: Tensor
    present: Tensor
    frames: Tensor
    labels: Tensor
    keys: Tensor

    def __len__(self) -> int:
        return len(self.poses)

    def pin_memory(self) -> "Batch":
        """The same batch in pinned memory, from which copies to a GPU run beside the work."""
        return Batch(**{k: v.pin_memory() for k, v in vars(self).items()})

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        return Batch(**{k: v.to(device, non_blocking=True) for k, v in vars(self).items()})


def collate(clips: Sequence[Clip], labels: Sequence[int], keys: Sequence[int]) -> Batch:
    """Stacks prepared clips: M and T grow to the largest of the batch, ``-> (B, M, T, V, C)``."""
    poses, present, frames = stacked(clips)
    return Batch(
        poses=torch.from_numpy(poses),
        present=torch.from_numpy(present),
        frames=torch.from_numpy(frames),
        labels=torch.tensor(list(labels)),
        keys=torch.tensor(list(keys)),
    )
