"""Protocols: how an encoder is judged. ``protocol(run, data, benchmark) -> Scores``.

What else a protocol takes is an option of ``laban evaluate``.
"""

from collections.abc import Callable

from laban.evaluation.knn import knn
from laban.evaluation.linear import linear
from laban.evaluation.recognition import recognition
from laban.evaluation.scores import Scores

__all__ = ["PROTOCOLS"]

PROTOCOLS: dict[str, Callable[..., Scores]] = {
    "knn": knn,
    "linear": linear,
    "recognition": recognition,
}
