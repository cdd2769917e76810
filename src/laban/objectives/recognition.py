"""Recognition: one class a clip, cross-entropy. The plain supervised objective of all five papers.

DSTA-Net section 4.2, https://arxiv.org/abs/2007.03263: "cross-entropy as the loss function".

Unusual here: nothing; label smoothing is off, as in the papers.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from laban.batch import Batch
from laban.errors import LabanError
from laban.nn import Classifier
from laban.pipelines import View

__all__ = ["Recognition"]


class Recognition(nn.Module):
    """An encoder, a linear head on its pooled features and the cross-entropy of its scores.

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The pipeline's view of the stream.
        classes: How many classes there are.
        smoothing: Share of the target spread evenly over all classes.
    """

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        classes: int,
        smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise LabanError(f"objective recognition: smoothing is {smoothing}, give 0 to below 1")
        self.model = Classifier(encoder, classes)
        self.view, self.smoothing = view, smoothing

    def forward(
        self, batch: Batch, generator: torch.Generator | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; every clip of the batch has a label."""
        return self.graded(self.scores(batch, generator), batch.labels)

    def graded(self, scores: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """``(B, classes), (B,) -> loss (), logs``."""
        loss = cross_entropy(scores, labels, label_smoothing=self.smoothing)
        right = (scores.argmax(1) == labels).float().mean()
        return loss, {"loss": loss.detach(), "accuracy": right}

    def scores(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Class scores before the softmax: ``Batch (B, M, T, V, C) -> (B, classes)``."""
        return self.scores_of(*self.view(batch, generator))

    def scores_of(self, poses: Tensor, present: Tensor) -> Tensor:
        """Of a view: ``(B, M, T, V, C), (B, M, T) -> (B, classes)``."""
        scores = self.model(poses.to(self.model.head.weight.dtype), present)
        return scores.to(torch.promote_types(scores.dtype, torch.float32))
