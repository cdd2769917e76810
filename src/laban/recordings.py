"""Recordings from wherever they are: a store, or a raw file, folder or zip of any known format."""

from collections.abc import Callable, Iterator
from pathlib import Path

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers import READERS, detect_format
from laban.readers.source import Source
from laban.store import Store

__all__ = ["recordings"]


def recordings(path: Path, *, skip: Callable[[str], None] | None = None) -> Iterator[Clip]:
    """The clips at a path, lazily.

    Args:
        path: A store, or raw recordings.
        skip: Called with the sentence of each recording that cannot be read, which is then left
            out; None: its LabanError is raised.
    """
    if path.is_file() and _is_arrow(path):
        yield from Store(path)
        return
    with Source.open(path) as source:
        name = detect_format(source)
        if name is None:
            raise LabanError(
                f"{path} is no store and no recording of a known format ({', '.join(READERS)})"
            )
        for entry in READERS[name].find(source):
            try:
                clip = READERS[name].read(source, entry)
            except LabanError as error:
                if skip is None:
                    raise
                skip(str(error))
                continue
            yield clip


def _is_arrow(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"ARROW1"
