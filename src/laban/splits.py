"""A benchmark applied to a store: which clips train, validate and test, and their classes."""

from collections.abc import Iterable
from dataclasses import dataclass

from laban.benchmarks import Benchmark, validation_split
from laban.clip import Clip
from laban.errors import LabanError
from laban.pipelines import Pipeline
from laban.store import Store

__all__ = ["Part", "split_store", "usable"]


@dataclass
class Part:
    """One split: the clips' numbers in the store and their class numbers."""

    keys: list[int]
    labels: list[int]

    def __len__(self) -> int:
        return len(self.keys)


def split_store(
    store: Store, benchmark: Benchmark, *, validation: float = 0.0, seed: int = 0
) -> dict[str, Part]:
    """Train, validation and test of a store; clips that the benchmark leaves out are in none.

    Args:
        store: The clips.
        benchmark: Decides by the clips' facts and labels alone.
        validation: Share of the training clips set apart, by subject.
        seed: Of the choice of subjects.

    Raises:
        LabanError: Where no clip trains or tests, or a label is outside the class list.
    """
    parts = {"train": Part([], []), "validation": Part([], []), "test": Part([], [])}
    labels = store.labels
    facts = [store.facts(key) for key in range(len(store))]
    for key, fact in enumerate(facts):
        name = benchmark.split(fact)
        if name is None or labels[key] is None:
            continue
        number = benchmark.label(labels[key])
        if number is not None:
            parts[name].keys.append(key)
            parts[name].labels.append(number)
    for name in ("train", "test"):
        if not parts[name].keys:
            raise LabanError(
                f"{store.path} has no {name} clips for benchmark {benchmark.name}: see what it "
                f"holds with 'laban info {store.path}'"
            )
    if validation:
        train = parts["train"]
        apart = validation_split([facts[key] for key in train.keys], validation, seed)
        parts["train"] = _chosen(train, [not flag for flag in apart])
        parts["validation"] = _chosen(train, apart)
    return parts


def _chosen(part: Part, flags: Iterable[bool]) -> Part:
    rows = [row for row, flag in enumerate(flags) if flag]
    return Part([part.keys[row] for row in rows], [part.labels[row] for row in rows])


def usable(store: Store, part: Part, pipeline: Pipeline) -> tuple[Part, list[str]]:
    """The clips that the pipeline can prepare, and a sentence for each that it cannot."""
    flags, said = [], []
    for key in part.keys:
        clip: Clip = store[key]
        flags.append(bool(clip.present.any()))
        if not flags[-1]:
            said.append(f"clip {clip.name}: nobody is present in any frame, left out")
    return _chosen(part, flags), said
