"""What a benchmark is: a label set and a split, as JSON too."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from laban.errors import LabanError, nearest, unknown_name

__all__ = ["Benchmark", "Rule", "by_number"]

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
        without: Who plays no part: a clip with one of these facts, such as those that a dataset
            lists as faulty.
    """

    name: str
    classes: tuple[str, ...]
    train: Rule = field(hash=False)
    test: Rule = field(hash=False)
    dataset: str = ""
    left_out: frozenset[str] = frozenset()
    merge: Mapping[str, str] = field(default_factory=dict, hash=False)
    without: Rule = field(default_factory=dict, hash=False)

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
        if any(facts.get(fact) in values for fact, values in self.without.items()):
            return None
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
            "train": _plain(self.train),
            "test": _plain(self.test),
            "left_out": sorted(self.left_out),
            "merge": dict(self.merge),
            "without": _plain(self.without),
        }

    @classmethod
    def from_json(cls, value: object, where: str = "benchmark") -> "Benchmark":
        """The benchmark that `to_json` wrote or a person did; `where` names it in errors."""
        if not isinstance(value, dict):
            raise LabanError(f"{where}: give the keys name, classes, train and test")
        known = ("name", "dataset", "classes", "train", "test", "left_out", "merge", "without")
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
            without=_rule(value.get("without") or {}, f"{where}: 'without'"),
        )


def _holds(rule: Rule, facts: Mapping[str, str]) -> bool:
    return all(facts.get(fact) in values for fact, values in rule.items())


def _plain(rule: Rule) -> dict[str, list[str]]:
    return {fact: by_number(values) for fact, values in rule.items()}


def _told(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{fact} {value}" for fact, value in sorted(facts.items()))


def by_number(words: Iterable[str]) -> list[str]:
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
