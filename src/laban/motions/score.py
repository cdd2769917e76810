"""A score: what each part of one body does over time, written as eased movements between targets.

A movement is a minimum-jerk curve (Flash and Hogan, 1985,
https://doi.org/10.1523/JNEUROSCI.05-07-01688.1985) from the value held so far to a target;
movements that overlap in time add up, as human submovements do. Periodic movements lie on top.
Times are seconds from the start of the action.

Channels, angles in radians: ``px pz`` place of the pelvis and ``yaw`` its heading; ``h`` its
height (1 standing); ``lift`` flight; ``pitch roll twist`` of the trunk (forward, to the right, to
the left); ``nod tilt turn`` of the head; for each arm (``r`` or ``l`` in front) ``x y z`` wrist
(outward, up, forward of the upper spine, in trunk axes), ``elbow`` (0 down, 1 outward),
``ax ay az`` what bends the hand away from the forearm's direction, ``tx ty tz`` where the thumb
points, ``grip`` closing of the fingers; for each leg ``fx fy fz`` ankle, ``fyaw fp`` heading and
toe-down angle of the foot. Lengths are fractions of the stature.
"""

from dataclasses import dataclass, field

import numpy as np

from laban.motions.performers import Performer

__all__ = ["CHANNELS", "INDEX", "SIDES", "Contact", "Score", "ease"]

SIDES = ("r", "l")
_ARM = ("x", "y", "z", "elbow", "ax", "ay", "az", "tx", "ty", "tz", "grip")
_SHOULDER = np.array([0.105, -0.02, 0.0])  # of the average person, in a wrist's channels
_CLEAR = 0.17  # a wrist does not come nearer to the shoulder than that on its way
_LEG = ("fx", "fy", "fz", "fyaw", "fp")
CHANNELS: tuple[str, ...] = (
    *("px", "pz", "yaw", "h", "lift", "pitch", "roll", "twist", "nod", "tilt", "turn"),
    *(side + part for side in SIDES for part in (*_ARM, *_LEG)),
)
INDEX: dict[str, int] = {channel: k for k, channel in enumerate(CHANNELS)}


def ease(u: np.ndarray) -> np.ndarray:
    """Minimum-jerk progress, any shape -> same shape: 0 before u = 0, 1 after u = 1."""
    u = np.clip(u, 0.0, 1.0)
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))


@dataclass(frozen=True)
class Contact:
    """A wrist that goes to a point of the scene for a while.

    Attributes:
        side: ``r`` or ``l``.
        times: Start of reaching, arrival, start of leaving, left; seconds.
        joint: The other person's joint; None is the point between the two upper spines.
        offset: Left, up, forward of it in the other's trunk axes; for None along the line
            between the two persons, forward to the other. Metres.
        shake: Amplitude in metres and frequency in hertz of an up and down movement.
    """

    side: str
    times: tuple[float, float, float, float]
    joint: str | None
    offset: tuple[float, float, float]
    shake: tuple[float, float] = (0.0, 0.0)


def _standing(performer: Performer) -> dict[str, float]:
    """The values of all channels in rest."""
    values = dict.fromkeys(CHANNELS, 0.0)
    values |= {"h": 1.0, "pitch": performer.slouch, "nod": -0.5 * performer.slouch}
    for side, sign in (("r", -1.0), ("l", 1.0)):
        x, y, z = performer.rest
        values |= {side + "x": x, side + "y": y, side + "z": z, side + "elbow": 0.15}
        values |= {side + "tx": -0.4, side + "ty": 0.3, side + "tz": 0.8, side + "grip": 0.35}
        values |= {side + "fx": sign * performer.stance, side + "fyaw": sign * 0.15}
    return values


