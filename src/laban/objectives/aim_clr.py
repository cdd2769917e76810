"""AimCLR: what extreme augmentation and dropped features show is drawn near in a gentle way.

Guo et al., "Contrastive Learning from Extremely Augmented Skeleton Sequences for Self-supervised
Action Recognition", AAAI 2022, https://arxiv.org/abs/2112.03590; code
https://github.com/Levigty/AimCLR.

The idea: to SkeletonCLR's query and key come two embeddings of an extremely augmented view, one of
its features as they are, one without those that stand out (EADM). They need not be near to the key
itself: their similarities to key and queue must be distributed as the query's are (D3M). Later in
the training the nearest in the queue of each of the three embeddings count as keys too (NNM).

The extreme view is the pipeline's, and then: sides swapped (p = 1/2), turned, frames reversed
(p = 1/2), normal noise of 0.01 (p = 1/2), blurred over 15 frames (p = 1/2), one axis zero
(p = 1/2).

EADM, in the official code's form: in the last features of a person, each channel by itself, a
number x has the attention sigmoid((x - mean)^2 / (4 (variance + 1e-4)) + 1/2), which is SimAM's
(Yang et al., ICML 2021). Joints whose mean attention over frames and channels is 0.7 or more go,
then every number whose own is; what stays is scaled up, each time, by the share that stays of the
whole batch. 0.7 is what the official network asks for, not its module's own default of 0.9: a
number goes that is 1.18 spreads or more from the mean, a quarter of normal ones. Features without
joints and frames have nothing that stands out: Hi-TRS's above its frame level take no ``drop``.

Differs from the official code (its behaviour is the option in brackets):
- Frames may be reversed, as the paper has it (``reverse=False``).
- The blur is a mean over the frames that are there (there a sum, which makes bodies larger).
- The stream comes before the augmentation.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.augment import (
    random_axis_mask,
    random_axis_rotation,
    random_blur,
    random_noise,
    random_reversal,
    random_swap,
)
from laban.batch import Batch
from laban.draws import Draws
from laban.errors import LabanError
from laban.nn import Features, masked_mean, summed_over_processes
from laban.objectives.skeleton_clr import SkeletonCLR
from laban.pipelines import View

__all__ = ["AimCLR", "attention_drop", "mined"]


class AimCLR(SkeletonCLR):
    """SkeletonCLR with extreme views, dropped features and mined neighbours.

    Args:
        encoder: Gives features (B, M, T', V', D); the query's.
        view: The pipeline's view of the stream.
        width: Of the embeddings.
        queue: Keys that are remembered, as many as a batch has clips at least.
        momentum: Share that the key's weights keep at each step.
        temperature: What similarities are divided by, tau.
        drop: Whether the extreme view counts a second time without what stands out (EADM).
        threshold: Attention from which a joint or a number goes.
        reverse: Whether extreme views may run backwards (not in the official code).
        mining: Epochs before neighbours count as keys.
        neighbours: How many of the queue count, for each of the embeddings.
    """

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        width: int = 128,
        queue: int = 32768,
        momentum: float = 0.999,
        temperature: float = 0.07,
        drop: bool = True,
        threshold: float = 0.7,
        reverse: bool = True,
        mining: int = 150,
        neighbours: int = 1,
    ) -> None:
        contrast = {"momentum": momentum, "temperature": temperature}
        super().__init__(encoder, view, width=width, queue=queue, **contrast)
        if drop and getattr(encoder, "level", None) in ("clip", "video"):
            raise LabanError(
                "objective aim-clr: the features of hi-trs above its level frame have no joints: "
                "give objective.drop false"
            )
        if not 1 <= neighbours <= queue or mining < 0:
            raise LabanError(
                f"objective aim-clr: neighbours is {neighbours} and mining {mining}: give 1 to the "
                f"queue's {queue}, and 0 epochs or more"
            )
        self.drop, self.threshold, self.reverse = drop, threshold, reverse
        self.mining, self.neighbours = mining, neighbours
        self.epoch = 0  # told by the training loop

    def forward(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; labels are not looked at."""
        features = self.encoder(*self.extreme(batch, generator))
        shown = [features, attention_drop(features, self.threshold)] if self.drop else [features]
        extremes = [self.embed(masked_mean(one)) for one in shown]
        query = self.embed(self._features(batch, generator))
        keys = self.keys(batch, generator)
        logits = self.logits(query, keys)
        others = [self.logits(one, keys) for one in extremes]
        positive = F.one_hot(torch.zeros_like(batch.labels), logits.shape[1]).bool()
        if self.epoch >= self.mining:
            positive = mined([logits, *others], self.neighbours)
        contrast = -(logits.log_softmax(1) * positive).sum(1) / positive.sum(1)
        target = logits.detach().softmax(1)
        divergence = torch.stack([F.cross_entropy(one, target) for one in others]).mean()
        loss = contrast.mean() + divergence
        self.remember(keys)
        logs = {"loss": loss, "contrast": contrast.mean(), "divergence": divergence}
        return loss, {name: value.detach() for name, value in logs.items()}

    def extreme(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A view augmented further: ``Batch (B, M, T, V, C) -> (B, M, T', V, C'), (B, M, T')``."""
        poses, present = self.view(batch, generator)
        if poses.shape[-1] % 3:
            raise LabanError(
                f"objective aim-clr turns x y z, and poses have {poses.shape[-1]} axes"
            )
        with torch.autocast(poses.device.type, enabled=False):
            skeleton = self.view.pipeline.skeleton
            kinds = (Draws(generator, batch.keys) for _ in range(6))
            poses = random_swap(poses, next(kinds), skeleton)
            if self.reverse:
                poses, present = random_reversal(poses, present, next(kinds))
            parts = poses.unflatten(-1, (-1, 3)).unbind(-2)  # joint+bone is turned as one
            poses = torch.cat(parts, 3)
            poses = random_axis_rotation(poses, next(kinds))
            poses = random_noise(poses, present, next(kinds), 0.01)
            poses = random_blur(poses, present, next(kinds))
            poses = random_axis_mask(poses, next(kinds))
            poses = torch.cat(poses.chunk(len(parts), 3), -1)
        return poses.to(self.queue.dtype), present


def attention_drop(features: Features, threshold: float, ease: float = 1e-4) -> Features:
    """EADM: features (B, M, T', V', D) -> the same without what stands out, scaled up.

    Args:
        features: What an encoder gave.
        threshold: Attention from which a joint or a number goes.
        ease: Added to the variance.
    """
    x, there = features.values, features.present[..., None]
    with torch.no_grad():
        wide = x.to(torch.promote_types(x.dtype, torch.float32)).masked_fill(~there, 0)
        count = there.sum((2, 3), keepdim=True)
        mean = wide.sum((2, 3), keepdim=True) / count.clamp(min=1)
        squared = (wide - mean).square().masked_fill(~there, 0)
        variance = squared.sum((2, 3), keepdim=True) / (count - 1).clamp(min=1)
        attention = torch.sigmoid(squared / (4 * (variance + ease)) + 0.5).masked_fill(~there, 0)
        frames = there.sum((2, 4), keepdim=True)  # (B, M, 1, V', 1)
        of_joint = attention.mean(4, keepdim=True).sum(2, keepdim=True) / frames.clamp(min=1)
        joints = _scaled((of_joint < threshold) & (frames > 0), frames > 0)
        numbers = _scaled((attention < threshold) & there, there.expand_as(attention))
    return Features(x * (joints * numbers).to(x.dtype), features.present)


def _scaled(kept: Tensor, all_: Tensor) -> Tensor:
    """What stays, as a factor that makes up for what goes in the whole batch: (...) -> (...)."""
    counts = torch.stack((all_.sum(), kept.sum())).to(torch.float32)
    total, stay = summed_over_processes(counts)
    return kept * (total / stay.clamp(min=1))


def mined(logits: list[Tensor], neighbours: int) -> Tensor:
    """NNM: which of key and queue count as keys: ``[(B, 1 + queue), ...] -> (B, 1 + queue)`` bool.

    The own key, and the nearest of the queue to each embedding.
    """
    positive = torch.zeros_like(logits[0], dtype=torch.bool)
    positive[:, 0] = True
    for one in logits:
        nearest = one[:, 1:].topk(neighbours, dim=1).indices + 1
        positive = positive.scatter(1, nearest, value=True)
    return positive
