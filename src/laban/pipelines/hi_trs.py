"""Hi-TRS's way from a clip to the network: https://arxiv.org/abs/2207.09644

The clip as the sensor saw it: the first two bodies of each frame, all frames, metres in the
camera's frame. Nothing is centred, turned, scaled or sampled; the encoder cuts the windows. The
paper leaves preparation and augmentation to its supplement; both are the official code's
(`data_process/NTU_RGBD`, `dataset/NTU_3D_AR.py`).

Unusual here:
- No normalisation of any kind, so where the camera stands matters.
- Clips keep their lengths: a batch is as long as its longest clip, and what pads the others is not
  present.
- Half of the training clips are changed, each by one of scale, offset of five joints and shear, and
  by one of interpolation between frames and trimming of the ends.
- A stream is computed from the changed poses.

Differs from the official code:
- It reads the first two bodies in the order of the file; here the order is that in which the bodies
  first appear.
- Its motion is this frame minus the one before, zero at the first frame; here, as in CrosSCLR whose
  streams the paper follows, it is the next minus this one. Next to an absence the official one is
  the body's whole distance from the camera; here it is zero.
- It keeps empty frames as zeros. Here those at the ends are cut off and the encoder leaves those
  between out.
- Its offset also moves joints of a person in frames where that person is absent, and its
  interpolation moves bodies towards the zeros of an absence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.people import first_people
from laban.skeletons import Skeleton

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from laban.batch import Batch
    from laban.draws import Draws

__all__ = ["HiTRSPipeline"]


class HiTRSPipeline:
    """Hi-TRS's preparation and augmentation.

    Args:
        skeleton: The store's joint layout.
        persons: Bodies kept, and those that a view has places for.
        changed: Probability that a training clip is changed.
        scale: Largest change of size.
        offset: Largest offset of a joint along an axis, in the units of the poses.
        moved: How many joints are moved.
        shear: Largest slant.
        trim: Largest share of the frames that is cut off.
        whole: Whether empty frames stay, those at the ends too: for detection, where every frame
            must be where it was.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        persons: int = 2,
        changed: float = 0.5,
        scale: float = 0.2,
        offset: float = 0.2,
        moved: int = 5,
        shear: float = 0.5,
        trim: float = 0.2,
        whole: bool = False,
    ) -> None:
        if persons < 1:
            raise LabanError(f"pipeline hi-trs: persons is {persons}, give 1 or more")
        for name, share in {"changed": changed, "scale": scale, "trim": trim}.items():
            if not 0 <= share < 1 + (name == "changed"):
                raise LabanError(f"pipeline hi-trs: {name} is {share}, give a share of 0 to 1")
        self.skeleton, self.persons, self.changed = skeleton, persons, changed
        self.scale, self.offset, self.moved = scale, offset, moved
        self.shear, self.trim, self.whole = shear, trim, whole

    def prepare(self, clip: Clip) -> Clip:
        """The first bodies, from the first to the last frame with anybody: deterministic."""
        poses, present = first_people(clip, most=self.persons)
        somebody = np.flatnonzero(present.any(0))
        kept = slice(None) if self.whole else slice(somebody[0], somebody[-1] + 1)
        return replace(clip, poses=poses[:, kept], present=present[:, kept], confidence=None)

    def view(
        self, batch: Batch, stream: str, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """``Batch (B, M, T, V, C) -> (B, persons, T', V, C'), (B, persons, T')``, see Pipeline."""
        import torch.nn.functional as F

        from laban.draws import Draws
        from laban.streams import stream_named

        poses, present = batch.poses, batch.present
        if generator is not None:
            poses, present = self._changed(batch, Draws(generator, batch.keys))
        poses, present = stream_named(stream)(poses, present, self.skeleton)
        # Always so many places: where absent persons count as zeros, a clip must not depend on how
        # many the others of its batch have.
        room = self.persons - poses.shape[1]
        return F.pad(poses, (0,) * 6 + (0, room)), F.pad(present, (0, 0, 0, room))

    def _changed(self, batch: Batch, draws: Draws) -> tuple[Tensor, Tensor]:
        """A training view's poses before the stream: ``-> (B, M, T, V, C), (B, M, T)``."""
        import torch

        from laban.augment import (
            random_interpolation,
            random_offsets,
            random_scale,
            random_shear,
        )
        from laban.sampling import random_trim, take_frames

        poses, present, size = batch.poses, batch.present, batch.poses.shape[2]
        is_changed, in_time = draws.coin(probability=self.changed), draws.coin()
        kind = (draws.uniform() * 3).long().where(is_changed, -1)
        for number, other in enumerate(
            (
                random_scale(poses, draws, self.scale),
                random_offsets(poses, present, draws, self.offset, joints=self.moved),
                random_shear(poses, draws, self.shear),
            )
        ):
            poses = torch.where(_spread(kind == number), other, poses)
        between = random_interpolation(poses, present, draws)
        poses = torch.where(_spread(is_changed & in_time), between, poses)
        chosen, length = random_trim(batch.frames, size, draws, most=self.trim)
        trims, place = is_changed & ~in_time, torch.arange(size, device=poses.device)
        poses, present = take_frames(poses, present, chosen.where(trims[:, None], place))
        present = present & (place < length.where(trims, batch.frames)[:, None])[:, None]
        return poses * present[..., None, None], present


def _spread(choice: Tensor) -> Tensor:
    """(B,) -> (B, 1, 1, 1, 1)."""
    return choice[:, None, None, None, None]
