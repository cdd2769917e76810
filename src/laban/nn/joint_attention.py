"""The attention of an encoder between the joints of a person, for who wants to look at it.

What every encoder says of itself: ``attention_layers``, the names of its layers with such maps, and
``attention_maps(poses, present, joints, frames)``, as ``forward`` takes them, which gives a layer's
maps (B, M, H, V', V') each, in that order: row by row what a joint takes from the others, the mean
of the frames in which the person is, zeros for persons and joints that do not exist. One without
such attention has no names, and says so in ``no_attention``, a sentence. Fused kernels hold no map:
all of it is computed only where somebody asks.
"""

from collections.abc import Callable

from torch import Tensor, nn

from laban.nn.features import Features
from laban.nn.persons import Scope, unfold_persons

__all__ = ["AttendingBlocks", "MeanMaps", "mean_maps"]


class MeanMaps:
    """The mean of maps over the frames in which a person is, some frames at a time."""

    def __init__(self) -> None:
        self.total: Tensor | float = 0.0
        self.count: Tensor | float = 0.0

    def add(self, maps: Tensor, mask: Tensor | None) -> None:
        """Takes (N, T or 1, H, V, V) of frames of which (N, T, V) exists, None: everything."""
        maps = maps.float()
        if mask is None:
            mask = maps.new_ones(*maps.shape[:2], maps.shape[-1]).bool()
        there = mask if maps.shape[1] > 1 else mask.any(1, keepdim=True)
        pairs = there[:, :, None, :, None] & there[:, :, None, None, :]
        self.total = self.total + maps.masked_fill(~pairs, 0).sum(1)
        self.count = self.count + there.any(2).sum(1)

    def mean(self) -> Tensor:
        """-> (N, H, V, V)."""
        assert isinstance(self.total, Tensor) and isinstance(self.count, Tensor)
        return self.total / self.count.clamp(min=1)[:, None, None, None]


def mean_maps(maps: Tensor, scope: Scope) -> Tensor:
    """(N, T or 1, H, V, V) of rows -> (B, M, H, V, V) of persons, the mean over their frames."""
    found = MeanMaps()
    found.add(maps, scope.mask)
    return unfold_persons(found.mean(), scope._replace(mask=None)).values


class AttendingBlocks(nn.Module):
    """An encoder whose blocks each attend between joints: its walk through them, and the look.

    Attributes:
        blocks: In turn called with (x, scope) for the next ones; each has ``spatial.maps``.
        embed: (poses, present, joints, frames) -> what enters the first, and what of it exists.
    """

    blocks: nn.ModuleList
    embed: Callable[..., tuple[Tensor, Scope]]

    def encode(self, x: Tensor, scope: Scope, found: list[Tensor] | None = None) -> Features:
        """Rows (N, T, V', C) and their scope -> features (B, M, T', V', D).

        Args:
            x: What enters the first block.
            scope: What of it exists.
            found: Gets each block's maps; None: nobody looks, and they are not computed.
        """
        for block in self.blocks:
            if found is not None:
                found.append(mean_maps(block.spatial.maps(x, scope), scope))  # type: ignore[union-attr,operator]
            x, scope = block(x, scope)
        return unfold_persons(x, scope)

    @property
    def attention_layers(self) -> tuple[str, ...]:
        """Every block attends between joints."""
        return tuple(f"block {number}" for number in range(1, len(self.blocks) + 1))

    def attention_maps(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> list[Tensor]:
        """As `forward` -> each block's maps between joints (B, M, H, V', V')."""
        found: list[Tensor] = []
        self.encode(*self.embed(poses, present, joints, frames), found)
        return found
