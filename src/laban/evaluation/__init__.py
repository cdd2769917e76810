"""Protocols: how an encoder is judged. ``protocol(run, data, benchmark) -> Scores``."""

from collections.abc import Callable

from laban.evaluation.recognition import recognition
from laban.evaluation.scores import Scores

__all__ = ["PROTOCOLS"]

PROTOCOLS: dict[str, Callable[..., Scores]] = {"recognition": recognition}
