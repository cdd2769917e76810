"""PSTL's way from a clip to the network: https://arxiv.org/abs/2302.09018

The preparation of CrosSCLR and AimCLR (https://github.com/Levigty/AimCLR), which PSTL takes over:
in every frame each body by itself has the joint between its shoulders at the origin; clips are
resized to 50 frames; in every frame each body is turned about the vertical until its shoulders lie
along x. Training views are shifted in time, slanted, turned and have their sides swapped.

Unusual here:
- The way through the room is lost, and so is the distance between persons.
- The stream is computed first, then augmented.
- A swap of the sides changes no coordinate: it is no mirror image.
- The masks of joints and frames are the objective's.

Differs from the official code (its behaviour is the option in brackets):
- Bodies are chosen by how much they move and how they stand, and followed by the sensor's ids
  (``listed``: the first two that a frame lists).
- Every frame is turned to its own side (``one_side``: one side for a clip, so that frames in which
  the shoulders cross it are turned the wrong way; and the angle is a little too small).
- Each clip has its own draws (``one_draw``: one for the whole batch).
- Empty frames are dropped (there the last frames, as many as there are empty ones), and absent
  frames are not blended with present ones as if they were zeros.
- A clip's views are augmented in every training; its linear evaluation and fine-tuning have none
  (``augment: false``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.people import drop_empty_frames, listed_people, people_present
from laban.skeletons import Skeleton

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from laban.batch import Batch

__all__ = ["PSTLPipeline", "faced", "resized"]


def resized(poses: np.ndarray, present: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Blended from neighbours in time: ``(M, T, V, C), (M, T) -> (M, size, V, C), (M, size)``.

    Frame i lies at (i + 1/2) T / size - 1/2, no further out than the ends. Where one neighbour
    alone is present it counts alone; where none is, nobody is.
    """
    frames = poses.shape[1]
    place = ((np.arange(size) + 0.5) * frames / size - 0.5).clip(0, frames - 1)
    before = np.floor(place).astype(int)
    after = np.minimum(before + 1, frames - 1)
    late = place - before
    weights = np.stack((present[:, before] * (1 - late), present[:, after] * late))  # (2, M, size)
    total = weights.sum(0)
    weights = (weights / np.where(total > 0, total, 1))[..., None, None]
    blended = weights[0] * poses[:, before] + weights[1] * poses[:, after]
    return blended.astype(np.float32), total > 0


def faced(
    poses: np.ndarray, present: np.ndarray, line: tuple[int, int], *, one_side: bool = False
) -> np.ndarray:
    """Each frame about y, until a line seen from above is +x: ``(M, T, V, 3) -> (M, T, V, 3)``.

    Args:
        poses: Bodies at their origins.
        present: (M, T).
        line: The joints from which and to which it goes.
        one_side: The official code's angles: of one sign for all frames of a body.
    """
    tail, tip = line
    x, _, z = np.moveaxis(poses[:, :, tip] - poses[:, :, tail], -1, 0).astype(np.float64)  # (M, T)
    length = np.hypot(x, z)
    if one_side:
        angle = np.arccos(x / (length + 1e-4))
        angle = np.where(np.where(present, z, 0).sum(1, keepdims=True) >= 0, -angle, angle)
    else:
        angle = -np.arctan2(z, x)
    cos, sin = np.cos(angle)[..., None], np.sin(angle)[..., None]
    turned = np.stack(
        (
            cos * poses[..., 0] - sin * poses[..., 2],
            poses[..., 1],
            sin * poses[..., 0] + cos * poses[..., 2],
        ),
        axis=-1,
    )
    return turned.astype(np.float32)


class PSTLPipeline:
    """PSTL's preparation and augmentation.

    Args:
        skeleton: The store's joint layout.
        frames: Frames that clips are resized to.
        persons: Bodies kept.
        augment: Whether training views are augmented.
        shear: Largest slant.
        turn: Largest turn about a clip's main axis and about the others, in degrees.
        padding: Largest shift in time as a share of the clip.
        swap: Probability that left and right change places.
        listed: The bodies are the first that each frame lists, whatever their ids (official code).
        one_side: Shoulders are turned by angles of one sign (official code).
        one_draw: All clips of a batch share the draws of a view (official code).
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        frames: int = 50,
        persons: int = 2,
        augment: bool = True,
        shear: float = 1.0,
        turn: tuple[float, float] = (30.0, 1.0),
        padding: float = 1 / 6,
        swap: float = 0.5,
        listed: bool = False,
        one_side: bool = False,
        one_draw: bool = False,
    ) -> None:
        for what, number in (("frames", frames), ("persons", persons)):
            if number < 1:
                raise LabanError(f"pipeline pstl: {what} is {number}, give 1 or more")
        if not 0 <= padding <= 1 or not 0 <= swap <= 1 or shear < 0:
            raise LabanError(
                f"pipeline pstl: padding is {padding}, swap {swap} and shear {shear}: give a "
                "share, a probability and a number from 0"
            )
        self.skeleton, self.frames, self.persons, self.augment = skeleton, frames, persons, augment
        self.shear, self.turn, self.padding, self.swap = shear, turn, padding, swap
        self.listed, self.one_side, self.one_draw = listed, one_side, one_draw

    def prepare(self, clip: Clip) -> Clip:
        """People chosen, centred, resized, faced: deterministic."""
        if clip.poses.shape[-1] != 3:
            raise LabanError(
                f"clip {clip.name} has {clip.poses.shape[-1]} channels, pipeline pstl takes x y z"
            )
        if self.listed and clip.present.any():
            found = listed_people(clip.poses, clip.present, most=self.persons)
            there = found[1].any(axis=1)
            poses, present = drop_empty_frames(found[0][there], found[1][there])
        else:
            poses, present = people_present(clip, most=self.persons)
        root = self.skeleton.root
        known = (poses != 0).any(-1, keepdims=True)
        poses = (poses - poses[:, :, root : root + 1]) * known
        poses, present = resized(poses, present, self.frames)
        if self.skeleton.across:
            right, left = (self.skeleton.index(joint) for joint in self.skeleton.across)
            poses = faced(poses, present, (left, right), one_side=self.one_side)
        return replace(clip, poses=poses, present=present, confidence=None)

    def view(
        self, batch: Batch, stream: str, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """``Batch (B, M, T, V, C) -> (B, M, frames, V, C'), (B, M, frames)``, see Pipeline."""
        import torch

        from laban.augment import random_axis_rotation, random_shear, random_swap
        from laban.draws import Draws
        from laban.sampling import random_reflected, take_frames
        from laban.streams import stream_named

        poses, present = stream_named(stream)(batch.poses, batch.present, self.skeleton)
        if generator is None or not self.augment:
            return poses, present
        draws = Draws(generator, torch.zeros_like(batch.keys) if self.one_draw else batch.keys)
        chosen = random_reflected(poses.shape[2], draws, share=self.padding)
        poses, present = take_frames(poses, present, chosen)
        parts = poses.unflatten(-1, (-1, 3)).unbind(-2)  # joint+bone is turned as one
        poses = torch.cat(parts, 3)
        poses, (most, least) = random_shear(poses, draws, self.shear), self.turn
        poses = random_axis_rotation(poses, draws, most=most, least=least)
        poses = torch.cat(poses.chunk(len(parts), 3), -1)
        return random_swap(poses, draws, self.skeleton, probability=self.swap), present
