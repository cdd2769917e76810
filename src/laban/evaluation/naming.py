"""What the things are called that protocols leave in a run."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from laban.arguments import options_of

__all__ = ["kept_name"]


def kept_name(name: str, protocol: Callable, benchmark: str, options: Mapping[str, Any]) -> str:
    """Protocol, benchmark and what is not at its default, such as ``knn-toy-neighbours-5``.

    Args:
        name: The protocol's.
        protocol: Its function.
        benchmark: The benchmark's name.
        options: Its own arguments; those that are not given are at their defaults.
    """
    words = [name, benchmark]
    for option, parameter in options_of(protocol).items():
        value = options.get(option, parameter.default)
        if value != parameter.default:
            values = value if isinstance(value, list | tuple) else [] if value is True else [value]
            words += [option.replace("_", "-"), *map(_word, values)]
    return re.sub(r"[^\w.-]+", "-", "-".join(words))


def _word(value: object) -> str:
    """A value as it stands in a name; of a path what it is called."""
    if isinstance(value, float):
        return f"{value:g}"
    return Path(str(value)).stem if "/" in str(value) else str(value)
