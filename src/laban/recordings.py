"""Recordings from wherever they are: a store, or a raw file, folder or zip of any known format."""

import re
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
    """What was left out or is odd, and why: many of one kind are one line."""

    def __init__(self) -> None:
        # By the sentence without name and numbers: the first such sentence, and all names.
        self._kinds: dict[tuple[bool, str], tuple[str, list[str]]] = {}

    def add(self, sentence: str, name: str = "", *, note: bool = False) -> None:
        """Another one.

        Args:
            sentence: What is said.
            name: The recording that it names, where it does; the same of others is counted.
            note: The recording is used; what is left out is told first.
        """
        kind, there = re.subn(rf"(?<!\w){re.escape(name)}(?!\w)", "", sentence, count=1)
        if name and there:
            kind = re.sub(r"\d+(\.\d+)?", "#", kind)
        else:
            kind, name = sentence, ""
        self._kinds.setdefault((note, kind), (sentence, []))[1].append(name)

    def lines(self) -> list[str]:
        """A sentence for each kind, with the count and at the most three names."""
        return [*self._lines(note=False), *self._lines(note=True)]

    def _lines(self, *, note: bool) -> list[str]:
        found = []
        for (of_note, _), (sentence, (_, *others)) in self._kinds.items():
            if of_note is note:
                such = f", such as {' and '.join(others[:2])}" if any(others) else ""
                found.append(sentence + (f" (and {len(others):,} more{such})" if others else ""))
        if len(found) > _SHOWN:
            what = "of other kinds" if note else "for other reasons"
            found[_SHOWN:] = [f"and {len(found) - _SHOWN:,} more {what}"]
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
