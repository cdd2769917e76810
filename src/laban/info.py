"""What is inside a store, and what the doctor in `laban.health` says of it.

One pass over the clips with a bar on a terminal, one clip in memory at a time; nothing is changed.
"""

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from laban.benchmarks import BENCHMARKS, Benchmark, find_benchmark
from laban.errors import LabanError
from laban.health import Checkup
from laban.progress import progress_bar
from laban.result import Result
from laban.store import Store

__all__ = ["describe", "info"]

# The facts that benchmarks ask for: with others, such as trials, hardly two clips would be alike.
_ASKED = {
    fact
    for one in BENCHMARKS.values()
    for rule in (one.train, one.test, one.without)
    for fact in rule
}


def info(store: Path, *, benchmark: str | None = None) -> Result:
    """What is inside a store and what looks wrong.

    Args:
        store: The file that ``laban convert`` wrote.
        benchmark: A benchmark's word or file, to count who trains and tests and to look for test
            clips that are training clips too; the built-in ones that fit are looked at anyhow.

    Raises:
        LabanError: Where the store cannot be opened or the benchmark is not to be had.
    """
    facts = describe(Store.open(store), find_benchmark(benchmark) if benchmark else None)
    return Result(facts, _page(facts))


def describe(store: Store, benchmark: Benchmark | None = None) -> dict:
    """All that `info` knows, as a JSON value; reads every clip once."""
    checkup = Checkup(store)
    bodies: Counter[int] = Counter()
    segments: Counter[str] = Counter()
    kinds = set()  # of clips, as benchmarks see them
    with progress_bar() as bar:
        for number, clip in enumerate(bar.track(store, total=len(store), description="info")):
            checkup.see(number, clip)
            bodies[int(clip.present.any(1).sum())] += 1
            segments.update(segment.label for segment in clip.segments)
            own = [clip.label] if clip.label is not None else [s.label for s in clip.segments]
            facts = tuple((k, v) for k, v in clip.facts.items() if k in _ASKED)
            kinds.add((frozenset(own), facts))
    fitting = [n for n, one in BENCHMARKS.items() if _may_be(one, store) and _fits(one, kinds)]
    split_by = [BENCHMARKS[name] for name in fitting if not benchmark or name != benchmark.name]
    split_by += [benchmark] if benchmark else []
    classes = Counter(label for label in store.labels if label is not None)
    frames = store.frames
    shares = {"min": 0, "p05": 5, "median": 50, "p95": 95, "max": 100}
    return {
        "store": str(store.path),
        "bytes": store.path.stat().st_size,
        "info": store.info,
        "clips": len(store),
        "frames": int(frames.sum()),
        "frames_per_clip": {k: float(np.percentile(frames, p)) for k, p in shares.items()},
        "fps": {f"{fps:g}": n for fps, n in sorted(Counter(store.column("fps").tolist()).items())},
        "persons": {str(count): bodies[count] for count in sorted(bodies)},
        "skeleton": store.skeleton.name,
        "joints": len(store.skeleton),
        "channels": store.channels,
        "classes": dict(sorted(classes.items())),
        "segments": dict(sorted(segments.items())),
        "subjects": _values(store, "subject"),
        "cameras": _values(store, "camera"),
        "benchmarks": fitting,
        "split": _split(benchmark, store) if benchmark else {},
        "problems": checkup.problems(classes or segments, split_by),
    }


def _values(store: Store, fact: str) -> list[str]:
    """The values of a fact in their natural order: 2 before 10."""
    values = {value for value in store.column(fact) if value is not None}
    return sorted(values, key=lambda value: (len(value), value))


def _split(benchmark: Benchmark, store: Store) -> dict[str, int]:
    """How many clips play which part in a benchmark; raises LabanError for one that plays both."""
    parts = dict.fromkeys(("train", "test", "neither"), 0)
    for number in range(len(store)):
        parts[benchmark.split(store.facts(number)) or "neither"] += 1
    return parts


def _may_be(benchmark: Benchmark, store: Store) -> bool:
    """Not where a dataset's own reader wrote the store and the benchmark is another dataset's."""
    origin = store.info.get("format")
    datasets = {one.dataset for one in BENCHMARKS.values()}
    return origin not in datasets or benchmark.dataset == origin


def _fits(benchmark: Benchmark, clips: set[tuple]) -> bool:
    """Whether it finds clips to train and to test and knows their labels or their segments'."""
    splits = set()
    try:
        for labels, facts in clips:
            split = benchmark.split(dict(facts))
            if split is None:
                continue
            if not labels:
                return False
            if any(benchmark.label(label) is not None for label in labels):
                splits.add(split)
    except LabanError:  # A label that it does not know: another dataset's benchmark.
        return False
    return splits == {"train", "test"}


def _page(facts: dict) -> Group:
    """The description for people."""
    lines = Table.grid(padding=(0, 2))
    spread = facts["frames_per_clip"]
    rows = {name: str(value) for name, value in facts["info"].items()}
    rows |= {
        "store": f"{facts['store']} ({facts['bytes'] / 1e6:,.1f} MB)",
        "clips": f"{facts['clips']:,}",
        "frames": f"{facts['frames']:,}; a clip {spread['min']:g} to {spread['max']:g}, "
        f"median {spread['median']:g}, 90 % within {spread['p05']:g} to {spread['p95']:g}",
        "skeleton": f"{facts['skeleton']} ({facts['joints']} joints), {facts['channels']} channels",
        "fps": ", ".join(facts["fps"]),
        "persons": _counts(facts["persons"]),
        "subjects": _first(facts["subjects"]),
        "cameras": _first(facts["cameras"]),
        "classes": f"{len(facts['classes'])}: {_counts(facts['classes'])}",
        "segments": f"{sum(facts['segments'].values()):,}: {_counts(facts['segments'])}",
        "benchmarks": _words(facts["benchmarks"]) or "none fits; an own one can be a file",
    }
    for name, value in rows.items():
        lines.add_row(Text(name, "bold"), Text(value))
    if facts["split"]:
        lines.add_row(Text("split", "bold"), Text(_counts(facts["split"])))
    if not facts["problems"]:
        return Group(lines, Text("\nnothing looks wrong", "green"))
    columns = ("problem", "count", "what", "such as", "remedy")
    table = Table(*columns, title="\nwhat looks wrong", box=SIMPLE)
    for problem in facts["problems"]:
        what = _counts(problem["what"]) if problem["what"] else ""
        words = (what, ", ".join(problem["examples"]), problem["remedy"])
        table.add_row(problem["kind"], f"{problem['count']:,}", *map(Text, words))
    return Group(lines, table)


def _words(benchmarks: list[str]) -> str:
    """The benchmarks' words, the folds of one together."""
    words = []
    for _, folds in groupby(benchmarks, lambda name: name.partition(":")[0]):
        first, *others = folds
        words.append(f"{first} to {others[-1].rpartition(':')[2]}" if others else first)
    return ", ".join(words)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in counts.items()) or "none"


def _first(values: list[str], most: int = 12) -> str:
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return f"{len(values)}: {', '.join(values[:most])}{more}" if values else "not told"
