"""A benchmark applied to a store: which clips train, validate and test, and their classes."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from laban.benchmarks import Benchmark, validation_split
from laban.errors import LabanError
from laban.store import Store

__all__ = ["Part", "Splits", "labelled_share", "split_store"]


@dataclass
class Part:
    """One split of a benchmark.

    Attributes:
        keys: The clips' numbers in the store.
        labels: Their class numbers.
        left_out: A sentence for each clip that belongs here and cannot be used.
    """

    keys: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    def chosen(self, flags: Iterable[bool]) -> "Part":
        """The clips whose flag is set."""
        rows = [row for row, flag in enumerate(flags) if flag]
        return Part([self.keys[row] for row in rows], [self.labels[row] for row in rows])


@dataclass
class Splits:
    """The parts that a benchmark makes of a store.

    Attributes:
        train: Clips to train on.
        validation: Clips set apart from these.
        test: Clips to test on.
        drawn_by: How validation clips were drawn, ``subject`` or ``clip``.
    """

    train: Part
    validation: Part
    test: Part
    drawn_by: str = "subject"

    @property
    def left_out(self) -> list[str]:
        """All sentences about clips that cannot be used."""
        return self.train.left_out + self.test.left_out

    def need(self, *names: str) -> None:
        """Refuses a split without a clip.

        Raises:
            LabanError: Naming the first of the given parts that is empty.
        """
        for name in names:
            if not len(getattr(self, name)):
                more = f"; {len(self.left_out)} clips were left out" if self.left_out else ""
                raise LabanError(
                    f"the store has no {name} clips for this benchmark{more}: see what it holds "
                    "with 'laban info', or choose another benchmark or validation share"
                )


def split_store(
    store: Store,
    benchmark: Benchmark,
    *,
    validation: float = 0.0,
    seed: int = 0,
    labelled: bool = True,
    share: float = 1.0,
) -> Splits:
    """Train, validation and test clips of a store.

    Args:
        store: The clips.
        benchmark: Decides by the clips' facts and labels alone.
        validation: Share of the training clips set apart, by subject where these are known.
        seed: Of the choice.
        labelled: False: every label is -1, and training clips without one are taken too.
        share: Of each class's training clips that are used, as `labelled_share` draws them;
            validation clips are some of these.

    Raises:
        LabanError: Where a label is outside the class list.
    """
    parts = {"train": Part(), "test": Part()}
    facts = [store.facts(key) for key in range(len(store))]
    for key, fact in enumerate(facts):
        name, label = benchmark.split(fact), store.labels[key]
        if name is None:
            continue
        number = None if label is None else benchmark.label(label)
        if label is not None and number is None:
            continue  # the benchmark does not ask for this class
        unknown = labelled and number is None
        if unknown or not store[key].present.any():
            fault = "it has no label" if unknown else "nobody is present in any frame"
            sentence = f"{name} clip {store.names[key]} is left out: {fault}"
            parts[name].left_out.append(sentence)
            continue
        parts[name].keys.append(key)
        parts[name].labels.append(-1 if number is None or not labelled else number)
    train, apart, drawn_by = parts["train"], Part(), "subject"
    if share < 1:
        train = labelled_share(train, store.names, share, seed)
    if validation and len(train):
        train, apart, drawn_by = _set_apart(train, facts, validation, seed)
    return Splits(train, apart, parts["test"], drawn_by)


def _set_apart(
    train: Part, facts: Sequence[Mapping[str, str]], share: float, seed: int
) -> tuple[Part, Part, str]:
    """Training and validation clips, and what they were drawn by."""
    own = [facts[key] for key in train.keys]
    flags = validation_split(own, share, seed, labels=train.labels)
    subjects = [row.get("subject") for row in own]
    shared = {s for s, flag in zip(subjects, flags, strict=True) if flag}
    shared &= {s for s, flag in zip(subjects, flags, strict=True) if not flag}
    drawn_by = "clip" if shared else "subject"
    kept = train.chosen([not flag for flag in flags])
    kept.left_out = train.left_out
    return kept, train.chosen(flags), drawn_by


def labelled_share(part: Part, names: np.ndarray, share: float, seed: int) -> Part:
    """A share p of each class's n clips: round(p n) of them, and one at least.

    A clip's place in the draw is a function of the seed and its name alone: the store's order and
    its other clips have no influence, and a smaller share is a part of a larger one.

    Args:
        part: Labelled clips.
        names: The names of all clips of the store, (N,).
        share: Above 0, up to 1.
        seed: Of the draw.
    """
    classes: dict[int, list[int]] = defaultdict(list)
    for row, label in enumerate(part.labels):
        classes[label].append(row)

    def place(row: int) -> bytes:
        word = f"{seed} {names[part.keys[row]]}"
        return hashlib.blake2b(word.encode(), digest_size=16).digest()

    chosen: set[int] = set()
    for rows in classes.values():
        chosen.update(sorted(rows, key=place)[: max(1, round(share * len(rows)))])
    drawn = part.chosen(row in chosen for row in range(len(part)))
    drawn.left_out = part.left_out
    return drawn
