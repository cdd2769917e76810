"""Streams: pure functions of poses and skeleton, made while training and never stored.

Sources: DSTA-Net section 3.6, https://arxiv.org/abs/2007.03263 (joint, bone, fast, slow); MS-AAGCN,
https://arxiv.org/abs/1912.06971 (motion, bone motion); ST-TR section 3.3,
https://arxiv.org/abs/2012.06399 (joint+bone). A bone is child minus parent and stands at the child;
the root's is zero. A motion is the next frame minus this one; the last frame's is zero, as is one
next to an absence.

Differs from the official DSTA-Net code: on NTU its edge list loses four of 24 bones and overwrites
others (see `laban.pipelines.dsta_net`). The paper's text calls fast the high frame rate; its
section 4.2 and its code take every second frame for *fast* and every frame for *slow*, as here.

>>> import torch
>>> from laban.skeletons import SKELETONS
>>> poses = torch.zeros(1, 1, 2, 25, 3); poses[..., 6, 0] = 1.5; poses[:, :, 1, 5, 0] = 0.5
>>> there = torch.ones(1, 1, 2, dtype=torch.bool)
>>> bone, _ = STREAMS["bone"](poses, there, SKELETONS["kinect-v2"])
>>> bone[0, 0, :, 6, 0]
tensor([1.5000, 1.0000])
>>> motion, _ = STREAMS["motion"](poses, there, SKELETONS["kinect-v2"])
>>> motion[0, 0, :, 5, 0]
tensor([0.5000, 0.0000])
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from laban.errors import unknown_name
from laban.skeletons import Skeleton

__all__ = ["STREAMS", "Stream", "bones", "motions", "stream_named"]


def bones(poses: Tensor, skeleton: Skeleton) -> Tensor:
    """Child minus parent at the child's place: ``(B, M, T, V, C) -> (B, M, T, V, C)``."""
    parents = torch.tensor(skeleton.parents, device=poses.device)
    return poses - poses[..., parents, :]


def motions(poses: Tensor, present: Tensor) -> Tensor:
    """Next frame minus this one: ``(B, M, T, V, C), (B, M, T) -> (B, M, T, V, C)``."""
    step = torch.zeros_like(poses)
    both = (present[:, :, 1:] & present[:, :, :-1])[..., None, None]
    step[:, :, :-1] = (poses[:, :, 1:] - poses[:, :, :-1]) * both
    return step


@dataclass(frozen=True)
class Stream:
    """A kind of input.

    Attributes:
        name: Its word on the command line.
        about: One line of help.
        step: Every how many frames one is used.
        width: How many times the poses' channels it has.
        compute: ``(B, M, T, V, C), (B, M, T), skeleton -> (B, M, T, V, width C)``.
    """

    name: str
    about: str
    compute: Callable[[Tensor, Tensor, Skeleton], Tensor]
    step: int = 1
    width: int = 1

    def __call__(self, poses: Tensor, present: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
        """``(B, M, T, V, C), (B, M, T) -> (B, M, T', V, C'), (B, M, T')``, T' = ceil(T / step)."""
        if self.step > 1:
            poses, present = poses[:, :, :: self.step], present[:, :, :: self.step]
        return self.compute(poses, present, skeleton), present

    def frames(self, frames: Tensor) -> Tensor:
        """Lengths of the clips after the stream: ``(B,) -> (B,)``."""
        return (frames + self.step - 1) // self.step


STREAMS: dict[str, Stream] = {
    "joint": Stream("joint", "positions, as they are", lambda x, _p, _s: x),
    "bone": Stream("bone", "child minus parent", lambda x, _p, s: bones(x, s)),
    "motion": Stream("motion", "next frame minus this one", lambda x, p, _s: motions(x, p)),
    "bone-motion": Stream(
        "bone-motion", "motion of the bones", lambda x, p, s: motions(bones(x, s), p)
    ),
    "fast": Stream(
        "fast", "motion over every second frame", lambda x, p, _s: motions(x, p), step=2
    ),
    "slow": Stream("slow", "motion of every frame", lambda x, p, _s: motions(x, p)),
    "joint+bone": Stream(
        "joint+bone",
        "positions and bones in 6 channels",
        lambda x, _p, s: torch.cat([x, bones(x, s)], dim=-1),
        width=2,
    ),
}


def stream_named(name: str) -> Stream:
    """The stream of that word; the error lists the nearest ones."""
    if name not in STREAMS:
        raise unknown_name("stream", name, STREAMS)
    return STREAMS[name]
