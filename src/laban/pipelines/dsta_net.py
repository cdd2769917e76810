"""DSTA-Net's way from a clip to the network: https://arxiv.org/abs/2007.03263

People by energy and shape; the first frame's root to the origin, a bone to length one, the body
turned upright and to face the camera; 150 frames sampled and 128 cropped (section 4.2). The paper
says nothing of the normalisation; it is the official code's (`prepare/*/gendata.py`), for SHREC'17
without turning and for DHG without turning or scaling.

Unusual here:
- Centre, size and directions are those of the first frame that has the first person, for all
  frames and persons: the movement of the root stays.
- Streams are computed before frames are sampled, on the clip's own frames.
- No augmentation but the sampling itself.

Differs from the official code:
- It reads centre and directions from frame 0 even where the first person is not there yet, which
  leaves such a clip uncentred. Here it is the first frame in which that person is.
- Its NTU bone stream loses four of 24 bones and turns most of the others round, because its edge
  list has no one order (``official_bones``). Here every joint but the root has its bone.
- Its temporal streams subtract the zeros of an absent person, which makes a jump as large as the
  body's distance from the origin. Here a difference next to an absence is zero.
- It reports the best epoch on the test clips. Here it is the last, or one that validation chose.
- Each of its workers repeats the same random stream every epoch. Here every clip and epoch differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from laban.alignment import rotation_between
from laban.clip import Clip
from laban.errors import LabanError
from laban.people import people_present
from laban.skeletons import Skeleton

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from laban.batch import Batch

__all__ = ["DSTANetPipeline", "Frame", "normalise"]

Bone = tuple[str, str]


@dataclass(frozen=True)
class Frame:
    """A frame of reference by joint names.

    Attributes:
        origin: The joint that goes to (0, 0, 0).
        unit: The bone that gets length 1, or None.
        up: The bone that is turned parallel to +z, or None.
        right: The bone that is then turned, about z, parallel to +x, or None.
    """

    origin: str
    unit: Bone | None = None
    up: Bone | None = None
    right: Bone | None = None


_NTU_SPINE = ("spine-base", "spine-shoulder")
# NTU, SHREC'17: gendata.py. Kinect v1 is not in the paper: NTU's choice by the like-named joints.
FRAMES = {
    "kinect-v2": Frame("spine-base", _NTU_SPINE, _NTU_SPINE, ("spine-shoulder", "elbow-left")),
    "kinect-v1": Frame(
        "hip-centre",
        ("hip-centre", "shoulder-centre"),
        ("hip-centre", "shoulder-centre"),
        ("shoulder-centre", "elbow-left"),
    ),
    "hand-22": Frame("wrist", ("wrist", "middle-base")),
}


def normalise(
    poses: np.ndarray, present: np.ndarray, skeleton: Skeleton, frame: Frame
) -> np.ndarray:
    """Into the frame of the first person: ``(M, T, V, 3), (M, T) -> (M, T, V, 3)``."""
    reference = poses[0, present[0].argmax()]  # (V, 3)
    known = (poses != 0).any(-1, keepdims=True)
    moved = (poses - reference[skeleton.index(frame.origin)]) * known
    if frame.unit:
        tail, tip = (skeleton.index(joint) for joint in frame.unit)
        lengths = np.linalg.norm(poses[0, :, tip] - poses[0, :, tail], axis=-1)
        length = lengths[lengths > 0][:1]
        moved = moved / (length if len(length) else 1.0)
    if not frame.up and not frame.right:
        return moved.astype(np.float32)
    first = moved[0, present[0].argmax()].astype(np.float64)
    turn = np.eye(3)
    if frame.up:
        tail, tip = (skeleton.index(joint) for joint in frame.up)
        turn = rotation_between(first[tip] - first[tail], np.array([0, 0, 1]))
    if frame.right:
        tail, tip = (skeleton.index(joint) for joint in frame.right)
        level = (first[tip] - first[tail]) @ turn.T * [1, 1, 0]
        turn = rotation_between(level, np.array([1, 0, 0])) @ turn
    return (moved @ turn.T.astype(np.float32)).astype(np.float32)


# The official NTU edge list as it ends up: joint minus what. The others stay zero.
_OFFICIAL_BONES = {
    "spine-mid": "spine-base",
    "neck": "head",
    "spine-shoulder": "shoulder-right",
    "spine-base": "hip-right",
    **{
        f"{joint}-{side}": f"{end}-{side}"
        for side in ("left", "right")
        for joint, end in (
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
            ("wrist", "hand"),
            ("hand", "thumb"),
            ("thumb", "hand-tip"),
            ("hip", "knee"),
            ("knee", "ankle"),
            ("ankle", "foot"),
        )
    },
}


def _official_tree(skeleton: Skeleton) -> Skeleton:
    """The skeleton whose bones are those of the official NTU edge list."""
    if skeleton.name != "kinect-v2":
        raise LabanError(
            "pipeline dsta-net: official_bones is about kinect-v2, leave it out for "
            f"{skeleton.name}"
        )
    ends = [skeleton.index(_OFFICIAL_BONES.get(joint, joint)) for joint in skeleton.joints]
    return replace(skeleton, parents=tuple(ends))


class DSTANetPipeline:
    """DSTA-Net's preparation and sampling.

    Args:
        skeleton: The store's joint layout.
        window: Frames sampled from the clip, at random in training and evenly in the test view.
        crop: Frames cropped from the window, at random and from the centre.
        persons: Bodies kept.
        origin: Joint at the origin; None takes the table's for this skeleton, else the root.
        unit: Names of the two joints whose distance becomes 1; None as above.
        scale: Whether that distance becomes 1; DHG's official preparation leaves it.
        turn: Whether bodies are turned upright and to face the camera where the table says so.
        official_bones: Whether the bone stream has the official NTU code's lost and turned bones.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        window: int = 150,
        crop: int = 128,
        persons: int = 2,
        origin: str | None = None,
        unit: Bone | None = None,
        scale: bool = True,
        turn: bool = True,
        official_bones: bool = False,
    ) -> None:
        if persons < 1:
            raise LabanError(f"pipeline dsta-net: persons is {persons}, give 1 or more")
        if not 0 < crop <= window:
            raise LabanError(f"pipeline dsta-net: crop is {crop}, give 1 to window = {window}")
        frame = FRAMES.get(skeleton.name) or Frame(skeleton.joints[skeleton.root], skeleton.spine)
        frame = replace(frame, origin=origin or frame.origin, unit=unit or frame.unit)
        frame = frame if scale else replace(frame, unit=None)
        self.frame = frame if turn else replace(frame, up=None, right=None)
        self.skeleton = skeleton
        self.tree = _official_tree(skeleton) if official_bones else skeleton
        self.window, self.crop, self.persons = window, crop, persons

    def prepare(self, clip: Clip) -> Clip:
        """People chosen, empty frames dropped, normalised: deterministic."""
        channels = clip.poses.shape[-1]
        if channels != 3 and (self.frame.up or channels != 2):
            raise LabanError(
                f"clip {clip.name} has {channels} channels, pipeline dsta-net takes x y z, or x y "
                "with 'turn: false'"
            )
        poses, present = people_present(clip, most=self.persons)
        poses = normalise(poses, present, clip.skeleton, self.frame)
        return replace(clip, poses=poses, present=present, confidence=None)

    def view(
        self, batch: Batch, stream: str, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """``Batch (B, M, T, V, C) -> (B, M, crop, V, C'), (B, M, crop)``, see Pipeline."""
        from laban.draws import Draws
        from laban.sampling import (
            centre_crop,
            random_crop,
            random_frames,
            take_frames,
            uniform_frames,
        )
        from laban.streams import stream_named

        flow = stream_named(stream)
        poses, present = flow(batch.poses, batch.present, self.tree)
        frames = flow.frames(batch.frames)
        if generator is None:
            chosen = centre_crop(uniform_frames(frames, self.window), self.crop)
        else:
            draws = Draws(generator, batch.keys)
            chosen = random_crop(random_frames(frames, self.window, draws), self.crop, draws)
        return take_frames(poses, present, chosen)
