"""Persons as rows, for encoders that look at one person at a time: absent ones cost nothing.

`fold_persons` turns a batch (B, M, T, V, C) into rows (N, T, V, C) and the `Scope` that says what
of them exists and where they came from; `unfold_persons` goes back.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from laban.nn.features import Features
from laban.nn.packing import all_there, pack, places_of, unpack

__all__ = ["Scope", "fold_persons", "unfold_persons"]


class Scope(NamedTuple):
    """What of the rows exists, and what it is.

    Attributes:
        clips: B.
        persons: M.
        places: (N,) place of each row among the B * M persons; None: all of them, in order.
        mask: (N, T, V) bool, what exists; None: everything.
        joints: (N, V) joint numbers of the columns; None: all of the skeleton in their order.
        frames: (N, T) frame numbers, fractions where frames were strided; None: 0, 1, 2, ...
    """

    clips: int
    persons: int
    places: Tensor | None = None
    mask: Tensor | None = None
    joints: Tensor | None = None
    frames: Tensor | None = None

    def strided(self, stride: int) -> "Scope":
        """The scope where every ``stride``-th frame alone is kept, counted in steps of it."""
        if stride == 1:
            return self
        mask = None if self.mask is None else self.mask[:, ::stride]
        frames = None if self.frames is None else self.frames[:, ::stride] / stride
        return self._replace(mask=mask, frames=frames)


def fold_persons(
    poses: Tensor,
    present: Tensor | None,
    joints: Tensor | None = None,
    frames: Tensor | None = None,
) -> tuple[Tensor, Scope]:
    """(B, M, T, V, C), (B, M, T) -> (N, T, K, C) rows of those who exist in any frame; N >= 1.

    Absent places are zero in the rows, whatever stood there. While PyTorch compiles or exports,
    shapes must not hang on the data: then all persons are rows, and the mask stays.

    Args:
        poses: The batch.
        present: Which persons and frames exist; None: all.
        joints: (K,) or (B, K) columns to keep, -1 where a clip has fewer; None: all.
        frames: (B, T) frame numbers.
    """
    clips, persons = poses.shape[:2]
    rows, places, there = poses.flatten(0, 1), None, None
    if present is not None:
        there = present.flatten(0, 1)
        places = places_of(there.any(1))
        rows, there = pack(rows, places), pack(there, places)
        there = None if all_there(there) else there

    def of_rows(per_clip: Tensor) -> Tensor:
        return pack(per_clip.repeat_interleave(persons, 0), places)

    columns = None
    if joints is not None:
        chosen = of_rows(joints.expand(clips, -1))
        columns = None if all_there(chosen >= 0) else chosen >= 0
        joints = chosen.clamp(min=0)
        rows = torch.take_along_dim(rows, joints[:, None, :, None], 2)
    mask = _product(there, columns, rows)
    if mask is not None:
        rows = rows.masked_fill(~mask[..., None], 0)
    numbers = None if frames is None else of_rows(frames)
    return rows, Scope(clips, persons, places, mask, joints, numbers)


def unfold_persons(rows: Tensor, scope: Scope) -> Features:
    """(N, T', V', D) -> features (B, M, T', V', D): zeros, not present, for who was no row.

    Args:
        rows: A network's answer.
        scope: What exists of that answer, as `fold_persons` and `Scope.strided` say.
    """
    mask = scope.mask
    if mask is None:
        mask = rows.new_ones(rows.shape[:3], dtype=torch.bool)
    everybody, shape = scope.clips * scope.persons, (scope.clips, scope.persons)
    rows, mask = (unpack(x, scope.places, everybody) for x in (rows, mask))
    return Features(rows.unflatten(0, shape), mask.unflatten(0, shape))


def _product(there: Tensor | None, columns: Tensor | None, rows: Tensor) -> Tensor | None:
    """(N, T) and (N, V) -> (N, T, V); None where neither leaves anything out."""
    if there is None and columns is None:
        return None
    mask = rows.new_ones(rows.shape[:3], dtype=torch.bool)
    if there is not None:
        mask = mask & there[:, :, None]
    if columns is not None:
        mask = mask & columns[:, None, :]
    return mask
