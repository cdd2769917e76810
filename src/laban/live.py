"""Actions while they happen: poses go in frame by frame, the current action comes out.

A window of the last seconds slides over the frames in a ring buffer, at the frame rate that the
network was trained with; every so often the network judges it as it judges a clip. Between two
answers a frame costs one interpolation. The probabilities are smoothed over time, and an action
holds until it has become improbable or another has become clearly probable (hysteresis).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from laban.clip import Clip
from laban.errors import LabanError
from laban.live_frame import LATEST, Bodies, bodies_of, number, positive, whole
from laban.loading import load
from laban.prediction import Prediction, softmax
from laban.runtime import Predictor

__all__ = ["Answer", "Stream"]

CLOSE = 1e-6  # seconds that count as none
MOST_FPS = 10_000
MOST_FRAMES = 20_000  # of a window
MOST_PERSONS = 100
MOST_SECONDS = 1e6


@dataclass(frozen=True)
class Answer:
    """What is going on.

    Attributes:
        time: Seconds, of the last frame judged.
        person: Whose action it is; None: that of all together.
        label: The current action; None: none is sure.
        probability: Its smoothed probability; of the most probable where none is sure.
        window: What the network says of the window alone.
    """

    time: float
    person: Hashable | None
    label: str | None
    probability: float
    window: Prediction


@dataclass
class _Belief:
    """What is held of one person, or of all together."""

    shares: np.ndarray | None = None
    time: float = 0.0
    held: int | None = None


class Ring:
    """The last frames of several persons, as one array without a seam.

    Every frame is written twice, a length apart, so that the last T always lie side by side.

    Args:
        persons: Places.
        length: T, frames kept.
        joints: V.
        channels: C.
    """

    def __init__(self, persons: int, length: int, joints: int, channels: int) -> None:
        self.length, self.seen = length, 0
        self._poses = np.zeros((persons, 2 * length, joints, channels), np.float32)
        self._present = np.zeros((persons, 2 * length), bool)
        self.slots: dict[Hashable, int] = {}

    def write(self, bodies: Bodies) -> None:
        """One frame: ``{id: (V, C)}``; who finds no free place is left out."""
        place = self.seen % self.length
        both = [place, place + self.length]
        self._poses[:, both], self._present[:, both] = 0, False
        self.seen += 1
        if len(self.slots) + len(bodies) > len(self._poses):
            self._forget()
        for name, pose in bodies.items():
            free = set(range(len(self._poses))) - set(self.slots.values())
            if name not in self.slots and not free:
                continue
            slot = self.slots.setdefault(name, min(free, default=0))
            self._poses[slot, both], self._present[slot, both] = pose, True

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """The last frames: ``-> (M, T, V, C), (M, T)``, views that the next frame changes."""
        kept = min(self.seen, self.length)
        end = (self.seen - 1) % self.length + 1 + (self.length if self.seen > self.length else 0)
        return self._poses[:, end - kept : end], self._present[:, end - kept : end]

    def _forget(self) -> None:
        """Frees the places of those who are in no frame any more."""
        self.slots = {k: slot for k, slot in self.slots.items() if self._present[slot].any()}


class Stream:
    """Poses in, the current action out.

    >>> stream = Stream("runs/mine")                              # doctest: +SKIP
    >>> for time, poses in camera:                                # doctest: +SKIP
    ...     for answer in stream.push(poses, time=time):
    ...         print(answer.label, answer.probability)

    Args:
        run: A run folder, an exported .onnx file, or what `laban.load` gave of one.
        window: Seconds that the network looks at.
        fps: Frames a second at which it looks: those of the recordings it learned from.
        every: Seconds from answer to answer.
        persons: How many are followed at once.
        each: Whether every person has an action of their own; else all together have one.
        smoothing: Seconds after which old probabilities count 1/e; 0: not at all.
        enter: Probability from which an action begins.
        leave: Probability below which it ends.
        gap: Seconds without a frame that are bridged; nobody is there in longer ones.

    Raises:
        LabanError: On numbers that make no sense.
    """

    def __init__(
        self,
        run: Path | str | Predictor,
        *,
        window: float = 2.0,
        fps: float = 30.0,
        every: float = 0.1,
        persons: int = 4,
        each: bool = False,
        smoothing: float = 0.3,
        enter: float = 0.6,
        leave: float = 0.4,
        gap: float = 0.5,
    ) -> None:
        self.window, self.fps = positive("window", window), positive("fps", fps, MOST_FPS)
        self.every, self.gap = positive("every", every, MOST_SECONDS), positive("gap", gap)
        self.persons = whole("persons", persons, MOST_PERSONS)
        self.enter, self.leave = number("enter", enter), number("leave", leave)
        self.each, self.smoothing = each, number("smoothing", smoothing)
        if not isinstance(each, bool | np.bool_):
            raise LabanError(f"stream: each is {each!r}, give True or False")
        if self.window * self.fps > MOST_FRAMES:
            raise LabanError(
                f"stream: a window of {self.window:g} seconds at {self.fps:g} frames a second has "
                f"more than {MOST_FRAMES:,} frames, give fewer"
            )
        if not 0 <= self.leave <= self.enter <= 1 or self.smoothing < 0:
            raise LabanError(
                f"stream: leave is {leave}, enter {enter}, smoothing {smoothing}: give 0 <= leave "
                "<= enter <= 1 and seconds from 0"
            )
        self.predictor = run if isinstance(run, Predictor) else load(run)
        self._steps = max(1, round(self.every * self.fps))
        self.reset()

    def reset(self) -> None:
        """Forgets everything seen."""
        card = self.predictor.card
        length = max(1, round(self.window * self.fps))
        # Behind the coordinates of a joint stands its confidence.
        self._ring = Ring(self.persons, length, len(card.skeleton), card.channels + 1)
        self._has_confidence: bool | None = None
        self._beliefs: dict[Hashable | None, _Belief] = {}
        self._last: tuple[float, Bodies] | None = None
        self._start = 0.0
        self._due = self._steps

    def push(
        self,
        poses: ArrayLike,
        *,
        time: float | None = None,
        ids: Sequence[Hashable] | None = None,
        confidence: ArrayLike | None = None,
    ) -> list[Answer]:
        """One frame in; the answers out, most often none.

        Args:
            poses: (V, C) of one person or (P, V, C) of several, none of them too.
            time: Seconds on any clock that grows; None: one frame after the last.
            ids: Who the persons are; None: 0, 1, 2, ...
            confidence: (V,) or (P, V), of each joint in 0 to 1; in every frame or in none.

        Raises:
            LabanError: On poses of another shape, numbers that are not finite, or time standing.
        """
        bodies = bodies_of(self.predictor.card, poses, ids, confidence)
        if time is not None:
            time = number("time", time)
        else:
            time = self._last[0] + 1 / self.fps if self._last else 0.0
        if self._last is None:
            self._start, earlier = time, (time - 1 / self.fps, bodies)
        else:
            earlier = self._last
        before, old = earlier
        if not before < time < LATEST:
            raise LabanError(f"stream: time is {time} after {before}, give seconds that grow")
        self._note(bodies, told=confidence is not None)
        self._take(before, old, time, bodies)
        self._last = (time, bodies)
        if self._ring.seen < self._due:
            return []
        self._due = self._ring.seen + self._steps
        return self._answers(time)

    def clip(self, person: Hashable | None = None) -> Clip:
        """What lies in the window, of one person or of all, as the network is shown it."""
        values, present = self._ring.read()
        slots = [s for name, s in self._ring.slots.items() if person in (None, name)]
        slots = sorted(s for s in slots if present[s].any())
        return Clip(
            "live",
            values[slots, ..., :-1],
            self.predictor.card.skeleton,
            present=present[slots].copy(),
            confidence=values[slots, ..., -1] if self._has_confidence else None,
            fps=self.fps,
        )

    def _note(self, bodies: Bodies, *, told: bool) -> None:
        """Whether confidence is told, in which all frames with somebody in them agree."""
        if bodies and self._has_confidence not in (None, told):
            raise LabanError("stream: give confidence with every frame that has somebody, or none")
        self._has_confidence = told if bodies else self._has_confidence

    def _take(self, before: float, old: Bodies, time: float, new: Bodies) -> None:
        """Writes the frames of an even clock that lie between two pushed ones."""
        bridged = time - before <= self.gap
        # Behind a gap longer than the window nothing of before is left: no need to write it all.
        ticks = math.floor((time - self._start + CLOSE) * self.fps) + 1
        skipped = ticks - self._ring.seen - self._ring.length
        if skipped > 0:
            self._start += skipped / self.fps
        while (tick := self._start + self._ring.seen / self.fps) <= time + CLOSE:
            if not bridged:
                self._ring.write(new if time - tick < 1 / self.fps - CLOSE else {})
                continue
            share = min(1.0, (tick - before + CLOSE) / (time - before))
            self._ring.write(_between(old, new, share))

    def _answers(self, time: float) -> list[Answer]:
        """Judges the window: all persons in one pass of the network."""
        _, present = self._ring.read()
        there = {name for name, slot in self._ring.slots.items() if present[slot].any()}
        who: list[Hashable | None] = sorted(there, key=self._ring.slots.__getitem__)
        if not self.each:
            who = [None] if there else []
        self._beliefs = {name: self._beliefs.get(name, _Belief()) for name in who}
        if not who:
            return []
        rows = softmax(self.predictor.scores([self.clip(name) for name in who]))
        return [self._answer(time, name, row) for name, row in zip(who, rows, strict=True)]

    def _answer(self, time: float, person: Hashable | None, row: np.ndarray) -> Answer:
        """Smooths one row of probabilities ``(K,)`` and holds on to an action."""
        belief, classes = self._beliefs[person], self.predictor.card.classes
        if belief.shares is None or not self.smoothing:
            belief.shares = row
        else:
            keep = math.exp((belief.time - time) / self.smoothing)
            belief.shares = keep * belief.shares + (1 - keep) * row
        belief.time = time
        best = int(belief.shares.argmax())
        if belief.held is not None and belief.shares[belief.held] < self.leave:
            belief.held = None
        if belief.shares[best] >= self.enter:
            belief.held = best
        shown = best if belief.held is None else belief.held
        label = None if belief.held is None else classes[belief.held]
        window = Prediction.of("live", row, classes)
        return Answer(time, person, label, float(belief.shares[shown]), window)


def _between(old: Bodies, new: Bodies, share: float) -> Bodies:
    """Bodies a share of the way from one frame to the next; who is in one alone is in its half."""
    if share > 1 - CLOSE:
        return new
    found = {name: (1 - share) * old[name] + share * new[name] for name in old if name in new}
    alone = new if share >= 0.5 else old
    return found | {name: pose for name, pose in alone.items() if name not in found}
