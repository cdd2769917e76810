"""Our own way from a clip to the network, for any skeleton and for few recordings.

No paper: what held up on small datasets. People as in DSTA-Net (https://arxiv.org/abs/2007.03263);
root of the first frame to the origin, size from the median spine, facing from the median line
between the shoulders, turned about the vertical alone, because sensors stand upright and single
frames lie. Training views turn, scale, slant, jitter and mirror whole clips and show a random
stretch; frames come from equal parts of it, one each (PYSKL's uniform sampling,
https://arxiv.org/abs/2205.09443).

Unusual here:
- Frames that a sensor lost are bridged, so that a person who is there at all is there throughout,
  and a network needs no masks.
- y is the vertical, as in Kinect and NTU data, and stays so.
- Streams are computed after augmentation and before sampling, on the clip's own frames.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.people import bridge_gaps, people_present
from laban.skeletons import Skeleton

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from laban.batch import Batch
    from laban.draws import Draws

__all__ = ["GeneralPipeline"]


class GeneralPipeline:
    """Upright, centred, sized and faced clips, with augmentation.

    Args:
        skeleton: The store's joint layout.
        frames: Frames that the network sees.
        persons: Bodies kept.
        face: Whether clips are turned about y until the shoulders lie along x.
        shortest: Smallest share of the clip that a training view shows.
        turn: Largest random turn in degrees about x, y and z.
        scale: Largest relative change of size, each axis apart.
        shear: Largest slant.
        noise: Standard deviation of each joint's constant offset, in spine lengths.
        mirror: Probability of a mirrored training view.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        frames: int = 64,
        persons: int = 2,
        face: bool = True,
        shortest: float = 0.75,
        turn: tuple[float, float, float] = (10.0, 30.0, 5.0),
        scale: float = 0.1,
        shear: float = 0.0,
        noise: float = 0.0,
        mirror: float = 0.0,
    ) -> None:
        if frames < 1:
            raise LabanError(f"pipeline general: frames is {frames}, give 1 or more")
        if persons < 1:
            raise LabanError(f"pipeline general: persons is {persons}, give 1 or more")
        if not 0 < shortest <= 1:
            raise LabanError(f"pipeline general: shortest is {shortest}, give a share up to 1")
        if not 0 <= mirror <= 1:
            raise LabanError(f"pipeline general: mirror is {mirror}, give a probability")
        if min(*turn, scale, shear, noise) < 0:
            raise LabanError("pipeline general: turn, scale, shear and noise must be 0 or more")
        self.skeleton, self.frames, self.persons, self.face = skeleton, frames, persons, face
        self.shortest, self.turn, self.scale = shortest, turn, scale
        self.shear, self.noise, self.mirror = shear, noise, mirror

    def prepare(self, clip: Clip) -> Clip:
        """People chosen, empty frames dropped, centred, sized, faced: deterministic."""
        if clip.poses.shape[-1] not in (2, 3):
            raise LabanError(
                f"clip {clip.name} has {clip.poses.shape[-1]} channels, pipeline general takes x y "
                "or x y z"
            )
        poses = bridge_gaps(*people_present(clip, most=self.persons))
        present = np.ones(poses.shape[:2], bool)
        skeleton = self.skeleton
        lead = poses[0]  # (T, V, C)
        root = skeleton.index(skeleton.spine[0]) if skeleton.spine else skeleton.root
        known = (poses != 0).any(-1, keepdims=True)
        poses = (poses - lead[0, root]) * known / _size(lead, skeleton)
        if self.face and skeleton.across and poses.shape[-1] == 3:
            poses = _faced(poses, lead, skeleton)
        return replace(clip, poses=poses.astype(np.float32), present=present, confidence=None)

    def view(
        self, batch: Batch, stream: str, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """``Batch (B, M, T, V, C) -> (B, M, frames, V, C'), (B, M, frames)``, see Pipeline."""
        from laban.draws import Draws
        from laban.sampling import linear_frames, random_window, take_frames
        from laban.streams import stream_named

        flow = stream_named(stream)
        poses, frames = batch.poses, flow.frames(batch.frames)
        if generator is None:
            chosen = linear_frames(frames, self.frames)
        else:
            draws = Draws(generator, batch.keys)
            poses = self._augmented(batch, draws)
            chosen = random_window(frames, self.frames, draws, shortest=self.shortest)
        poses, present = flow(poses, batch.present, self.skeleton)
        return take_frames(poses, present, chosen)

    def _augmented(self, batch: Batch, draws: Draws) -> Tensor:
        """A training view's poses before sampling: ``(B, M, T, V, C)``."""
        from laban.augment import (
            jitter,
            random_mirror,
            random_rotation,
            random_scale,
            random_shear,
        )

        poses = batch.poses
        if self.mirror:
            poses = random_mirror(poses, draws, self.skeleton, probability=self.mirror)
        if any(self.turn) and poses.shape[-1] == 3:
            x, y, z = self.turn
            poses = random_rotation(poses, draws, x=x, y=y, z=z)
        if self.scale:
            poses = random_scale(poses, draws, self.scale, each_axis=True)
        if self.shear:
            poses = random_shear(poses, draws, self.shear)
        if self.noise:
            poses = jitter(poses, batch.present, draws, self.noise)
        return poses


def _size(lead: np.ndarray, skeleton: Skeleton) -> float:
    """The median spine length of one body: ``(T, V, C) -> ``; 1 where it cannot be told."""
    if not skeleton.spine:
        return 1.0
    tail, tip = (skeleton.index(joint) for joint in skeleton.spine)
    length = float(np.median(np.linalg.norm(lead[:, tip] - lead[:, tail], axis=-1)))
    return length if length > 0 else 1.0


def _faced(poses: np.ndarray, lead: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Turned about y until the lead's median left shoulder lies at +x: ``(M, T, V, 3)``."""
    right, left = (skeleton.index(joint) for joint in skeleton.across or ())
    x, _, z = np.median(lead[:, left] - lead[:, right], axis=0)
    length = float(np.hypot(x, z))
    if length == 0:
        return poses
    cos, sin = x / length, z / length
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)
    return poses @ turn.T
