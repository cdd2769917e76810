"""ST-TR's way from a clip to the network: https://arxiv.org/abs/2012.06399

The preparation of 2S-AGCN (https://arxiv.org/abs/1805.07694), as its section 3.2 says: the two
bodies that move most; clips played over and over until they have 300 frames; in every frame the
first body's middle of the spine at the origin; spine upright and shoulders along x, by the first
frame. Nothing is sampled and nothing augmented on NTU RGB+D.

Unusual here:
- The centre moves with the first body: its way through the room is lost, and where the others
  stand is told from it.
- Each body is repeated with its own period.
- A body that is absent between its first and its last frame stays so; if it is absent in the first
  frame, its frames are moved together.
- The shoulders are turned onto x by the shortest way, which may tilt the spine again.
- For Kinetics the official code shows training a random window of 150 frames (``window``) of a
  camera that moves (``move``), and tests on all 300.

Differs from the official code:
- Bodies are followed by the sensor's ids (``listed``: body k is the k-th a frame lists, four at
  most).
- A moving camera moves the bones too, not only the joints of joint+bone, and no zeros.
- Layouts other than Kinect's second version are not in it: the same by like-named joints; hands are
  not turned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from laban.alignment import rotation_between
from laban.clip import Clip
from laban.errors import LabanError
from laban.people import energy, listed_people
from laban.skeletons import Skeleton

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from laban.batch import Batch

__all__ = ["STTRPipeline", "looped", "normalise"]

# Bodies in a file of NTU RGB+D that the official code looks at.
LISTED = 4


@dataclass(frozen=True)
class Frame:
    """A frame of reference by joint names.

    Attributes:
        origin: The joint that goes to (0, 0, 0) in every frame.
        up: The bone that is turned parallel to +z, or None.
        right: The line, left to right, that is then turned parallel to +x, or None.
    """

    origin: str
    up: tuple[str, str] | None = None
    right: tuple[str, str] | None = None


FRAMES = {
    "kinect-v2": Frame(
        "spine-mid", ("spine-base", "spine-mid"), ("shoulder-left", "shoulder-right")
    ),
    "kinect-v1": Frame("spine", ("hip-centre", "spine"), ("shoulder-left", "shoulder-right")),
}


def looped(poses: np.ndarray, present: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Each body over and over: ``(M, T, V, C), (M, T) -> (M, size, V, C), (M, size)``.

    Args:
        poses: The clip's.
        present: Every body in one frame at least.
        size: Frames wanted; longer clips lose their end.
    """
    chosen = np.empty((len(poses), size), int)
    for body, there in enumerate(present):
        seen = np.flatnonzero(there)
        order = np.arange(seen[-1] + 1) if there[0] else seen
        chosen[body] = np.resize(order[:size], size)
    whose = np.arange(len(poses))[:, None]
    return poses[whose, chosen], present[whose, chosen]


def normalise(poses: np.ndarray, skeleton: Skeleton, frame: Frame) -> np.ndarray:
    """Into the first body's frame of reference: ``(M, T, V, C) -> (M, T, V, C)``."""
    known = (poses != 0).any(-1, keepdims=True)
    origin = skeleton.index(frame.origin)
    moved = (poses - poses[:1, :, origin : origin + 1]) * known
    turn = np.eye(3)
    for line, axis in ((frame.up, [0, 0, 1]), (frame.right, [1, 0, 0])):
        if line:
            tail, tip = (skeleton.index(joint) for joint in line)
            vector = (moved[0, 0, tip] - moved[0, 0, tail]).astype(np.float64)
            turn = rotation_between(turn @ vector, np.array(axis)) @ turn
    if frame.up or frame.right:
        moved = moved @ turn.T.astype(np.float32)
    return moved.astype(np.float32)


class STTRPipeline:
    """ST-TR's preparation.

    Args:
        skeleton: The store's joint layout.
        frames: Length that clips are repeated to.
        persons: Bodies kept.
        turn: Whether bodies are turned upright and to face along an axis.
        listed: Body k is the k-th that a frame lists, whatever its id (official code).
        window: Frames of a training view, a random stretch; None: all.
        move: Whether training views are turned, sized and shifted in x and y over their frames.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        frames: int = 300,
        persons: int = 2,
        turn: bool = True,
        listed: bool = False,
        window: int | None = None,
        move: bool = False,
    ) -> None:
        for what, number in (("frames", frames), ("persons", persons), ("window", window)):
            if number is not None and number < 1:
                raise LabanError(f"pipeline st-tr: {what} is {number}, give 1 or more")
        frame = FRAMES.get(skeleton.name) or Frame(skeleton.joints[skeleton.root])
        self.frame = frame if turn else replace(frame, up=None, right=None)
        self.skeleton, self.frames, self.persons = skeleton, frames, persons
        self.listed, self.window, self.move = listed, window, move

    def prepare(self, clip: Clip) -> Clip:
        """People chosen, repeated, normalised: deterministic."""
        channels = clip.poses.shape[-1]
        if channels != 3 and (self.frame.up or channels != 2):
            raise LabanError(
                f"clip {clip.name} has {channels} channels, pipeline st-tr takes x y z, or x y "
                "with 'turn: false'"
            )
        poses, present = clip.poses, clip.present
        if not present.any():
            raise LabanError(f"clip {clip.name}: nobody is present in any frame, leave it out")
        if self.listed:
            poses, present = listed_people(poses, present, most=LISTED)
        there = present.any(axis=1)
        poses, present = poses[there], present[there]
        kept = np.argsort(-energy(poses, present, None), kind="stable")[: self.persons]
        poses, present = looped(poses[kept], present[kept], self.frames)
        poses = normalise(poses, clip.skeleton, self.frame)
        return replace(clip, poses=poses, present=present, confidence=None)

    def view(
        self, batch: Batch, stream: str, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """``Batch (B, M, T, V, C) -> (B, M, frames or window, V, C'), (B, M, ...)``."""
        import torch

        from laban.augment import random_move
        from laban.draws import Draws
        from laban.sampling import random_crop, take_frames
        from laban.streams import stream_named

        poses, present = batch.poses, batch.present
        if generator is not None:
            draws = Draws(generator, batch.keys)
            if self.window:
                every = torch.arange(self.frames, device=poses.device).expand(len(poses), -1)
                chosen = random_crop(every, self.window, draws)
                poses, present = take_frames(poses, present, chosen)
            if self.move:
                poses = random_move(poses, present, draws)
        return stream_named(stream)(poses, present, self.skeleton)
