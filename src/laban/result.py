"""What a command says: one JSON value for programs, text for people."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Result"]


@dataclass
class Result:
    """The outcome of a command.

    Attributes:
        value: What ``--json`` prints, plain values only.
        text: What a person reads: a string or anything that rich prints.
    """

    value: Any
    text: Any
