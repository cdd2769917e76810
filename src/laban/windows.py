"""Windows of untrimmed recordings as clips: each with the class of its centre frame.

A window is a clip like any other on its way through pipeline and encoder, so that every network
that names clips can name frames. Nothing is copied but the frames of a window when it is read.

Unusual here: at the ends of a recording its first or last frame is repeated, so that every window
has the same length and time never runs faster. Windows in which nobody is are left out: they are
background by definition.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import torch

from laban.benchmarks import Benchmark, validation_split
from laban.clip import Clip
from laban.dataset import ClipDataset
from laban.detection.labels import Truth, true_labels
from laban.errors import LabanError
from laban.pipelines import Pipeline
from laban.splits import Part, split_store
from laban.store import Store

__all__ = ["Recordings", "RecordingSplits", "WindowDataset", "cut", "somebody", "split_recordings"]


def cut(clip: Clip, start: int, end: int) -> Clip:
    """Frames start to end, end exclusive; outside of the recording its first or last frame.

    Persons who are in none of them are left out, but for the first where nobody is.
    """
    chosen = np.arange(start, end).clip(0, clip.frames - 1)
    who = np.flatnonzero(clip.present[:, chosen].any(1))
    rows = (who if len(who) else np.array([0]))[:, None]
    return replace(
        clip,
        poses=clip.poses[rows, chosen],
        present=clip.present[rows, chosen],
        confidence=None if clip.confidence is None else clip.confidence[rows, chosen],
        segments=(),
    )


def somebody(present: np.ndarray, window: int) -> np.ndarray:
    """Whether anybody is in the window around each frame: ``(M, T) -> (T,)``.

    The window of frame t goes from t - window // 2 on.
    """
    there = np.concatenate(([0], np.cumsum(present.any(0))))
    frames = np.arange(present.shape[1])
    first = (frames - window // 2).clip(0)
    last = (frames - window // 2 + window).clip(max=len(frames))
    return there[last] > there[first]


@dataclass
class Recordings:
    """The recordings of one split.

    Attributes:
        keys: Their numbers in the store.
        truths: What is true of each.
        left_out: A sentence for each that belongs here and cannot be used.
        notes: Sentences about what was mended in those that are used.
    """

    keys: list[int] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    def chosen(self, keys: set[int]) -> "Recordings":
        """Those of these numbers; what was said of all of them stays."""
        rows = [row for row, key in enumerate(self.keys) if key in keys]
        truths = [self.truths[row] for row in rows]
        return Recordings([self.keys[row] for row in rows], truths, self.left_out, self.notes)


@dataclass
class RecordingSplits:
    """The recordings that train, validate and test.

    Attributes:
        train: Recordings to train on.
        validation: Recordings set apart from these.
        test: Recordings to test on.
        drawn_by: How validation recordings were drawn.
    """

    train: Recordings
    validation: Recordings
    test: Recordings
    drawn_by: str = "subject or recording"

    @property
    def left_out(self) -> list[str]:
        """All sentences about recordings that cannot be used or were mended."""
        return [
            sentence
            for part in (self.train, self.validation, self.test)
            for sentence in (*part.left_out, *part.notes)
        ]


def split_recordings(
    store: Store, benchmark: Benchmark, *, validation: float = 0.0, seed: int = 0
) -> RecordingSplits:
    """Recordings of a store by a benchmark; trimmed clips with a label train too.

    Args:
        store: The recordings, with segments.
        benchmark: Decides by the clips' facts alone.
        validation: Share of the training recordings set apart: whole subjects; where these are not
            known whole performances, so that no other view of one trains.
        seed: Of the choice.

    Raises:
        LabanError: Where no test recording has segments, or a label is no class.
    """
    split = split_store(store, benchmark, labelled=False)
    long = {key for part in (split.train, split.test) for key in part.keys if _is_long(store, key)}
    train, test = _read(store, benchmark, split.train), _read(store, benchmark, split.test, long)
    if not any(truth.segments for truth in test.truths):
        reason = f": {test.left_out[0]}" if test.left_out else ""
        raise LabanError(
            f"{store.path} has no test recording with segments for benchmark {benchmark.name}"
            f"{reason}; convert untrimmed recordings without --trimmed"
        )
    apart = Recordings()
    if validation and len(train):
        train, apart = _set_apart(store, train, long, validation, seed)
    return RecordingSplits(train, apart, test)


def _is_long(store: Store, key: int) -> bool:
    """Whether a clip is an untrimmed recording: it has no label of its own."""
    return store.labels[key] is None


def _read(
    store: Store, benchmark: Benchmark, part: Part, only: set[int] | None = None
) -> Recordings:
    """The truths of a split's clips."""
    found = Recordings(left_out=list(part.left_out))
    for key in part.keys:
        if only is not None and key not in only:
            found.left_out.append(f"clip {store.names[key]} is left out: it is trimmed")
            continue
        clip = store[key]
        if clip.label is None and not clip.segments:
            found.left_out.append(f"recording {clip.name} is left out: it has no segments")
            continue
        try:
            truth = true_labels(clip, benchmark)
        except LabanError as error:
            found.left_out.append(f"recording {clip.name} is left out: {error}")
            continue
        found.keys.append(key)
        found.truths.append(truth)
        found.notes += truth.notes
    return found


