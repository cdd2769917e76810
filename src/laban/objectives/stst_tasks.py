"""STST's multi-task self-supervision: which joint is it, where was it, in which order did it come.

Zhang et al., "STST: Spatial-Temporal Specialized Transformer for Skeleton-based Action
Recognition", ACM Multimedia 2021, https://doi.org/10.1145/3474085.3475473, section 3.5; code
https://github.com/HanzoZY/STST.

The idea: three kinds of information may be wrong in a recording, and a task for each makes the
encoder stand it. Semantic tokens of some joints are masked in all frames, and what the encoder
says of those joints must tell which they are (Eq. 16). Coordinates of some joints in some frames
are masked and must be found again (Eq. 17). The clip is cut into K segments, and which of the K!
orders they were put in must be told (Eq. 18).

Of what is selected 80 % is masked, 10 % is something else and 10 % stays. The losses are means over
the selected where the equations write sums, over all processes.

The paper leaves open: the share that is selected (15 %, BERT's) and K (3, as in its code). Heads
are those of the official code: linear map, batch normalisation, leaky ReLU, linear map. A joint is
told by the mean of its features over frames and persons, an order by the mean over everything.
Every clip is reordered, and to leave it as it is counts as one of the K! orders.

On other encoders than STST the tasks carry over like this:
- Semantic tokens are STST's own: the task needs an encoder that has them.
- Coordinates are read off the joint's feature in that frame. Where strides leave fewer frames T' of
  T, frame t is read off feature floor(t T' / T), to which the sinusoid of the frame's place among
  those that share the feature is added. Features without joints do not carry them: Hi-TRS's above
  its frame level.
- Segments are reordered in the view. Hi-TRS's features at the frame level know no order.

Differs from the official code: STST's paper is followed where the two part (squared distance of the
masked joints alone; normal noise with a variance of 1; there L1 of all joints and uniform noise;
two more tasks).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.augment import random_noise
from laban.batch import Batch
from laban.draws import Draws
from laban.errors import LabanError
from laban.nn import Features, LinearNorm, masked_mean, shared_mean, sinusoid
from laban.objectives.corruption import orders, permuted_segments, person_draws, selected
from laban.objectives.recognition import Recognition
from laban.pipelines import View
from laban.sampling import take_frames

__all__ = ["RecognitionSTST", "STSTHeads", "STSTTasks"]


class Head(nn.Module):
    """A linear map, batch normalisation, leaky ReLU and a linear map."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.hidden, self.out = LinearNorm(inputs, inputs), nn.Linear(inputs, outputs)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(..., D), (...) -> (..., D')."""
        return self.out(F.leaky_relu(self.hidden(x, mask), 0.1))


