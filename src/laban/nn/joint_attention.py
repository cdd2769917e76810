"""The attention of an encoder between the joints of a person, for who wants to look at it.

What every encoder says of itself: ``attention_layers``, the names of its layers with such maps, and
``attention_maps(poses, present, joints, frames)``, as ``forward`` takes them, which gives a layer's
maps (B, M, H, V', V') each, in that order: row by row what a joint takes from the others, the mean
of the frames in which the person is, zeros for persons and joints that do not exist. One without
such attention has no names, and says so in ``no_attention``, a sentence. Fused kernels hold no map:
all of it is computed only where somebody asks.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from laban.nn.persons import Scope, unfold_persons

__all__ = ["MeanMaps", "mean_maps", "spatial_maps"]


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


def spatial_maps(blocks: Iterable[nn.Module], x: Tensor, scope: Scope) -> list[Tensor]:
    """(N, T, V, C) -> each block's map between joints (B, M, H, V, V).

    Args:
        blocks: In turn called with (x, scope) for the next ones; each has ``spatial.maps``.
        x: What enters the first.
        scope: What of it exists.
    """
    found = []
    for block in blocks:
        maps = block.spatial.maps(x, scope)  # type: ignore[union-attr,operator]
        found.append(mean_maps(maps, scope))
        x, scope = block(x, scope)
    return found
