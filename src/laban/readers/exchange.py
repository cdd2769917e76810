"""What the exchange formats of PYSKL, CTR-GCN and 2s-AGCN do not say, and where it comes from.

https://github.com/kennymckormick/pyskl, https://github.com/Uason-Chen/CTR-GCN and
https://github.com/lshiwjx/2s-AGCN number joints and classes without names. The joints' layout is
told by their number (`layout_for`); class names by a list ``classes.txt`` beside the data, one a
line, or else by NTU's clip or file names (`ClassNames`); else the label is the number as a word.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from laban.errors import LabanError
from laban.readers.ntu import named_entry
from laban.readers.source import Entry, Source
from laban.readers.table_layout import TableLayout
from laban.skeletons import SKELETONS, Skeleton

__all__ = [
    "MOST_PLACES",
    "PICTURE_LAYOUTS",
    "ClassNames",
    "layout_for",
    "listed_facts",
    "numbered",
    "unpadded",
    "whole_numbers",
]

MOST_PLACES = 500_000  # persons x frames of one clip
PICTURE_LAYOUTS = {"coco-17", "openpose-18", "openpose-25"}  # x and y in the picture
_USUAL = {25: "kinect-v2"}  # where several layouts have as many joints
_LIST = "classes.txt"
_PART = re.compile(r"(?:(.+?)[-_])?(train|val|test)(\d*)", re.IGNORECASE)


def layout_for(joints: int, given: TableLayout | None, where: str) -> Skeleton:
    """The joint layout of so many joints: the given one, else the field's usual one.

    >>> layout_for(17, None, "a.pkl").name
    'coco-17'
    """
    if given is not None:
        skeleton = given.skeleton
        if len(skeleton) != joints:
            raise LabanError(
                f"{where} has {joints} joints, --layout {skeleton.name} has {len(skeleton)}: "
                "give another"
            )
        return skeleton
    fit = [name for name, skeleton in SKELETONS.items() if len(skeleton) == joints]
    if joints in _USUAL or len(fit) == 1:
        return SKELETONS[_USUAL.get(joints, fit[0])]
    if fit:
        raise LabanError(f"{where} has {joints} joints: say which, --layout {' or '.join(fit)}")
    raise LabanError(
        f"{where} has {joints} joints, which no built-in joint layout has: name them in a layout "
        "file, --layout FILE"
    )


@dataclass(frozen=True)
class ClassNames:
    """The names of numbered classes.

    Attributes:
        names: In the order of the numbers; empty where nothing tells them.
        where: The list's file, for the sentences of errors.
    """

    names: Sequence[str] = ()
    where: str = ""

    @classmethod
    def beside(cls, source: Source, usual: Sequence[str] = ()) -> "ClassNames":
        """Those of the list in a source, else the usual ones.

        Raises:
            LabanError: Where there are several lists, or one that is no text.
        """
        found = [name for name in source.names() if name.rpartition("/")[2] == _LIST]
        if len(found) > 1:
            raise LabanError(f"{found[0]} and {found[1]} both list the classes: take one away")
        if not found:
            return cls(usual)
        try:
            text = source.read(found[0]).decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            raise LabanError(f"{found[0]} is not UTF-8 text: save it as such") from fault
        names = [line.strip() for line in text.splitlines()]
        while names and not names[-1]:
            names.pop()
        if "" in names or len(set(names)) < len(names):
            raise LabanError(f"{found[0]}: give every class its own name, one a line")
        return cls(names, found[0])

    def label(self, number: object, where: str) -> str:
        """The name of a class by its number, from 0; the number where nothing tells it.

        Raises:
            LabanError: Where it is no whole number or is not in the list.
        """
        if type(number) is not int or not 0 <= number < 2**31:
            told = number if isinstance(number, int | float) else type(number).__name__
            raise LabanError(f"{where}: the label is {str(told)[:40]}, give a whole number from 0")
        if not self.names:
            return str(number)
        if number >= len(self.names):
            raise LabanError(
                f"{where}: the label is {number}, {self.where or 'the dataset'} has "
                f"{len(self.names)} classes, from 0"
            )
        return self.names[number]

    def entry(self, name: str, path: str, number: object, where: str) -> Entry:
        """What the name and the number of a clip say.

        A clip with a name of NTU's has the facts that are in it and NTU's name for its class,
        unless the number is not that of the name.
        """
        told = named_entry(name)
        if told.name != name.removesuffix(".skeleton") or not told.facts:
            told = Entry(name=name, path=path)
        if not told.facts or self.names:
            label = self.label(number, where) if number is not None else None
            return Entry(name=told.name, path=path, facts=told.facts, label=label)
        if number is not None and self.label(number, where) != str(_ntu_number(told)):
            raise LabanError(
                f"{where}: the label is {number}, but the name says {told.label!r}: mend one, or "
                f"list the classes in {_LIST}"
            )
        return Entry(name=told.name, path=path, facts=told.facts, label=told.label)


def _ntu_number(entry: Entry) -> int:
    return int(entry.name[-3:]) - 1


def listed_facts(splits: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
    """What lists such as ``xsub_train`` and ``xsub_val`` say: clip -> fact -> train, val or test.

    The fact is the word before ``train``, ``val`` or ``test`` (``xsub``), ``split`` where there is
    none, with the number behind (``train1`` gives ``split1``); a list of another name is the fact
    of that name, ``yes``. The field calls test clips ``val``, so ``val`` is ``test`` unless there
    is a list of test clips as well.

    >>> listed_facts({"xsub_train": ["a"], "xsub_val": ["b"]})
    {'a': {'xsub': 'train'}, 'b': {'xsub': 'test'}}

    Raises:
        LabanError: Where a clip is in two lists of one split.
    """
    parts = {word: _PART.fullmatch(word) for word in splits}
    tested = {_fact(m) for m in parts.values() if m and m[2].lower() == "test"}
    facts: dict[str, dict[str, str]] = {}
    for word, names in splits.items():
        match = parts[word]
        fact, part = (_fact(match), match[2].lower()) if match else (word, "yes")
        if part == "val" and fact not in tested:
            part = "test"
        for name in names:
            if facts.setdefault(name, {}).setdefault(fact, part) != part:
                raise LabanError(
                    f"the clip {name[:60]!r} is in two lists of one split, {facts[name][fact]} and "
                    f"{part}: take it out of one"
                )
    return facts


def _fact(match: re.Match[str]) -> str:
    return f"{match[1] or 'split'}{match[3]}"


def numbered(values: np.ndarray, where: str) -> np.ndarray:
    """An array of any numbers as float32.

    Raises:
        LabanError: Where it holds anything else, or a number that is not finite.
    """
    if values.dtype.kind not in "iuf":
        raise LabanError(f"{where}: an array of {values.dtype} stands where numbers belong")
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float32)
    if not np.isfinite(numbers).all():
        raise LabanError(f"{where}: a number is not finite, mend it or leave the clip out")
    return numbers


def unpadded(poses: np.ndarray) -> np.ndarray:
    """Without the zeros that arrays of one size need: ``(M, T, V, C) -> (M', T', V, C)``.

    Frames behind the last with anybody go, and persons behind the last who is ever there; somebody
    must be. Earlier ones stay, so that a frame keeps its number and a person its place.
    """
    there = (poses != 0).any((2, 3))
    persons, frames = (np.flatnonzero(there.any(axis))[-1] + 1 for axis in (1, 0))
    return np.ascontiguousarray(poses[:persons, :frames])


def whole_numbers(values: np.ndarray, where: str) -> np.ndarray:
    """Labels (N,) as int64.

    Raises:
        LabanError: Where they are no list of whole numbers.
    """
    whole = values.ndim == 1 and values.dtype.kind in "iuf"
    if not whole or not (np.abs(values.astype(np.float64)) < 2**31).all() or (values % 1).any():
        raise LabanError(f"{where}: give the labels as a list of whole numbers")
    return values.astype(np.int64)
