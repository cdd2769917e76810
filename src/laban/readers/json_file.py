"""JSON out of a source, bounded: https://www.rfc-editor.org/rfc/rfc8259."""

import json
from typing import Any

from laban.errors import LabanError
from laban.readers.source import Source

__all__ = ["LARGEST_JSON", "parse_json", "read_json"]

LARGEST_JSON = 16 * 2**20  # bytes of one clip; lists of numbers take far more in memory


def read_json(source: Source, name: str, *, largest: int = LARGEST_JSON) -> Any:
    """The value of a JSON file; raises LabanError where it is too large or no JSON."""
    if (size := source.size(name)) > largest:
        raise LabanError(f"{name} has {size:,} bytes, too many for a clip: leave it out")
    return parse_json(source.read(name), name)


def parse_json(data: bytes, name: str) -> Any:
    """The value of a JSON text; raises LabanError with the file where it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as fault:
        reason = " ".join(str(fault).split())[:120]
        raise LabanError(f"{name} is not JSON ({reason}): copy the file again") from fault
