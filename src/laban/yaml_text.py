"""YAML that a person wrote, and where it is at fault in words that a person knows."""

from typing import Any

import yaml

from laban.errors import LabanError

__all__ = ["parse_yaml"]

# What PyYAML was in the middle of where the beginning of it, not the end, is the place to look at.
_OPENED = ("while parsing a flow", "while scanning a quoted")


def parse_yaml(data: bytes, name: str) -> Any:
    """The value of a YAML or JSON text.

    Args:
        data: The file's bytes, UTF-8, or UTF-16 with its byte-order mark.
        name: The file, for the sentence of an error.

    Raises:
        LabanError: With the file and, where there is one, the line.
    """
    try:
        return yaml.safe_load(data)
    except yaml.MarkedYAMLError as fault:
        opened = (fault.context or "").startswith(_OPENED)
        mark = (fault.context_mark if opened else None) or fault.problem_mark or fault.context_mark
        place = f"{name}, line {mark.line + 1}" if mark else name
        remedy = (
            "close the bracket or quote that begins there"
            if opened
            else "look for a tab, a colon without a blank behind it, or lines that do not align"
        )
        raise LabanError(f"{place}: this is not YAML, {remedy}") from fault
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise LabanError(f"{name} is not text in UTF-8, save it as such") from fault
    except (ValueError, RecursionError) as fault:  # a date without such a day, a thousand brackets
        raise LabanError(f"{name} holds what YAML cannot express, write plain values") from fault
