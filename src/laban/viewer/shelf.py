"""The clips that can be looked at: those of a store, and uploads, which are kept for a while.

A clip is asked for by its number and an upload by a word that it was given, so nothing of an
address reaches the file system.
"""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Literal

import numpy as np

from laban.benchmarks import Benchmark
from laban.clip import Clip
from laban.errors import LabanError
from laban.store import Store

__all__ = ["STORE", "Library", "Shelf", "Wanted"]

STORE = "store"  # the word of the store's own shelf
UPLOADS = 8  # kept at most
UNKNOWN, UNFIT = -1, -2  # in place of a class: not judged yet, cannot be judged

Judged = Literal["right", "wrong", "open"]


@dataclass(frozen=True)
class Wanted:
    """Which clips of a shelf are listed.

    Attributes:
        text: What is part of their name.
        label: Their label.
        subject: Their subject.
        judged: ``right``, ``wrong``, or ``open``: not judged, or without a true class.
    """

    text: str = ""
    label: str | None = None
    subject: str | None = None
    judged: Judged | None = None


class Shelf:
    """Clips, and what a network said of them.

    Attributes:
        truth: (N,) class numbers, -1 where the network's benchmark has none for the label.
        said: (N,) class numbers, -1 not judged yet, -2 cannot be judged.
        sure: (N,) their probabilities.
    """

    def __init__(self, clips: Store | Sequence[Clip], benchmark: Benchmark) -> None:
        self.clips = clips
        if isinstance(clips, Store):
            self.names, self.labels = clips.names, clips.labels
            self.subjects, self.frames = clips.column("subject"), clips.frames
            self.persons, self.fps = clips.column("persons"), clips.column("fps")
        else:
            self.names = np.array([clip.name for clip in clips], object)
            self.labels = np.array([clip.label for clip in clips], object)
            self.subjects = np.array([clip.facts.get("subject") for clip in clips], object)
            self.frames = np.array([clip.frames for clip in clips])
            self.persons = np.array([clip.persons for clip in clips])
            self.fps = np.array([clip.fps for clip in clips])
        classes = {label: _class(label, benchmark) for label in set(self.labels.tolist())}
        self.classes = benchmark.classes
        self.truth = np.array([classes[label] for label in self.labels.tolist()], np.int64)
        self.said = np.full(len(self), UNKNOWN)
        self.sure = np.zeros(len(self))

    def __len__(self) -> int:
        return len(self.names)

    def note(self, number: int, index: int, probability: float) -> None:
        """Keeps what was said of a clip."""
        self.said[number], self.sure[number] = index, probability

    def true_class(self, number: int) -> int | None:
        """The class of a clip's label, None where it has none."""
        return None if self.truth[number] < 0 else int(self.truth[number])

    def facets(self) -> dict[str, Any]:
        """What clips can be chosen by, with how many there are of each."""
        return {
            "clips": len(self),
            "labels": _counted(self.labels),
            "subjects": _counted(self.subjects),
            "judged": int((self.said != UNKNOWN).sum()),
        }

    def page(self, wanted: Wanted, page: int, size: int) -> dict[str, Any]:
        """The clips of one page of those that are wanted, in the shelf's order."""
        rows = np.flatnonzero(self._chosen(wanted))
        first = page * size
        listed = [self._row(int(n)) for n in rows[first : first + size]]
        waiting = int((self.said == UNKNOWN).sum())
        return {"total": len(rows), "page": page, "clips": listed, "open": waiting}

    def _chosen(self, wanted: Wanted) -> np.ndarray:
        chosen = np.ones(len(self), bool)
        if wanted.label is not None:
            chosen &= self.labels == wanted.label
        if wanted.subject is not None:
            chosen &= self.subjects == wanted.subject
        if wanted.judged is not None:
            known = (self.said >= 0) & (self.truth >= 0)
            same = self.said == self.truth
            chosen &= {"right": known & same, "wrong": known & ~same, "open": ~known}[wanted.judged]
        if wanted.text:
            text = wanted.text.casefold()
            few = np.flatnonzero(chosen)
            chosen[few] = [text in name.casefold() for name in self.names[few]]
        return chosen

    def _row(self, number: int) -> dict[str, Any]:
        said = int(self.said[number])
        judged = said >= 0
        known = judged and self.truth[number] >= 0
        return {
            "number": number,
            "name": self.names[number],
            "label": self.labels[number],
            "subject": self.subjects[number],
            "persons": int(self.persons[number]),
            "seconds": round(float(self.frames[number] / self.fps[number]), 2),
            "said": self.classes[said] if judged else None,
            "probability": round(float(self.sure[number]), 4) if judged else None,
            "right": bool(said == self.truth[number]) if known else None,
        }


class Library:
    """The shelves of a server, in bounded memory.

    Args:
        benchmark: Whose classes labels become.
        store: What is browsed, or None.
        most: Bytes that the arrays of all uploads may take; the oldest go first.
    """

    def __init__(self, benchmark: Benchmark, store: Store | None, *, most: int) -> None:
        self.benchmark, self.most = benchmark, most
        self.store = None if store is None else Shelf(store, benchmark)
        self._uploads: OrderedDict[str, tuple[Shelf, int]] = OrderedDict()
        self._lock = Lock()

    def add(self, clips: Sequence[Clip]) -> str:
        """Keeps uploaded clips and gives the word that they are asked for by.

        Raises:
            LabanError: Where they are too large to be kept.
        """
        own = [_copied(clip) for clip in clips]
        size = sum(array.nbytes for clip in own for array in _arrays(clip))
        if size > self.most:
            raise LabanError(f"these recordings take {size} bytes to keep, too many: send parts")
        word = secrets.token_urlsafe(12)
        with self._lock:
            self._uploads[word] = (Shelf(own, self.benchmark), size)
            while (
                len(self._uploads) > UPLOADS
                or sum(size for _, size in self._uploads.values()) > self.most
            ):
                self._uploads.popitem(last=False)
        return word

    def shelf(self, word: str) -> Shelf | None:
        """The shelf of a word."""
        if word == STORE:
            return self.store
        found = self._uploads.get(word)
        return None if found is None else found[0]


def _arrays(clip: Clip) -> list[np.ndarray]:
    return [a for a in (clip.poses, clip.present, clip.confidence) if a is not None]


def _copied(clip: Clip) -> Clip:
    """The clip with arrays of its own, not the pages of the file it came in."""
    poses, present, *sure = (np.array(array) for array in _arrays(clip))
    return replace(clip, poses=poses, present=present, confidence=sure[0] if sure else None)


def _class(label: str | None, benchmark: Benchmark) -> int:
    """The number of a label's class, -1 where it has none."""
    try:
        number = None if label is None else benchmark.label(label)
    except LabanError:
        return UNKNOWN
    return UNKNOWN if number is None else number


def _counted(words: np.ndarray) -> list[list[Any]]:
    """Pairs of a word and how often it is there, numbers by value and before other words."""
    counts: dict[str, int] = {}
    for word in words.tolist():
        if word is not None:
            counts[word] = counts.get(word, 0) + 1

    def place(pair: tuple[str, int]) -> tuple[bool, int, str]:
        return (not pair[0].isdigit(), len(pair[0]) * pair[0].isdigit(), pair[0])

    return [list(pair) for pair in sorted(counts.items(), key=place)]
