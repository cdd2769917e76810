"""Benchmarks: one word for a dataset's label set and split, as pure functions of a clip's facts.

Sources of the splits: NTU RGB+D, https://arxiv.org/abs/1604.02808 (section 5.2) and
https://arxiv.org/abs/1905.04757 (section 4.2); SHREC'17, the list files of its archive;
DHG, http://www-rech.telecom-lille.fr/DHGdataset/ (leave one subject out: ``dhg-28:3`` tests on 3);
Northwestern-UCLA, https://arxiv.org/abs/1405.2941.

Differs from the DSTA-Net paper: NTU-120 X-Set trains on even setups, as the dataset's paper says.

>>> benchmark = find_benchmark("nw-ucla-xview")
>>> benchmark.split({"camera": "3"})
'test'
>>> benchmark.label("sit down")
4

An own benchmark is a YAML or JSON file, and its path is the word::

    name: kitchen
    classes: [pour, stir, cut]
    train: {subject: [1, 2, 3, 4]}     # every fact named must have one of the values
    test: {subject: [5, 6]}
    left_out: [unknown]                # optional: labels of the store that are not asked for
    merge: {chop: cut}                 # optional: labels that count as another
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml

from laban.classes import NTU_CLASSES, NW_UCLA_ACTIONS, SHREC17_GESTURES
from laban.errors import LabanError, nearest, unknown_name

__all__ = ["BENCHMARKS", "FOLDS", "Benchmark", "find_benchmark", "validation_split"]

Rule = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Benchmark:
    """A label set and a split.

    Attributes:
        name: Its word.
        classes: Class names; a clip's class index counts in their order, from 0.
        train: Who trains: the facts that a clip must have, each with the values that count.
        test: Who tests, in the same form.
        dataset: The reader's word, or "" where any store will do.
        left_out: Labels that the dataset has and the benchmark does not ask for.
        merge: Labels that count as another: label to class name.
    """

    name: str
    classes: tuple[str, ...]
    train: Rule = field(hash=False)
    test: Rule = field(hash=False)
    dataset: str = ""
    left_out: frozenset[str] = frozenset()
    merge: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        where = f"benchmark {self.name}"
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise LabanError(f"{where}: give two classes or more that differ in the list 'classes'")
        if not self.train or not self.test:
            raise LabanError(f"{where}: 'train' and 'test' must each name a fact and its values")
        for label, target in self.merge.items():
            if target not in self.classes:
                raise LabanError(
                    f"{where}: 'merge' turns {label!r} into {target!r}, which is not in 'classes'"
                )

    def split(self, facts: Mapping[str, str]) -> str | None:
        """The part that a clip plays by its facts: ``train``, ``test`` or None for neither."""
        train, test = _holds(self.train, facts), _holds(self.test, facts)
        if train and test:
            raise LabanError(
                f"benchmark {self.name}: a clip with {_told(facts)} both trains and tests, "
                "mend 'train' or 'test'"
            )
        return "train" if train else "test" if test else None

    def label(self, label: str) -> int | None:
        """The class index of a label; None for one that the benchmark leaves out on purpose."""
        name = self.merge.get(label, label)
        if name in self.classes:
            return self.classes.index(name)
        if label in self.left_out:
            return None
        raise LabanError(
            f"the label {label!r} is not a class of benchmark {self.name}: "
            f"{nearest(label, self.classes)}"
        )

    def to_json(self) -> dict:
        """A JSON value that `from_json` turns back into an equal benchmark."""
        return {
            "name": self.name,
            "dataset": self.dataset,
            "classes": list(self.classes),
            "train": {fact: _sorted(values) for fact, values in self.train.items()},
            "test": {fact: _sorted(values) for fact, values in self.test.items()},
            "left_out": sorted(self.left_out),
            "merge": dict(self.merge),
        }

    @classmethod
    def from_json(cls, value: object, where: str = "benchmark") -> "Benchmark":
        """The benchmark that `to_json` wrote or a person did; `where` names it in errors."""
        if not isinstance(value, dict):
            raise LabanError(f"{where}: give the keys name, classes, train and test")
        known = ("name", "dataset", "classes", "train", "test", "left_out", "merge")
        for key in value:
            if key not in known:
                raise unknown_name(f"key in {where}", str(key), known)
        for key in ("name", "classes", "train", "test"):
            if key not in value:
                raise LabanError(f"{where}: the key '{key}' is missing, add it")
        merge = value.get("merge") or {}
        if not isinstance(merge, dict):
            raise LabanError(f"{where}: 'merge' must be pairs of a label and a class")
        return cls(
            name=str(value["name"]),
            classes=_words(value["classes"], f"{where}: 'classes'"),
            train=_rule(value["train"], f"{where}: 'train'"),
            test=_rule(value["test"], f"{where}: 'test'"),
            dataset=str(value.get("dataset") or ""),
            left_out=frozenset(_words(value.get("left_out") or [], f"{where}: 'left_out'")),
            merge={str(label): str(target) for label, target in merge.items()},
        )


def find_benchmark(word: str) -> Benchmark:
    """The benchmark of a word, or the own one in a YAML or JSON file at that path."""
    if word in FOLDS:
        raise LabanError(
            f"benchmark {word} has {FOLDS[word]} folds: 'laban train' runs them all, elsewhere "
            f"name one, {word}:1 to {word}:{FOLDS[word]}"
        )
    if word in BENCHMARKS:
        return BENCHMARKS[word]
    path = Path(word)
    if path.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise unknown_name("benchmark", word, BENCHMARKS)
    try:
        value = yaml.safe_load(path.read_bytes())
    except OSError as fault:
        raise LabanError(f"{word} cannot be read ({fault.strerror}): check the path") from fault
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        reason = " ".join(str(fault).split())[:160]
        raise LabanError(f"{word} is not YAML: {reason}") from fault
    return Benchmark.from_json(value, word)


def validation_split(
    facts: Sequence[Mapping[str, str]],
    share: float,
    seed: int,
    *,
    labels: Sequence[object] | None = None,
) -> list[bool]:
    """Which training clips to validate on: whole subjects, drawn until the share is reached.

    At least one subject stays for training. Where a clip has no subject, or all have the same
    one, clips are drawn instead, the share of each class.

    Args:
        facts: The facts of the training clips.
        share: The wished share of clips, at least 0 and below 1.
        seed: Draws the subjects; the order of the clips has no influence on which are drawn.
        labels: The clips' labels, for drawing clips class by class.
    """
    if not 0 <= share < 1:
        raise LabanError(f"the validation share is {share}: give a number from 0 to below 1")
    rng = np.random.default_rng(seed)
    subjects = [row.get("subject") for row in facts]
    names = _sorted({s for s in subjects if s is not None})
    if None in subjects or len(names) < 2:
        return _clips_of_classes(labels or [None] * len(facts), share, rng)
    chosen: set[str] = set()
    for number in rng.permutation(len(names))[:-1]:
        if sum(s in chosen for s in subjects) >= share * len(subjects):
            break
        chosen.add(names[number])
    return [s in chosen for s in subjects]


def _clips_of_classes(
    labels: Sequence[object], share: float, rng: np.random.Generator
) -> list[bool]:
    """A share of the clips of each class; never the last clip of one."""
    taken = [False] * len(labels)
    for label in sorted(set(labels), key=str):
        clips = [number for number, other in enumerate(labels) if other == label]
        count = min(math.ceil(share * len(clips)), len(clips) - 1)
        for number in rng.permutation(len(clips))[:count]:
            taken[clips[number]] = True
    return taken


def _holds(rule: Rule, facts: Mapping[str, str]) -> bool:
    return all(facts.get(fact) in values for fact, values in rule.items())


def _told(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{fact} {value}" for fact, value in sorted(facts.items()))


def _sorted(words: Iterable[str]) -> list[str]:
    """Numbers by value, before other words."""
    return sorted(words, key=lambda word: (not word.isdigit(), len(word) * word.isdigit(), word))


def _words(value: object, where: str) -> tuple[str, ...]:
    """A list of a benchmark file as strings."""
    if not isinstance(value, list | tuple) or any(isinstance(v, list | dict) for v in value):
        raise LabanError(f"{where} must be a list of words or numbers")
    for word in value:
        if word is None or isinstance(word, bool):
            raise LabanError(f"{where} holds {word}, quote it if it is a word")
    return tuple(str(v) for v in value)


def _rule(value: object, where: str) -> Rule:
    """`train` or `test` of a benchmark file: facts, each with one value or a list."""
    if not isinstance(value, dict):
        raise LabanError(f"{where} must name a fact and its values, such as subject: [1, 2]")
    return {
        str(fact): frozenset(_words(v if isinstance(v, list) else [v], f"{where}, {fact}"))
        for fact, v in value.items()
    }


def _numbers(values: Iterable[int] | str) -> frozenset[str]:
    return frozenset(values.split() if isinstance(values, str) else map(str, values))


# Performers who train in NTU-60 X-Sub; NTU-120 X-Sub adds its own. The others test.
_NTU60_TRAIN = _numbers("1 2 4 5 8 9 13 14 15 16 17 18 19 25 27 28 31 34 35 38")
_NTU120_TRAIN = _NTU60_TRAIN | _numbers(
    "45 46 47 49 50 52 53 54 55 56 57 58 59 70 74 78 80 81 82 83 84 85 86 89 91 92 93 94 95 97 98 "
    "100 103"
)


def _ntu(name: str, train: Rule, test: Rule) -> Benchmark:
    classes = NTU_CLASSES[:60] if name.startswith("ntu60") else NTU_CLASSES
    return Benchmark(
        name, classes, train, test, dataset="ntu", left_out=frozenset(NTU_CLASSES[len(classes) :])
    )


def _hands(name: str, train: Rule, test: Rule, dataset: str) -> Benchmark:
    """14 gestures, or 28 where one finger and the whole hand count apart."""
    apart = tuple(f"{g} ({finger})" for g in SHREC17_GESTURES for finger in (1, 2))
    if "-28" in name:
        return Benchmark(name, apart, train, test, dataset=dataset)
    merge = {label: label.rpartition(" (")[0] for label in apart}
    return Benchmark(name, SHREC17_GESTURES, train, test, dataset=dataset, merge=merge)


def _dhg(classes: int, fold: int) -> Benchmark:
    """Leave-one-subject-out: fold k tests on subject k."""
    others = _numbers(range(1, 21)) - {str(fold)}
    test = {"subject": _numbers(str(fold))}
    return _hands(f"dhg-{classes}:{fold}", {"subject": others}, test, "dhg")


_LISTED: tuple[Rule, Rule] = ({"split": frozenset({"train"})}, {"split": frozenset({"test"})})

# Benchmarks whose figure is the mean over their folds.
FOLDS: dict[str, int] = {"dhg-14": 20, "dhg-28": 20}

BENCHMARKS: dict[str, Benchmark] = {
    "ntu60-xsub": _ntu(
        "ntu60-xsub",
        {"subject": _NTU60_TRAIN},
        {"subject": _numbers(range(1, 41)) - _NTU60_TRAIN},
    ),
    "ntu60-xview": _ntu("ntu60-xview", {"camera": _numbers("2 3")}, {"camera": _numbers("1")}),
    "ntu120-xsub": _ntu(
        "ntu120-xsub",
        {"subject": _NTU120_TRAIN},
        {"subject": _numbers(range(1, 107)) - _NTU120_TRAIN},
    ),
    "ntu120-xset": _ntu(
        "ntu120-xset",
        {"setup": _numbers(range(2, 33, 2))},
        {"setup": _numbers(range(1, 33, 2))},
    ),
    "shrec17-14": _hands("shrec17-14", *_LISTED, "shrec17"),
    "shrec17-28": _hands("shrec17-28", *_LISTED, "shrec17"),
    **{f"dhg-{k}:{fold}": _dhg(k, fold) for k in (14, 28) for fold in range(1, 21)},
    "nw-ucla-xview": Benchmark(
        "nw-ucla-xview",
        tuple(NW_UCLA_ACTIONS.values()),
        {"camera": _numbers("1 2")},
        {"camera": _numbers("3")},
        dataset="nw-ucla",
    ),
}
