"""Writers: a store to an exchange format, for those who go on elsewhere; clips one at a time.

To add one, write a file beside these and a line in `WRITERS`; its data sheet, with the format's
address (such as https://github.com/kennymckormick/pyskl), heads its file.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from laban.store import Store
from laban.writers.pyskl import write_pyskl

__all__ = ["WRITERS", "Writer"]


class Writer(Protocol):
    """What every writer is: a function from clips of a store to a file."""

    def __call__(
        self,
        store: Store,
        keys: Sequence[int],
        labels: Sequence[int | None],
        classes: Sequence[str],
        split: Mapping[str, Iterable[str]],
        path: Path,
    ) -> None:
        """Writes the clips of these numbers, with their classes and the lists of a split."""


WRITERS: dict[str, Writer] = {"pyskl": write_pyskl}
