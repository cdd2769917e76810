"""What a trained network says of a clip, whatever computed it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

__all__ = ["Prediction", "softmax"]


def softmax(scores: np.ndarray) -> np.ndarray:
    """``(B, K) -> (B, K)``, rows that sum to one."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@dataclass
class Prediction:
    """What a run says of a clip.

    Attributes:
        clip: The clip's name.
        label: The most probable class.
        index: Its number.
        probability: Its probability, 0 to 1.
        top5: The five most probable classes with their probabilities.
    """

    clip: str
    label: str
    index: int
    probability: float
    top5: list[tuple[str, float]]

    @classmethod
    def of(cls, clip: str, shares: np.ndarray, classes: Sequence[str]) -> "Prediction":
        """From the probability of every class, ``(K,) ->``."""
        order = np.argsort(-shares, kind="stable")[:5]
        top = [(classes[k], round(float(shares[k]), 6)) for k in order]
        return cls(clip, top[0][0], int(order[0]), top[0][1], top)

    def to_json(self) -> dict:
        """Plain values."""
        return asdict(self) | {"top5": [list(pair) for pair in self.top5]}
