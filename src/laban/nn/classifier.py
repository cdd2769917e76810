"""An encoder and the mean over what is present, alone or with a linear map to class scores."""

from torch import Tensor, nn

from laban.nn.features import masked_mean

__all__ = ["Classifier", "Pooled"]


class Pooled(nn.Module):
    """An encoder's features, averaged over what is present.

    Args:
        encoder: A module that gives `Features`.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> Tensor:
        """(B, M, T, V, C), (B, M, T) -> (B, D), arguments as the encoder takes them."""
        return masked_mean(self.encoder(poses, present, joints, frames))


class Classifier(nn.Module):
    """Scores of an encoder's pooled features.

    Args:
        encoder: A module with ``dim`` that gives `Features`.
        classes: Number of classes.
    """

    def __init__(self, encoder: nn.Module, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(int(encoder.dim), classes)  # type: ignore[arg-type]
        nn.init.xavier_normal_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> Tensor:
        """(B, M, T, V, C), (B, M, T) -> (B, K) scores before the softmax.

        Args:
            poses: The batch.
            present: Which persons and frames exist; None: all.
            joints: As the encoder takes them.
            frames: As the encoder takes them.
        """
        return self.head(masked_mean(self.encoder(poses, present, joints, frames)))
