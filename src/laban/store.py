"""The store: clips on disk as one Apache Arrow IPC file, memory-mapped and ragged.

Format: https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format

A clip read is a view of the file: nothing is copied, and loader workers share its pages. polars,
duckdb and Hugging Face ``datasets`` read the file as it is; `laban.layout` lists the columns.
"""

import hashlib
import json
import operator
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from laban.block import MEND, Block, first_line, validate
from laban.clip import Clip
from laban.errors import LabanError, nearest, unknown_name
from laban.layout import FORMAT, SCALARS, SCHEMA, whole_batches, write_file
from laban.skeletons import Skeleton
from laban.unfinished import unfinished

__all__ = ["Store"]


class Store:
    """Clips of one skeleton in a file; ``store[i]`` is a clip whose arrays are read-only views.

    Opening reads the file's directory alone. A store is cheap to pickle: the copy opens the same
    file again, so loader workers get no data but the path.

    Raises:
        LabanError: Where the file is missing, truncated, no store or written by a newer version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        schema, batches = self._opened()
        meta = _metadata(self.path, schema)
        try:
            self.skeleton: Skeleton = Skeleton.from_json(meta["skeleton"])
            self.channels: int = meta["channels"]
            self.info: dict[str, Any] = meta["info"]
            self._batches = list(batches)
        except (pa.ArrowException, OSError, KeyError, TypeError) as error:
            raise LabanError(f"{self.path} is damaged ({first_line(error)}): {MEND}") from error
        self._starts = [0]
        for batch in self._batches:
            self._starts.append(self._starts[-1] + batch.num_rows)
        self._blocks: list[Block | None] = [None] * len(self._batches)
        self._columns: dict[str, np.ndarray] = {}

    def _opened(self) -> tuple[pa.Schema, Iterable[pa.RecordBatch]]:
        """The schema and the record batches of the file."""
        reader = _reader(self.path)
        return reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches))

    @classmethod
    def open(cls, path: Path | str) -> "Store":
        """The store in that file, the same as ``Store(path)``."""
        return cls(path)

    @classmethod
    def write(
        cls,
        path: Path | str,
        clips: Iterable[Clip],
        *,
        overwrite: bool = False,
        info: Mapping[str, Any] | None = None,
        resumable: bool = False,
    ) -> "Store":
        """Stream clips into a new store, in bounded memory; the file appears when it is whole.

        Args:
            path: Where the store goes; its folder is made. Whatever goes wrong, a store that was
                there before stays as it was.
            clips: One skeleton, one number of channels, names that differ, finite poses.
            overwrite: Replace a store that is there.
            info: What the store says about its origin, a JSON object.
            resumable: Ctrl-C leaves what is written, as being killed does, for `laban.resume`.

        Raises:
            LabanError: Where the path is taken or a clip does not fit; it names the clip.
        """
        path = Path(path)
        _check_target(path, overwrite=overwrite)
        part = unfinished(path)
        try:
            write_file(part, path, clips, dict(info or {}))
            os.replace(part, path)
        except BaseException as fault:
            stopped = isinstance(fault, KeyboardInterrupt)
            if not (stopped and resumable and whole_batches(part)[1]):
                part.unlink(missing_ok=True)
            raise
        return cls(path)

    def __len__(self) -> int:
        return self._starts[-1]

    def __iter__(self) -> Iterator[Clip]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> Clip:
        block, row = self._place(index)
        return block.clip(row)

    def __reduce__(self) -> tuple:
        return (type(self), (self.path.absolute(),))

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r}): {len(self)} clips of {self.skeleton.name}"

    def facts(self, index: int) -> dict[str, str]:
        """The facts of one clip, without touching its poses."""
        block, row = self._place(index)
        return block.facts(row)

    @property
    def names(self) -> np.ndarray:
        """(N,) the clips' names, objects."""
        return self.column("name")

    @property
    def labels(self) -> np.ndarray:
        """(N,) the clips' labels, objects, None where there is none."""
        return self.column("label")

    @property
    def frames(self) -> np.ndarray:
        """(N,) the clips' numbers of frames, int32."""
        return self.column("frames")

    def column(self, name: str) -> np.ndarray:
        """(N,) a column that holds one value a clip; strings are objects, None where null."""
        if name not in SCALARS:
            raise unknown_name("column", name, SCALARS)
        if name not in self._columns:
            chunks = [batch.column(SCHEMA.get_field_index(name)) for batch in self._batches]
            column = pa.chunked_array(chunks, SCHEMA.field(name).type)
            validate(self.path, column)
            array = _words(column) if pa.types.is_string(column.type) else column.to_numpy()
            array.flags.writeable = False
            self._columns[name] = array
        return self._columns[name]

    def index(self, name: str) -> int:
        """The number of the clip of that name."""
        if name not in self._numbers:
            raise LabanError(f"{self.path} has no clip '{name}': {_near(name, self.names)}")
        return self._numbers[name]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def digest(self) -> str:
        """Content identity: a hash of skeleton, names, labels, facts, shapes and checksums.

        The same clips in the same order give the same digest wherever and whenever written.
        """
        made = hashlib.sha256(json.dumps(self.skeleton.to_json(), sort_keys=True).encode())
        for name in SCALARS:
            column = self.column(name)
            if column.dtype == object:
                made.update(json.dumps(column.tolist()).encode())
            else:
                made.update(np.ascontiguousarray(column).tobytes())
        return made.hexdigest()

    def _place(self, index: int) -> "tuple[Block, int]":
        """The block that holds a clip, made at its first use, and the clip's row in it."""
        index = operator.index(index)
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"{self.path} holds {len(self)} clips, there is no number {index}")
        at = bisect_right(self._starts, number) - 1
        block = self._blocks[at]
        if block is None:
            block = self._blocks[at] = Block(
                self._batches[at], self.path, self.skeleton, self.channels
            )
        return block, number - self._starts[at]


