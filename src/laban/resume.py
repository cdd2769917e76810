"""What an interrupted conversion left, as the beginning of the next one.

An unfinished store is Arrow's IPC stream behind eight bytes
(https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format), so the record batches that
were written whole can be read. Their clips are written again, which is faster than reading the
recordings, and the store comes out as if nothing had happened.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from laban.clip import Clip
from laban.errors import LabanError
from laban.layout import Batches, whole_batches
from laban.readers import Entry
from laban.store import Store
from laban.unfinished import adopted, left_behind, remove_unfinished

__all__ = ["Earlier", "take_up"]


class _Part(Store):
    """The whole clips of an unfinished store."""

    def _opened(self) -> Batches:
        return whole_batches(self.path)


class Earlier:
    """The clips that an interrupted conversion of some entries left.

    Attributes:
        info: What their store was to say about its origin.
    """

    def __init__(self, part: Path, entries: list[Entry]) -> None:
        self._store = _Part(part)
        self.info = self._store.info
        names = {entry.name for entry in entries}
        # The entry of each clip. That of a cut may have further ones, so the last does not count.
        origins = [
            name if name in names else self._store.facts(number).get("cut_from", name)
            for number, name in enumerate(self._store.names)
        ]
        is_cut = origins[-1] != self._store.names[-1]
        self._count = origins.index(origins[-1]) if is_cut else len(origins)
        self._done = set(origins[: self._count])

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Clip]:
        checksums = self._store.column("checksum")
        for number in range(self._count):
            clip = self._store[number]
            if zlib.crc32(clip.poses.data) != checksums[number]:
                raise LabanError(
                    f"{self._store.path} is damaged at clip {clip.name}: leave out --resume, to "
                    "begin anew"
                )
            yield clip

    def rest(self, entries: list[Entry]) -> list[Entry]:
        """The entries without a clip; those that were skipped are among them."""
        return [entry for entry in entries if entry.name not in self._done]

    def remove(self) -> None:
        """Take the unfinished store away."""
        remove_unfinished(self._store.path)


def take_up(store: Path, entries: list[Entry], info: dict[str, Any]) -> Earlier | None:
    """What an interrupted conversion to this store left on this machine, None where nothing is.

    It is not removed before the store is whole, so that it may be interrupted again.

    Args:
        store: The store to write.
        entries: What is to be converted.
        info: What the store is to say about its origin, but for the mapping of joints.

    Raises:
        LabanError: Where it was begun with another source or other options.
    """
    parts = [part for part in left_behind(store) if whole_batches(part)[1]]
    if not parts:
        return None
    longest = max(parts, key=lambda part: part.stat().st_size)
    begun = {key: value for key, value in _Part(longest).info.items() if key != "mapping"}
    if begun != info:
        raise LabanError(
            f"the interrupted conversion to {store} was of {begun}, this is of {info}: give the "
            "same, or leave out --resume to begin anew"
        )
    return Earlier(adopted(longest, store), entries)