class STSTHeads(nn.Module):
    """The tasks without the encoder: what they ask of it.

    Args:
        encoder: Whom they will ask; not kept.
        joints: Number of joints of the skeleton.
        semantic: Whether joints are to be told.
        coordinates: Whether coordinates are to be found.
        permutation: Whether the order of segments is to be told.
        share: Probability that a joint, or a joint in a frame, is selected.
        segments: K.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        joints: int,
        semantic: bool,
        coordinates: bool,
        permutation: bool,
        share: float,
        segments: int,
    ) -> None:
        super().__init__()
        if not 0 < share <= 1 or not 2 <= segments <= 6:
            raise LabanError(
                f"the objective's share is {share} and its segments {segments}: give a share above "
                "0, and 2 to 6 segments"
            )
        if not (semantic or coordinates or permutation):
            raise LabanError("all of STST's tasks are off: switch one on")
        self.share, self.segments = share, segments
        width, level = int(encoder.dim), getattr(encoder, "level", None)  # type: ignore[arg-type]
        if semantic:
            tokens = getattr(getattr(encoder, "tokens", None), "semantic", None)
            if tokens is None:
                raise LabanError(
                    "this encoder has no semantic tokens, which are STST's: give "
                    "objective.semantic false"
                )
            self.mask = nn.Parameter(torch.rand(tokens.shape[1]))
        if coordinates and level in ("clip", "video"):
            raise LabanError(
                f"the features of hi-trs at level {level} have no joints: give "
                "objective.coordinates false, or take objective hi-trs-hierarchy"
            )
        if permutation and level == "frame":
            raise LabanError(
                "the features of hi-trs at level frame know no order: give objective.permutation "
                "false, or another level"
            )
        channels = int(encoder.channels)  # type: ignore[arg-type]
        self.semantic = Head(width, joints) if semantic else None
        self.coordinates = Head(width, channels) if coordinates else None
        self.permutation = Head(width, math.factorial(segments)) if permutation else None

    def forward(
        self,
        encoder: nn.Module,
        poses: Tensor,
        present: Tensor,
        keys: Tensor,
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """The loss of each task, (): ``view (B, M, T, V, C), (B, M, T), (B,) -> losses``."""
        losses = {}
        if self.semantic is not None:
            losses["semantic"] = self._semantic(encoder, poses, present, Draws(generator, keys))
        if self.coordinates is not None:
            # Two sets of draws: how many numbers the first gives depends on the batch's persons.
            draws, noise = Draws(generator, keys), Draws(generator, keys)
            losses["coordinates"] = self._coordinates(encoder, poses, present, draws, noise)
        if self.permutation is not None:
            draws = Draws(generator, keys)
            losses["permutation"] = self._permutation(encoder, poses, present, draws)
        return losses

    def _semantic(self, encoder: nn.Module, poses: Tensor, present: Tensor, draws: Draws) -> Tensor:
        """Eq. 16."""
        assert self.semantic is not None
        own: Tensor = encoder.get_submodule("tokens").semantic  # type: ignore[assignment]
        joints = len(own)
        chosen, masked, other = selected(draws.uniform(joints), self.share)
        joint = torch.arange(joints, device=own.device)
        step = 1 + (draws.uniform(joints) * (joints - 1)).long()  # to any other joint
        tokens = own[torch.where(other, (joint + step) % joints, joint)]
        tokens = torch.where(masked[..., None], self.mask, tokens)
        embedded = encoder.embed(poses, present, tokens=tokens)  # type: ignore[operator]
        features: Features = encoder.encode(*embedded)  # type: ignore[operator]
        seen = features.present.any(2).any(1)
        said = self.semantic(masked_mean(features, (1, 2)).to(poses.dtype), seen)
        wrong = F.cross_entropy(said.transpose(1, 2), joint.expand(len(said), -1), reduction="none")
        return shared_mean(wrong, chosen & seen)

    def _coordinates(
        self, encoder: nn.Module, poses: Tensor, present: Tensor, draws: Draws, noise: Draws
    ) -> Tensor:
        """Eq. 17."""
        assert self.coordinates is not None
        shape = poses.shape[1:4]
        chosen, masked, other = selected(person_draws(draws, *shape), self.share)
        moved = random_noise(poses, present, noise, 1.0, probability=1.0)
        broken = torch.where(other[..., None], moved, poses).masked_fill(masked[..., None], 0)
        broken = broken * present[..., None, None]
        values, there = of_every_frame(encoder(broken, present), poses.shape[2])
        wrong = (self.coordinates(values, there) - poses).square().sum(-1)
        return shared_mean(wrong, chosen & present[..., None] & there)

    def _permutation(
        self, encoder: nn.Module, poses: Tensor, present: Tensor, draws: Draws
    ) -> Tensor:
        """Eq. 18."""
        assert self.permutation is not None
        ways = orders(self.segments, poses.device)
        way = (draws.uniform() * len(ways)).long()
        frame = torch.arange(1, poses.shape[2] + 1, device=poses.device)
        lengths = (present.any(1) * frame).amax(1)
        chosen = permuted_segments(lengths, poses.shape[2], ways[way])
        pooled = masked_mean(encoder(*take_frames(poses, present, chosen)))
        return F.cross_entropy(self.permutation(pooled.to(poses.dtype)), way)


def of_every_frame(features: Features, frames: int) -> tuple[Tensor, Tensor]:
    """Features (B, M, T', V', D) -> (B, M, T, V', D), (B, M, T, V'): one for each frame.

    Frame t has feature floor(t T' / T), with the sinusoid of its place among those that share it.
    """
    short = features.values.shape[2]
    if short == frames:
        return features.values, features.present
    frame = torch.arange(frames, device=features.values.device)
    shared = frame * short // frames
    place = frame - (shared * frames + short - 1) // short
    code = sinusoid(place, features.values.shape[-1]).to(features.values)
    return features.values[:, :, shared] + code[:, None], features.present[:, :, shared]


class STSTTasks(nn.Module):
    """The tasks alone: pre-training without labels.

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The pipeline's view of the stream.
        semantic: Whether joints are to be told by their features (PS).
        coordinates: Whether masked coordinates are to be found (PC).
        permutation: Whether the order of segments is to be told (PT).
        share: Probability that a joint, or a joint in a frame, is selected.
        segments: In how many a clip is cut, K.
    """

    compares = 2  # clips of a step, at least: the heads normalise over them

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        semantic: bool = True,
        coordinates: bool = True,
        permutation: bool = True,
        share: float = 0.15,
        segments: int = 3,
    ) -> None:
        super().__init__()
        self.encoder, self.view = encoder, view
        self.tasks = STSTHeads(
            encoder,
            joints=len(view.pipeline.skeleton),
            semantic=semantic,
            coordinates=coordinates,
            permutation=permutation,
            share=share,
            segments=segments,
        )

    def forward(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; labels are not looked at."""
        poses, present = self.view(batch, generator)
        poses = poses.to(next(self.encoder.parameters()).dtype)
        losses = self.tasks(self.encoder, poses, present, batch.keys, generator)
        loss = torch.stack(list(losses.values())).sum()
        return loss, {name: value.detach() for name, value in (losses | {"loss": loss}).items()}


class RecognitionSTST(Recognition):
    """Recognition and the tasks together, on one view (section 3.6).

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The pipeline's view of the stream.
        classes: How many classes there are.
        smoothing: Share of recognition's target spread evenly over all classes.
        weight: Of each task (section 4.2; official code: 0.1).
        semantic: Whether joints are to be told by their features (PS).
        coordinates: Whether masked coordinates are to be found (PC).
        permutation: Whether the order of segments is to be told (PT).
        share: Probability that a joint, or a joint in a frame, is selected.
        segments: In how many a clip is cut, K.
    """

    compares = STSTTasks.compares

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        classes: int,
        smoothing: float = 0.0,
        weight: float = 0.2,
        semantic: bool = True,
        coordinates: bool = True,
        permutation: bool = True,
        share: float = 0.15,
        segments: int = 3,
    ) -> None:
        super().__init__(encoder, view, classes=classes, smoothing=smoothing)
        if weight < 0:
            raise LabanError(f"the objective's weight is {weight}, give 0 or more")
        self.weight = weight
        self.tasks = STSTHeads(
            encoder,
            joints=len(view.pipeline.skeleton),
            semantic=semantic,
            coordinates=coordinates,
            permutation=permutation,
            share=share,
            segments=segments,
        )

    def forward(
        self, batch: Batch, generator: torch.Generator | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; every clip of the batch has a label."""
        generator = generator or torch.Generator().manual_seed(0)
        poses, present = self.view(batch, generator)
        loss, logs = self.graded(self.scores_of(poses, present), batch.labels)
        poses = poses.to(self.model.head.weight.dtype)
        losses = self.tasks(self.model.encoder, poses, present, batch.keys, generator)
        loss = loss + self.weight * torch.stack(list(losses.values())).sum()
        logs |= {name: value.detach() for name, value in losses.items()}
        return loss, logs | {"loss": loss.detach()}
