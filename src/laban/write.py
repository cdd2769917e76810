"""A store to another code base: the command ``laban write``.

The file, or the folder of a format of several, appears when it is whole; until then what was there
stays.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from laban.benchmarks import BENCHMARKS, Benchmark, find_benchmark
from laban.benchmarks.benchmark import by_number
from laban.errors import LabanError, unknown_name
from laban.result import Result
from laban.splits import split_store
from laban.store import Store
from laban.unfinished import remove_unfinished, unfinished
from laban.writers import WRITERS

__all__ = ["write"]

_PARTS = ("train", "val", "test")
_PROTOCOLS = ("xsub", "xview", "xset")  # split names that PYSKL's recipes ask for
_MOST_CLASSES = 100_000

_Lists = dict[str, list[str]]


def write(
    format: str,
    store: Path,
    out: Path,
    *,
    benchmark: str | None = None,
    overwrite: bool = False,
) -> Result:
    """Write a store as the file of another code base, or as the folder of its files.

    Args:
        format: The format: pyskl, ctr-gcn or agcn.
        store: The store.
        out: The file to write; for agcn the folder.
        benchmark: Only the clips of this benchmark, with its split and its classes' numbers. By
            default all clips, the splits that are facts of theirs, and as classes those of the
            first official benchmark that has all labels, else the labels in order.
        overwrite: Replace a file that is there; a folder is never replaced.

    Raises:
        LabanError: Where the file is there already, or a clip cannot go into this format.
    """
    if format not in WRITERS:
        raise unknown_name("format to write", format, WRITERS)
    opened, out = Store(store), Path(out)
    if out.exists() and (not overwrite or not out.is_file()):
        raise LabanError(f"{out} exists: give another path, or --overwrite to replace a file")
    keys, labels, classes, split = _chosen(opened, benchmark)
    for key in keys:
        clip = opened[key]
        if clip.label is None and clip.segments:
            raise LabanError(
                f"clip {clip.name} is untrimmed, which {format} does not know: convert the "
                "recordings with --trimmed"
            )
    out.parent.mkdir(parents=True, exist_ok=True)
    part = unfinished(out)
    try:
        WRITERS[format](opened, keys, labels, classes, split, part)
        os.replace(part, out)
    finally:
        remove_unfinished(part)
    counts = {word: len(names) for word, names in split.items()}
    left_out = len(opened) - len(keys)
    value = {"out": str(out), "clips": len(keys), "left_out": left_out, "split": counts}
    told = ", ".join(f"{word} {count:,}" for word, count in counts.items()) or "no split"
    text = f"{out}: {len(keys):,} clips, {left_out:,} left out; {len(classes)} classes; {told}"
    return Result(value | {"classes": list(classes)}, text)


def _chosen(
    store: Store, word: str | None
) -> tuple[list[int], list[int | None], Sequence[str], _Lists]:
    """Which clips, their class numbers, the class names and the lists of the split."""
    if word is not None:
        return _of_benchmark(store, find_benchmark(word), word)
    keys = [key for key in range(len(store)) if store[key].present.any()]
    if not keys:
        raise LabanError(f"{store.path}: nobody is present in any clip")
    classes = _classes(store)
    number = {name: n for n, name in enumerate(classes)}
    labels = [None if store.labels[k] is None else number[store.labels[k]] for k in keys]
    return keys, labels, classes, _lists(store, keys)


def _of_benchmark(
    store: Store, benchmark: Benchmark, word: str
) -> tuple[list[int], list[int | None], Sequence[str], _Lists]:
    splits = split_store(store, benchmark)
    splits.need("train", "test")
    protocol = word.rpartition("-")[2]
    prefix = f"{protocol}_" if protocol in _PROTOCOLS else ""
    lists: _Lists = {}
    numbers: dict[int, int] = {}
    for name, part in (("train", splits.train), ("val", splits.test)):
        lists[prefix + name] = [str(store.names[key]) for key in part.keys]
        numbers |= dict(zip(part.keys, part.labels, strict=True))
    keys = sorted(numbers)
    labels: list[int | None] = [numbers[key] for key in keys]
    return keys, labels, benchmark.classes, lists


def _classes(store: Store) -> Sequence[str]:
    """Class names whose places are the numbers of the classes."""
    labels = {label for label in store.labels if label is not None}
    plain = all(
        label.isascii() and label.isdigit() and str(int(label)) == label for label in labels
    )
    if labels and plain and (most := max(map(int, labels))) < _MOST_CLASSES:
        return [str(number) for number in range(most + 1)]
    facts = [store.facts(key) for key in range(len(store))]
    for benchmark in BENCHMARKS.values():
        if labels and labels <= set(benchmark.classes):
            if all(benchmark.split(own) is not None for own in facts):
                return benchmark.classes
    return by_number(labels)


def _lists(store: Store, keys: Sequence[int]) -> _Lists:
    """The splits that are facts of the clips, such as ``xsub: train``, as lists of names."""
    rows = [(str(store.names[key]), store.facts(key)) for key in keys]
    values: dict[str, set[str]] = {}
    for _, facts in rows:
        for fact, value in facts.items():
            values.setdefault(fact, set()).add(value)
    lists: _Lists = {}
    for fact in (fact for fact, found in values.items() if found <= set(_PARTS)):
        for part in (part for part in _PARTS if part in values[fact]):
            # The field's word for test clips is val, unless there are validation clips too.
            told = "val" if part == "test" and "val" not in values[fact] else part
            number = fact.removeprefix("split")
            plain = fact != number and (not number or number.isdigit())
            word = f"{told}{number}" if plain else f"{fact}_{told}"
            lists[word] = [name for name, facts in rows if facts.get(fact) == part]
    return lists
