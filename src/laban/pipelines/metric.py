"""Poses as they were recorded, in metres and frame by frame: what is predicted can be measured.

No paper: motion prediction (Martinez, Black and Romero 2017, https://arxiv.org/abs/1705.02445;
Hi-TRS, https://arxiv.org/abs/2207.09644, section 4.6) is judged in millimetres and milliseconds, so
nothing here changes a length or drops a frame, and nothing has to be undone.

Unusual here:
- Persons are chosen as in DSTA-Net, for the clip as a whole, so that a body keeps its place.
- Frames in which nobody is stay, as absent ones.
- Training views are turned about the vertical and mirrored as a whole, which moves no joint nearer
  to another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from laban.clip import Clip
from laban.errors import LabanError
from laban.people import choose_people
from laban.skeletons import Skeleton

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from laban.batch import Batch

__all__ = ["MetricPipeline"]


class MetricPipeline:
    """All frames of the chosen people, in metres.

    Args:
        skeleton: The store's joint layout.
        persons: Bodies kept.
        turn: Largest random turn about y in degrees, round the sensor.
        mirror: Probability of a mirrored training view.
    """

    def __init__(
        self, skeleton: Skeleton, *, persons: int = 2, turn: float = 180.0, mirror: float = 0.0
    ) -> None:
        if persons < 1:
            raise LabanError(f"pipeline metric: persons is {persons}, give 1 or more")
        if not 0 <= mirror <= 1:
            raise LabanError(f"pipeline metric: mirror is {mirror}, give a probability")
        if turn < 0:
            raise LabanError(f"pipeline metric: turn is {turn}, give 0 degrees or more")
        self.skeleton, self.persons, self.turn, self.mirror = skeleton, persons, turn, mirror

    def prepare(self, clip: Clip) -> Clip:
        """People chosen, nothing else: deterministic."""
        if clip.poses.shape[-1] != 3:
            raise LabanError(
                f"clip {clip.name} has {clip.poses.shape[-1]} channels, pipeline metric takes x y z"
            )
        if not clip.present.any():
            raise LabanError(f"clip {clip.name}: nobody is present in any frame, leave it out")
        return replace(choose_people(clip, most=self.persons), confidence=None)

    def view(
        self, batch: Batch, stream: str, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """``Batch (B, M, T, V, C) -> (B, M, T', V, C'), (B, M, T')``, see Pipeline."""
        from laban.augment import random_mirror, random_rotation
        from laban.draws import Draws
        from laban.streams import stream_named

        poses = batch.poses
        if generator is not None:
            draws = Draws(generator, batch.keys)
            if self.mirror:
                poses = random_mirror(poses, draws, self.skeleton, probability=self.mirror)
            poses = random_rotation(poses, draws, y=self.turn)
        return stream_named(stream)(poses, batch.present, self.skeleton)
