"""What STST's tasks ask of an encoder, Eq. 16 to 18: see `laban.objectives.stst_tasks`.

Zhang et al., "STST", ACM Multimedia 2021, https://doi.org/10.1145/3474085.3475473, section 3.5.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.augment import random_noise
from laban.draws import Draws
from laban.errors import LabanError
from laban.nn import Features, LinearNorm, masked_mean, shared_mean, sinusoid
from laban.objectives.corruption import orders, permuted_segments, person_draws, selected
from laban.sampling import take_frames

__all__ = ["STSTHeads", "of_every_frame"]


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
        shipped: Coordinates are altered and judged as in the official code.
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
        shipped: bool,
    ) -> None:
        super().__init__()
        if not 0 < share <= 1 or not 2 <= segments <= 6:
            raise LabanError(
                f"the objective's share is {share} and its segments {segments}: give a share above "
                "0, and 2 to 6 segments"
            )
        if not (semantic or coordinates or permutation):
            raise LabanError("all of STST's tasks are off: switch one on")
        self.share, self.segments, self.shipped = share, segments, shipped
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
            if self.shipped:
                losses["coordinates"] = self._shipped(encoder, poses, present, draws, noise)
            else:
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

    def _shipped(
        self, encoder: nn.Module, poses: Tensor, present: Tensor, draws: Draws, noise: Draws
    ) -> Tensor:
        """The official coordinate task: 10 % are zero and 10 % moved, all are judged."""
        assert self.coordinates is not None
        chance, moves = (one.uniform(*poses.shape[2:4])[:1, None] for one in (draws, noise))
        moved = poses + (moves - 0.5)[..., None]  # uniform within 0.5, along all axes alike
        broken = torch.where((chance < 0.2)[..., None], moved, poses)
        broken = broken.masked_fill((chance < 0.1)[..., None], 0) * present[..., None, None]
        values, there = of_every_frame(encoder(broken, present), poses.shape[2])
        wrong = (self.coordinates(values, there) - poses).abs().mean(-1)
        return shared_mean(wrong, present[..., None] & there)

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
