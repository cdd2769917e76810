"""A component by its name and options, as a recipe writes them."""

from collections.abc import Mapping
from typing import Any

__all__ = ["component"]


def component(
    names: Mapping[str, type], options: Mapping[str, Any], *given: Any, **own: Any
) -> Any:
    """The component that ``name`` says, built with the other options, lists as tuples."""
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items() if k != "name"}
    return names[options["name"]](*given, **own, **values)
