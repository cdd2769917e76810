"""Recordings from wherever they are: a store, or a raw file, folder or zip of any known format."""

from collections.abc import Callable, Iterator
from pathlib import Path

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers import READERS, detect_format
from laban.readers.source import Source
from laban.store import Store

__all__ = ["Skipped", "recordings"]

_SHOWN = 20


class Skipped:
    """Recordings that are left out, and why: many of one kind are one line."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], list[str]] = {}  # by the sentence around a name

    def add(self, sentence: str, name: str = "") -> None:
        """Another one, with the name where the sentence begins with a clip's."""
        begin = f"clip {name}"
        if not name or not sentence.startswith(begin):
            begin, name = sentence, ""
        around = (begin.removesuffix(name), sentence.removeprefix(begin))
        self._names.setdefault(around, []).append(name)

    def lines(self) -> list[str]:
        """A sentence for each kind, with the count and at the most three names."""
        found = []
        for (before, after), (name, *others) in self._names.items():
            such = f", such as {' and '.join(others[:2])}" if any(others) else ""
            more = f" (and {len(others):,} more{such})" if others else ""
            found.append(f"{before}{name}{after}{more}")
        if len(found) > _SHOWN:
            found[_SHOWN:] = [f"and {len(found) - _SHOWN:,} more for other reasons"]
        return found


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
