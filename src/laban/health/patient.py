"""What the checks look at in one clip: its bodies, their size, and where they stand and face.

Sizes are told in lengths of the body's own spine, so the checks hold in metres, millimetres and
pixels alike. A joint at zero counts as not seen.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from laban.clip import Clip
from laban.skeletons import Skeleton

__all__ = ["Body", "Patient", "feet"]


@dataclass(frozen=True)
class Body:
    """One person in the frames in which he is present.

    Attributes:
        poses: (T, V, C), the frames in which he is there.
        times: (T,) their frame numbers.
        skeleton: The layout of V.
    """

    poses: np.ndarray
    times: np.ndarray
    skeleton: Skeleton

    @cached_property
    def low_high(self) -> tuple[np.ndarray, np.ndarray]:
        """Both ends of the spine, (T', C) each, in the frames in which both are seen."""
        if self.skeleton.spine is None:
            return self.poses[:0, 0], self.poses[:0, 0]
        low, high = (self.poses[:, self.skeleton.index(joint)] for joint in self.skeleton.spine)
        seen = (low != 0).any(1) & (high != 0).any(1)
        return low[seen], high[seen]

    @cached_property
    def size(self) -> float:
        """The median length of the spine, nan where it is never seen.

        A skeleton without a spine is measured by a third of its extent, which thresholds treat
        alike.
        """
        if self.skeleton.spine is None:
            seen = self.poses[(self.poses != 0).any((1, 2))]
            sizes = np.linalg.norm(np.ptp(seen, axis=1), axis=-1) / 3
        else:
            low, high = self.low_high
            sizes = np.linalg.norm(high - low, axis=1)
        return float(np.median(sizes)) if len(sizes) else float("nan")

    @cached_property
    def up(self) -> np.ndarray:
        """(C,) the mean direction of the spine; not a number where it is never seen."""
        low, high = self.low_high
        if not len(low):
            return np.full(self.poses.shape[-1], np.nan)
        return _unit(high - low).mean(0)

    @cached_property
    def feet_forward(self) -> np.ndarray:
        """(T',) how far the feet point to where the body faces, from -1 to 1.

        The chest faces along the line from the right to the left side times the spine, in the
        right-handed axes that all 3-D formats here have. Frames in which a joint is not seen are
        left out; none is left where the layout has no feet or lies in a picture.
        """
        skeleton, pairs = self.skeleton, feet(self.skeleton)
        if skeleton.spine is None or skeleton.across is None or self.poses.shape[-1] != 3:
            return np.empty(0)
        names = (*skeleton.spine, *skeleton.across)
        ends = [skeleton.index(joint) for joint in names]
        joints = sorted({*ends, *(joint for pair in pairs for joint in pair)})
        poses = self.poses[(self.poses[:, joints] != 0).any(-1).all(-1)]
        if not pairs or not len(poses):
            return np.empty(0)
        low, high, right, left = (poses[:, joint] for joint in ends)
        face = _unit(np.cross(left - right, high - low))
        shares = [(_unit(poses[:, toe] - poses[:, ankle]) * face).sum(-1) for ankle, toe in pairs]
        return np.mean(shares, axis=0)


@dataclass(frozen=True)
class Patient:
    """One clip with the bodies in it, and the checksum that its poses had when written."""

    clip: Clip
    checksum: int

    @cached_property
    def bodies(self) -> list[Body]:
        """Those who are present in some frame; a frame of zeros shows nobody."""
        found = []
        for poses, present in zip(self.clip.poses, self.clip.present, strict=True):
            times = np.flatnonzero(present & poses.any((1, 2)))
            if len(times):
                own = poses if len(times) == len(poses) else poses[times]
                found.append(Body(own, times, self.clip.skeleton))
        return found

    @property
    def size(self) -> float:
        """The bodies' median size, nan where none is known."""
        sizes = [body.size for body in self.bodies if np.isfinite(body.size)]
        return float(np.median(sizes)) if sizes else float("nan")

    @property
    def up(self) -> np.ndarray:
        """(C,) the bodies' mean direction of the spine, nan where none is known."""
        ups = [body.up for body in self.bodies if np.isfinite(body.up).all()]
        return np.mean(ups, axis=0) if ups else np.full(self.clip.poses.shape[-1], np.nan)


def feet(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Pairs (ankle, toe), as far as the joints' names tell them.

    A toe is a joint named so, else one named foot; its ankle is the nearest joint above it that is
    named ankle, or foot where toes are told.
    """
    words = [joint.lower() for joint in skeleton.joints]
    toes = [joint for joint, word in enumerate(words) if "toe" in word]
    above = ("ankle", "foot") if toes else ("ankle",)
    pairs = []
    for toe in toes or [joint for joint, word in enumerate(words) if "foot" in word]:
        joint = toe
        while skeleton.parents[joint] != joint:
            joint = skeleton.parents[joint]
            if any(word in words[joint] for word in above) and "toe" not in words[joint]:
                pairs.append((joint, toe))
                break
    return pairs


def _unit(vectors: np.ndarray) -> np.ndarray:
    """(..., C) -> (..., C) of length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
