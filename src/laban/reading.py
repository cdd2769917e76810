"""The recordings of a source read one after another or over several processes, in their order.

joblib (https://joblib.readthedocs.io) spreads them over cores, or with its ``parallel_config`` over
the machines of a Dask cluster. (Its Ray backend hands no results out one by one.)
"""

import os
import time
from collections.abc import Generator, Iterator
from threading import Thread

from joblib import Parallel, delayed

from laban.clip import Clip
from laban.errors import LabanError
from laban.layout import check_clip
from laban.readers import Entry, Reader, Source
from laban.unfinished import is_running

__all__ = ["Outcome", "end_with", "outcomes", "size_of"]

CHUNK_BYTES = 8 * 2**20
CHUNK_FILES = 64
CHUNKS_A_WAVE = 8  # For each worker: what may wait for the writer at the most.

Outcome = Clip | str  # What became of a file: its clip, or why there is none.


def outcomes(
    reader: Reader, source: Source, entries: list[Entry], *, workers: int
) -> Generator[tuple[Entry, Outcome], None, None]:
    """Entries with what became of each, in their order, whatever the number of workers."""
    if workers == 1:
        for entry in entries:
            yield entry, _read(reader, source, entry)
        return
    chunks = list(_chunks(source, entries))
    wave = workers * CHUNKS_A_WAVE
    # joblib hands out the next task when one is done, not when its result is taken: a wave at a
    # time bounds what waits for the writer.
    own = {"initializer": end_with, "initargs": (os.getpid(),)}  # for processes of this machine
    with Parallel(n_jobs=workers, return_as="generator", **own) as parallel:
        for start in range(0, len(chunks), wave):
            part = chunks[start : start + wave]
            results = parallel(delayed(_read_all)(reader, source, chunk) for chunk in part)
            for chunk, outcomes in zip(part, results, strict=True):
                yield from zip(chunk, outcomes, strict=True)


def _read(reader: Reader, source: Source, entry: Entry) -> Outcome:
    """The clip of an entry, or the sentence that says why there is none."""
    try:
        clip = reader.read(source, entry)
        check_clip(clip)
    except LabanError as error:
        return str(error)
    return clip


def _read_all(reader: Reader, source: Source, entries: list[Entry]) -> list[Outcome]:
    return [_read(reader, source, entry) for entry in entries]


def end_with(owner: int) -> None:
    """End this process, a worker, when the process ``owner`` that works with it is gone.

    One that is killed cannot tell its workers, and these would wait for work for minutes. It may be
    gone before its workers have started.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent and is_running(owner):
            time.sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _chunks(source: Source, entries: list[Entry]) -> Iterator[list[Entry]]:
    """Consecutive entries, together about 8 MiB or 64 clips; a file of several counts once."""
    chunk: list[Entry] = []
    size = 0
    paths: set[str] = set()  # clips of a file do not always follow each other
    for entry in entries:
        size += size_of(source, entry) if entry.path not in paths else 0
        paths.add(entry.path)
        chunk.append(entry)
        if size >= CHUNK_BYTES or len(chunk) == CHUNK_FILES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def size_of(source: Source, entry: Entry) -> int:
    """The bytes of an entry's files, unpacked; 0 where they cannot be told."""
    try:
        return sum(map(source.size, entry.files or (entry.path,)))
    except LabanError:  # The reader meets the same fault and tells it.
        return 0
