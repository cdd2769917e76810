"""Movements that several actions share: walking, turning, sitting, holding.

All write into a `Score`; lengths are metres where the name says so, else fractions of the stature.
The chair's height and the length of a step are those of everyday furniture and gait
(https://en.wikipedia.org/wiki/Preferred_walking_speed).
"""

import numpy as np

from laban.motions.score import SIDES, Score

__all__ = ["CARRY", "be_seated", "carry", "take_seat", "turn_around", "walk"]

CARRY = (0.085, -0.20, 0.15)
"""The wrist of an arm that holds a thing before the belly."""


def carry(s: Score, side: str = "r") -> None:
    """Start with a thing in the hand."""
    x, y, z = (s.near(value, 0.015) for value in CARRY)
    s.start(**{side + "x": x, side + "y": y, side + "z": z, side + "grip": 0.8})
    s.start(**{side + "tx": -0.3, side + "ty": 1.0, side + "tz": 0.2})


def _seat(s: Score) -> dict[str, float]:
    return {"h": s.near(0.52, 0.02), "pz": s.near(-0.21, 0.015), "pitch": s.near(0.06, 0.04)}


_THIGHS = (0.08, -0.22, 0.18)


def be_seated(s: Score) -> None:
    """Start on a chair with the hands on the thighs."""
    s.start(**_seat(s))
    for side in SIDES:
        x, y, z = (s.near(value) for value in _THIGHS)
        s.start(**{side + "x": x, side + "y": y, side + "z": z})


def take_seat(s: Score, begin: float, end: float, *, lean: float) -> None:
    """Sit down on a chair behind: lean forward, lower the pelvis, come upright."""
    d = end - begin
    seat = _seat(s)
    upright = seat.pop("pitch")
    s.move(begin, begin + 0.5 * d, pitch=s.now["pitch"] + lean, nod=s.now["nod"] - 0.35 * lean)
    s.move(begin + 0.12 * d, begin + 0.85 * d, **seat)
    s.move(begin + 0.55 * d, end, pitch=upright, nod=s.near(0.0, 0.05))
    manner = s.choose(0, 3)
    for side in SIDES:
        if manner == 0:
            back = (s.now[side + "x"] + 0.02, -0.325, -0.03)
            s.hand(side, begin + 0.1 * d, begin + 0.5 * d, back, elbow=0.2)
        s.hand(side, begin + 0.45 * d, end, _THIGHS if manner < 2 else (0.12, -0.28, 0.04))


def _foot_step(
    s: Score, side: str, begin: float, end: float, *, lift: float, **place: float
) -> None:
    """Lift one foot and set it down at its new place."""
    half = 0.5 * (begin + end)
    s.move(begin, end, **{side + key: value for key, value in place.items()})
    s.move(begin, half + 0.1 * (end - begin), **{side + "fy": lift})
    s.move(half - 0.1 * (end - begin), end, **{side + "fy": 0.0})
    s.move(begin, half, **{side + "fp": 0.35})
    s.move(half, end, **{side + "fp": 0.0})


def walk(s: Score, begin: float, metres: float, *, heading: float = 0.0) -> float:
    """Walk straight from where the person stands; feet stay planted between steps.

    Args:
        s: The score.
        begin: Seconds.
        metres: How far.
        heading: Direction in the person's own frame, 0 forward, pi backward, positive to the left.

    Returns:
        When the last foot is set down.
    """
    share = metres / s.performer.stature
    count = max(2, 1 + round(share / (0.29 * s.reach)))
    time = s.span(0.48)
    ahead = np.array([np.sin(heading), np.cos(heading)])
    first = int(s.rng.integers(2))
    home = {side: (s.now[side + "fx"], s.now[side + "fz"]) for side in SIDES}
    for i in range(count):
        side = SIDES[(first + i) % 2]
        far = share * min(1.0, (i + 1) / (count - 1))
        x, z = np.array(home[side]) + far * ahead
        t = begin + i * time
        _foot_step(s, side, t, t + time, lift=0.035, fx=float(x), fz=float(z))
        px, pz = np.array([s.now["px"], s.now["pz"]]) + share / count * ahead
        s.move(t - 0.1 * time, t + 1.4 * time, px=float(px), pz=float(pz))
    end = begin + count * time
    swing = min(0.07, 0.12 * share) * s.reach
    if share > 0.25:
        phase = 0.5 * first
        s.wave("rz", begin, end, size=swing, hertz=0.5 / time, phase=phase)
        s.wave("lz", begin, end, size=swing, hertz=0.5 / time, phase=phase + 0.5)
        s.wave("h", begin, end, size=0.012, hertz=1 / time)
    return end + 0.3 * time


def turn_around(s: Score, begin: float, angle: float) -> float:
    """Turn in place by steps; radians, positive to the left; gives the end in seconds."""
    count = max(2, 2 * round(abs(angle) / 1.4))
    time = s.span(0.34)
    first = 1 if angle > 0 else 0
    yaw, stance = s.now["yaw"], s.performer.stance
    side_yaw = {side: s.now[side + "fyaw"] - yaw for side in SIDES}
    for i in range(count):
        side = SIDES[(first + i) % 2]
        share = min(1.0, (i // 2 + 1) / (count // 2))
        a = yaw + angle * share
        sign = -1.0 if side == "r" else 1.0
        place = (s.now["px"] + sign * stance * np.cos(a), s.now["pz"] - sign * stance * np.sin(a))
        t = begin + i * time
        target = {"fx": float(place[0]), "fz": float(place[1]), "fyaw": a + side_yaw[side]}
        _foot_step(s, side, t, t + time, lift=0.03, **target)
    end = begin + count * time
    s.move(begin, end, yaw=yaw + angle)
    glance = 0.4 * float(np.sign(angle))
    s.move(begin, begin + 0.4 * (end - begin), turn=glance)
    s.move(begin + 0.4 * (end - begin), end, turn=0.0)
    return end
