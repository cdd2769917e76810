"""PSTL: a whole view agrees with one that lacks joints and with one that lacks frames.

Zhou et al., "Self-supervised Action Representation Learning from Partial Spatio-Temporal Skeleton
Sequences", AAAI 2023, https://arxiv.org/abs/2302.09018; code https://github.com/YujieOuO/PSTL.

The idea: three augmented views of a clip pass through one encoder and one projector. The anchor is
whole. Central Spatial Masking leaves joints out, central ones sooner. Motion Attention Temporal
Masking leaves out the fastest frames and as many others at random. The loss is Barlow Twins'
between the anchor and each of the others (Eq. 5 to 7).

Unusual here:
- Masked joints are not zeros: the encoder never sees them. ST-GCN looks at what is left of its
  graph, attention at what is left of the joints. Only the statistics of the input's norm, which
  comes before, count them, as in the official code.
- Masked frames are gone too; the encoder gets the numbers of those that stay, for its position code
  where it has one (ST-GCN has none).
- Every clip has its own draws.
- A clip of fewer than 2 K + 1 frames loses fewer.

Differs from the official code (its behaviour is the option in brackets):
- Nine different joints go (``joints=8, repeats=True``: eight entries of a multiset in which each
  joint stands as often as its degree, 7.34 joints on average).
- Joints and random frames are drawn for each clip (``one_draw``: one draw for the whole batch).
- The learning rate of epoch e of the 10 of warm-up is (e + 1) / 10 of the full one
  (``training.schedule.from_zero``: e / 10, nothing is learned in the first epoch).
"""

from typing import Literal

import torch
from torch import Tensor, nn

from laban.batch import Batch
from laban.draws import Draws
from laban.errors import LabanError
from laban.nn import check_words
from laban.objectives.masking import (
    central_joints,
    joint_degrees,
    motion_attention,
    slow_frames,
)
from laban.objectives.skeleton_bt import SkeletonBT
from laban.pipelines import View
from laban.sampling import take_frames

__all__ = ["PSTL"]

Spatial = Literal["central", "random", "none"]
Temporal = Literal["motion", "random", "none"]


class PSTL(SkeletonBT):
    """SkeletonBT between a whole view and masked ones.

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The pipeline's view of the stream.
        width: Of the embeddings.
        redundancy: Weight of the correlation between different numbers, lambda.
        spatial: How joints are drawn: ``central`` by their degree (CSM), ``random`` (RSM), or
            ``none``: there is no such view.
        temporal: Which frames go: ``motion`` the fastest and random ones (MATM), ``random`` (RTM),
            or ``none``.
        joints: How many joints go.
        frames: K: so many of the fastest frames go, and so many at random.
        repeats: A joint may be drawn as often as its degree and goes once (official code).
        one_draw: All clips of a batch lose the same joints and, but for the fastest, the same
            frames (official code).
    """

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        width: int = 6144,
        redundancy: float = 2e-4,
        spatial: Spatial = "central",
        temporal: Temporal = "motion",
        joints: int = 9,
        frames: int = 10,
        repeats: bool = False,
        one_draw: bool = False,
    ) -> None:
        super().__init__(encoder, view, width=width, redundancy=redundancy)
        check_words("objective pstl", spatial=(spatial, Spatial), temporal=(temporal, Temporal))
        skeleton = view.pipeline.skeleton
        if spatial == temporal == "none":
            raise LabanError(
                "objective pstl: spatial and temporal are none, take objective skeleton-bt"
            )
        if not 0 < joints < len(skeleton) or frames < 1:
            raise LabanError(
                f"objective pstl: joints is {joints} and frames {frames}: mask 1 to "
                f"{len(skeleton) - 1} joints of {skeleton.name}, and 1 frame or more"
            )
        length = getattr(view.pipeline, "frames", None)  # where all views have as many
        if temporal != "none" and length is not None and length <= 2 * frames:
            raise LabanError(
                f"objective pstl masks {frames} frames and {frames} more of views of {length}: "
                "lower objective.frames, or take longer views"
            )
        self.spatial, self.temporal = spatial, temporal
        self.joints, self.frames = joints, frames
        self.repeats, self.one_draw = repeats, one_draw
        degrees = joint_degrees(skeleton)
        self.degrees: Tensor
        self.register_buffer(
            "degrees",
            degrees if spatial == "central" else torch.ones_like(degrees),
            persistent=False,
        )

    def passes(self, batch: Batch, generator: torch.Generator) -> list[Tensor]:
        """Features of the whole view, then of the masked: ``Batch -> [(B, D), ...]``."""
        found = [self.features(*self.augmented(batch, generator))]
        if self.temporal != "none":
            found.append(self._without_frames(batch, generator))
        if self.spatial != "none":
            poses, present = self.augmented(batch, generator)
            draws = self._draws(batch, generator)
            kept = central_joints(self.degrees, draws, self.joints, repeats=self.repeats)
            found.append(self.features(poses, present, kept))
        return found

    def _without_frames(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """The temporal masking stream: ``Batch -> (B, D)``."""
        poses, present = self.augmented(batch, generator)
        length = poses.shape[2]
        draws = self._draws(batch, generator)
        if self.temporal == "motion":
            attention = motion_attention(poses, present)
        else:
            attention = draws.uniform(length)
        kept = slow_frames(attention, present.any(1), draws, self.frames)
        poses, present = take_frames(poses, present, kept.clamp(min=0))
        present = present & (kept >= 0)[:, None]
        return self.features(poses, present, frames=kept.clamp(min=0))

    def _draws(self, batch: Batch, generator: torch.Generator) -> Draws:
        return Draws(generator, torch.zeros_like(batch.keys) if self.one_draw else batch.keys)
