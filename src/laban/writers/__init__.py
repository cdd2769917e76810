"""Writers: a store to an exchange format, for those who go on elsewhere; clips one at a time.

Each makes one file, or one folder where the format has several.

To add one, write a file beside these and a line in `WRITERS`; its data sheet, with the format's
address (such as https://github.com/kennymckormick/pyskl), heads its file.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from laban.store import Store
from laban.writers.agcn import write_agcn
from laban.writers.ctr_gcn import write_ctr_gcn
from laban.writers.pyskl import write_pyskl

__all__ = ["WRITERS", "Writer"]


class Writer(Protocol):
    """What every writer is: a function from clips of a store to a file or folder."""

    def __call__(
        self,
        store: Store,
        keys: Sequence[int],
        labels: Sequence[int | None],
        classes: Sequence[str],
        split: Mapping[str, Iterable[str]],
        path: Path,
    ) -> None:
        """Writes clips of a store.

        Args:
            store: The clips.
            keys: Their numbers, at least one.
            labels: The class number of each, None where it has none.
            classes: The names of the classes.
            split: Lists of clip names, such as ``xsub_train`` and ``xsub_val``.
            path: What is not there yet; whatever goes wrong, the caller takes it away.

        Raises:
            LabanError: Where the format cannot express the store.
        """


WRITERS: dict[str, Writer] = {
    "pyskl": write_pyskl,
    "ctr-gcn": write_ctr_gcn,
    "agcn": write_agcn,
}