def _performance(facts: Mapping[str, str], name: str) -> str:
    """Who or what a recording shows, whatever the view."""
    known = (facts.get(fact) for fact in ("subject", "video", "recording"))
    return next((value for value in known if value is not None), name)


def _set_apart(
    store: Store, train: Recordings, long: set[int], share: float, seed: int
) -> tuple[Recordings, Recordings]:
    """Training and validation recordings; trimmed clips always train."""
    rows = [row for row, key in enumerate(train.keys) if key in long]
    names = [
        _performance(store.facts(train.keys[row]), store.names[train.keys[row]]) for row in rows
    ]
    flags = validation_split([{"subject": name} for name in names], share, seed)
    apart = {row for row, flag in zip(rows, flags, strict=True) if flag}

    def part(chosen: Sequence[int]) -> Recordings:
        return Recordings(
            [train.keys[row] for row in chosen], [train.truths[row] for row in chosen]
        )

    kept = part([row for row in range(len(train)) if row not in apart])
    kept.left_out, kept.notes = train.left_out, train.notes
    return kept, part(sorted(apart))


class WindowDataset(ClipDataset):
    """A window around every frame whose class is known, recordings one after another.

    Args:
        store: Where the recordings are.
        recordings: Which, and what is true of them.
        pipeline: Prepares each window.
        window: Frames of a window.
        every: An epoch has one window of so many successive ones, another one each time.
    """

    once = False  # Windows overlap: prepared once they would fill many times the recordings' space.

    def __init__(
        self,
        store: Store,
        recordings: Recordings,
        pipeline: Pipeline,
        *,
        window: int,
        every: int = 1,
    ) -> None:
        places, labels = [], []
        for row, (key, truth) in enumerate(zip(recordings.keys, recordings.truths, strict=True)):
            usable = (truth.labels >= 0) & somebody(store[key].present, window)
            centres = np.flatnonzero(usable)
            if len(truth.labels) < window and _is_long(store, key):
                recordings.notes.append(
                    f"recording {store.names[key]} has {len(truth.labels)} frames, fewer than a "
                    f"window of {window}: its first and last frame are repeated"
                )
            places.append(np.column_stack((np.full(len(centres), row), centres)))
            labels.append(truth.labels[centres])
        self.recordings, self.window, self.every = recordings, window, every
        self.places = np.concatenate(places).astype(np.int32)  # (N, 2) recording, centre
        self.classes = np.concatenate(labels).astype(np.int64)  # (N,)
        if not len(self.places):
            raise LabanError(f"{store.path}: in the training recordings nobody is in any frame")
        self.store, self.pipeline = store, pipeline
        self.keys = range(len(self.places))
        self.labels = cast(Sequence[int], self.classes)
        self._open: dict[int, Clip] = {}

    def __getstate__(self) -> dict:
        # A worker opens the recordings itself: views of the file would be copied on their way.
        return vars(self) | {"_open": {}}

    @property
    def per_epoch(self) -> int:
        """Windows of an epoch."""
        return max(1, len(self) // self.every)

    def order(self, generator: torch.Generator) -> list[int]:
        """The windows of an epoch, shuffled: one of each ``every`` successive ones."""
        count = self.per_epoch
        offsets = torch.randint(min(self.every, len(self)), (count,), generator=generator)
        chosen = torch.arange(count) * self.every + offsets
        return chosen[torch.randperm(count, generator=generator)].tolist()

    def thinned(self) -> "WindowDataset":
        """The middle one of each ``every`` successive windows, the same in every epoch."""
        other = copy(self)
        other.keys = range(min(self.every // 2, len(self) - 1), len(self), self.every)
        other.labels = cast(Sequence[int], self.classes[other.keys])
        return other

    def __getitem__(self, place: int) -> tuple[Clip, int, int]:
        key = self.keys[place]
        row, centre = self.places[key]
        number = self.recordings.keys[row]
        if number not in self._open:
            self._open[number] = self.store[number]
        start = int(centre) - self.window // 2
        window = cut(self._open[number], start, start + self.window)
        return self.pipeline.prepare(window), int(self.classes[key]), key