@dataclass
class Score:
    """The part of one person in one action.

    Attributes:
        performer: Whose body.
        rng: Draws the variants and jitters of the action.
        length: Seconds from the start to the end of the action.
        reverse: The written score is played backwards.
        contacts: Wrists on the other person.
    """

    performer: Performer
    rng: np.random.Generator
    length: float = 0.0
    reverse: bool = False
    contacts: list[Contact] = field(default_factory=list)
    _moves: list[tuple[int, float, float, float]] = field(default_factory=list)
    _waves: list[tuple[int, float, float, float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start = _standing(self.performer)
        self.now = dict(self._start)

    @property
    def reach(self) -> float:
        """The performer's factor on the size of movements."""
        return self.performer.reach

    def span(self, seconds: float) -> float:
        """A duration at the performer's pace, with chance."""
        return float(seconds * self.performer.pace * np.exp(self.rng.normal(0.0, 0.12)))

    def near(self, value: float, spread: float = 0.01) -> float:
        """The value with chance."""
        return float(value + self.rng.normal(0.0, spread))

    def choose(self, manner: int, count: int) -> int:
        """A variant below count: mostly the performer's own, sometimes another."""
        if self.rng.random() < 0.25:
            return int(self.rng.integers(count))
        return self.performer.manner[manner] % count

    def start(self, **values: float) -> None:
        """Set values that hold from before the start."""
        for channel, value in values.items():
            self._start[channel] = self.now[channel] = value

    def move(self, begin: float, end: float, **targets: float) -> None:
        """Bring channels to targets between two times."""
        for channel, target in targets.items():
            delta = target - self.now[channel]
            if delta:
                self._moves.append((INDEX[channel], begin, end, delta))
                self.now[channel] = target

    def hand(
        self,
        side: str,
        begin: float,
        end: float,
        place: tuple[float, float, float],
        *,
        elbow: float = 0.35,
        aim: tuple[float, float, float] = (0.0, 0.0, 0.0),
        thumb: tuple[float, float, float] = (-0.4, 0.5, 0.6),
        grip: float = 0.35,
    ) -> None:
        """Bring a wrist to a place with chance, with the elbow, hand and fingers."""
        names = tuple(side + part for part in _ARM)
        spots = tuple(self.near(value) for value in place)
        values = (*spots, self.near(elbow, 0.06), *aim, *thumb, grip)
        self._reach(side, begin, end, dict(zip(names, values, strict=True)))

    def _reach(self, side: str, begin: float, end: float, targets: dict[str, float]) -> None:
        """Move an arm, in front of the shoulder where the straight way leads through it."""
        start = np.array([self.now[side + axis] for axis in "xyz"]) - _SHOULDER
        way = np.array([targets[side + axis] for axis in "xyz"]) - _SHOULDER - start
        share = float(np.clip(-(start @ way) / max(float(way @ way), 1e-9), 0.0, 1.0))
        close = float(np.sqrt(((start + share * way) ** 2).sum()))
        if close < _CLEAR and 0.0 < share < 1.0:
            detour = 1.7 * (_CLEAR - close) * 2 * min(share, 1 - share)
            third = (end - begin) / 3
            self.move(begin, end - third, **{side + "z": self.now[side + "z"] + detour})
            self.move(begin + third, end, **{side + "z": self.now[side + "z"] - detour})
        self.move(begin, end, **targets)

    def rest(self, side: str, begin: float, end: float) -> None:
        """Let an arm hang as the performer lets it hang."""
        standing = _standing(self.performer)
        self._reach(side, begin, end, {side + part: standing[side + part] for part in _ARM})

    def wave(
        self,
        channel: str,
        begin: float,
        end: float,
        *,
        size: float,
        hertz: float,
        phase: float = 0.0,
    ) -> None:
        """Add a sine on top of a channel, faded in and out; phase in turns."""
        self._waves.append((INDEX[channel], begin, end, size, hertz, phase))

    def controls(self, times: np.ndarray) -> np.ndarray:
        """Seconds (T,) -> channels (T, K), smoothed over five frames."""
        times = self.length - times if self.reverse else times
        values = np.repeat(np.array([self._start[c] for c in CHANNELS])[:, None], len(times), 1)
        if self._moves:
            channel, begin, end, delta = (
                np.array(column) for column in zip(*self._moves, strict=True)
            )
            progress = ease((times - begin[:, None]) / (end - begin)[:, None])
            np.add.at(values, channel.astype(int), delta[:, None] * progress)
        for k, since, until, size, hertz, phase in self._waves:
            fade = ease((times - since) / 0.2) * ease((until - times) / 0.2)
            values[k] += size * fade * np.sin(2 * np.pi * (hertz * (times - since) + phase))
        padded = np.pad(values, ((0, 0), (2, 2)), mode="edge")
        count = len(times)
        kernel = (1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9)
        smooth = sum(w * padded[:, i : i + count] for i, w in enumerate(kernel))
        return np.ascontiguousarray(np.asarray(smooth).T)