def _words(column: pa.ChunkedArray) -> np.ndarray:
    """(N,) strings as objects, None where null; a Python string a distinct value, not a row."""
    encoded = column.combine_chunks().dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], object)
    return words[encoded.indices.fill_null(len(words) - 1).to_numpy()]


def _near(name: str, names: np.ndarray) -> str:
    """Near names; only those of about the same length are compared, for stores are long."""
    some = [n for n in names if abs(len(n) - len(name)) <= 2][:5000] or names[:5].tolist()
    text = nearest(name, some)
    return text if text.startswith("did") else "its clips are named like " + ", ".join(some[:3])


def _reader(path: Path) -> pa.ipc.RecordBatchFileReader:
    """The Arrow file behind a path, memory-mapped."""
    if path.is_dir():
        raise LabanError(f"{path} is a folder: give the file that laban convert wrote")
    if not path.exists():
        raise LabanError(f"{path} does not exist: make it with laban convert FORMAT SOURCE {path}")
    try:
        with path.open("rb") as file:
            start = file.read(6)
        if start != b"ARROW1":
            raise LabanError(f"{path} is not a Laban store: make one with laban convert")
        return pa.ipc.open_file(pa.memory_map(str(path)))
    except pa.ArrowException as error:
        raise LabanError(f"{path} is truncated or damaged: {MEND}") from error
    except OSError as error:
        raise LabanError(f"{path} cannot be read ({first_line(error)}): check the file") from error


def _metadata(path: Path, schema: pa.Schema) -> dict[str, Any]:
    """The store's own metadata, checked."""
    raw = (schema.metadata or {}).get(b"laban")
    if raw is None:
        raise LabanError(
            f"{path} is an Arrow file but not a Laban store: make one with laban convert"
        )
    try:
        meta = json.loads(raw)
        newer = meta["format"] > FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise LabanError(f"{path} has damaged metadata: {MEND}") from error
    if newer:
        raise LabanError(
            f"{path} was written by a newer version (format {meta['format']}, this one reads up "
            f"to {FORMAT}): update laban"
        )
    if not schema.equals(SCHEMA, check_metadata=False):
        raise LabanError(f"{path} does not have the columns of a Laban store: {MEND}")
    return meta


def _check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse a path that is taken; what is no Arrow file is never replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise LabanError(f"{path} is a folder: give the path of a file for the store")
    if not path.exists():
        return
    if not overwrite:
        raise LabanError(f"{path} exists: give another path, or --overwrite to replace it")
    with path.open("rb") as file:
        if file.read(6) != b"ARROW1":
            raise LabanError(f"{path} is not a store and is not replaced: give another path")
