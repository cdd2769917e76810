"""Actions of two persons, after the classes A050 to A060 of NTU RGB+D.

Data sheet of the classes: https://rose1.ntu.edu.sg/dataset/actionRecognition/. Each function writes
the parts of the actor and the other person, who stand face to face, and returns their distance at
the start in metres.
"""

import numpy as np

from laban.motions.score import SIDES, Contact, Score
from laban.motions.steps import CARRY, carry, turn_around, walk

__all__ = ["give", "hug", "punch", "push", "shake_hands", "walk_apart", "walk_together"]


def _ends_with(a: Score, b: Score, seconds: float) -> None:
    a.length = b.length = seconds


def _touch(
    s: Score, side: str, times: tuple[float, ...], joint: str | None, **where: tuple
) -> None:
    first, second, third, fourth = times
    s.contacts.append(Contact(side, (first, second, third, fourth), joint, **where))


def shake_hands(a: Score, b: Score) -> float:
    """A058: the right hands meet half-way and shake."""
    up, hold, down = a.span(0.65), a.span(1.0), a.span(0.6)
    high, shake = a.near(-0.27, 0.03), (a.near(0.035, 0.006), a.near(2.4, 0.3))
    for s in (a, b):
        late = 0.0 if s is a else float(s.rng.uniform(0.05, 0.3))
        s.move(late, up, pitch=s.performer.slouch + s.near(0.1, 0.03), nod=s.near(0.05, 0.05))
        s.move(late, up, relbow=0.15, rtx=0.0, rty=1.0, rtz=0.0, rgrip=0.3)
        times = (late, up + 0.1, up + hold, up + hold + down)
        _touch(s, "r", times, None, offset=(0.0, high, -0.045), shake=shake)
        s.move(up + hold, up + hold + down, pitch=s.performer.slouch, relbow=0.35)
    _ends_with(a, b, up + hold + down)
    return a.near(0.92, 0.05)


def give(a: Score, b: Score) -> float:
    """A056: the actor's hand brings a thing half-way, the other's takes it home."""
    carry(a)
    up, swap, down = a.span(0.75), a.span(0.3), a.span(0.65)
    high = a.near(-0.24, 0.04)
    late = up * float(b.rng.uniform(0.15, 0.5))
    t = up + swap
    for s in (a, b):
        begin = 0.0 if s is a else late
        s.move(begin, up, pitch=s.performer.slouch + s.near(0.1, 0.03), nod=0.15)
        s.move(begin, up, relbow=0.2, rtx=-0.2, rty=1.0, rtz=0.0, rgrip=0.8 if s is a else 0.2)
        _touch(s, "r", (begin, up, t, t + down), None, offset=(0.0, high, -0.06))
        s.move(t, t + down, pitch=s.performer.slouch, nod=0.0)
    a.rest("r", up, t)
    b.hand("r", up, t, CARRY, thumb=(-0.3, 1.0, 0.2), grip=0.8)
    _ends_with(a, b, t + down)
    return a.near(0.95, 0.06)


def push(a: Score, b: Score) -> float:
    """A052: both hands on the other's chest; the other stumbles back."""
    back, fast, hold = a.span(0.45), a.span(0.3), 0.12
    t = back + fast
    for side in SIDES:
        a.hand(side, 0.0, back, (0.10, -0.08, 0.09), elbow=0.5, aim=(0, 0.6, 0), grip=0.0)
        sign = 0.11 if side == "r" else -0.11
        times = (back, t, t + hold, t + hold + 0.5)
        _touch(a, side, times, "spine-shoulder", offset=(sign, -0.05, 0.14))
        a.move(back, t, **{side + "z": 0.24, side + "ay": 0.9})
        a.rest(side, t + hold + 0.05, t + hold + 0.7)
    a.move(0.0, back, pitch=a.performer.slouch - 0.06)
    a.move(back, t, pitch=a.performer.slouch + 0.25, pz=0.09, lfz=0.13)
    a.move(back, back + 0.5 * fast, lfy=0.04)
    a.move(back + 0.5 * fast, t, lfy=0.0)
    a.move(t + 0.3, t + 0.9, pitch=a.performer.slouch)
    b.move(t - 0.05, t + 0.22, pitch=-0.22, nod=0.22)
    for side in SIDES:
        b.hand(side, t - 0.05, t + 0.3, (0.17, -0.20, 0.13), elbow=0.5)
        b.rest(side, t + 0.5, t + 1.1)
    end = walk(b, t - 0.02, b.near(0.4, 0.06), heading=np.pi)
    b.move(t + 0.3, t + 0.9, pitch=b.performer.slouch, nod=0.0)
    _ends_with(a, b, max(end, t + 0.9))
    return a.near(0.82, 0.04)


def punch(a: Score, b: Score) -> float:
    """A050: a fist or a flat hand to the other's face, once or twice; the head flies back."""
    back = a.span(0.45)
    slap = a.choose(1, 2) == 0
    a.hand("r", 0.0, back, (0.15, 0.0, 0.02), elbow=0.8, grip=0.0 if slap else 1.1)
    a.move(0.0, back, twist=-0.35, pitch=a.performer.slouch)
    if not slap:
        a.hand("l", 0.0, back, (0.06, -0.04, 0.14), elbow=0.2, grip=1.1)
    t = back
    offset = (-0.09, 0.0, 0.05) if slap else (0.0, -0.02, 0.12)
    for _ in range(1 + (a.choose(2, 3) == 0)):
        fast = a.span(0.24)
        hit = t + fast
        _touch(a, "r", (t, hit, hit + 0.05, hit + 0.4), "head", offset=offset)
        a.move(t, hit, twist=0.35, pitch=a.performer.slouch + 0.14, pz=0.05)
        a.move(hit + 0.05, hit + 0.45, twist=-0.25, pitch=a.performer.slouch)
        aside = 0.5 if slap else 0.0
        b.move(
            hit - 0.03,
            hit + 0.17,
            pitch=-0.16,
            nod=-0.25 * (not slap),
            turn=aside,
            tilt=-0.4 * aside,
        )
        b.move(hit + 0.2, hit + 0.6, pitch=b.performer.slouch, nod=0.0, turn=0.0, tilt=0.0)
        t = hit + 0.42
    a.move(t, t + 0.5, twist=0.0, pz=0.0)
    for side in SIDES:
        a.rest(side, t, t + 0.6)
    if b.choose(3, 2):
        b.hand("r", t - 0.3, t + 0.15, (0.03, 0.04, 0.12), elbow=0.4)
        b.rest("r", t + 0.4, t + 0.9)
    _ends_with(a, b, t + 0.6)
    return a.near(0.72, 0.04)


def hug(a: Score, b: Score) -> float:
    """A055: step together, arms around each other, and apart."""
    gap = a.near(1.0, 0.06)
    ahead = 0.5 * (gap - a.near(0.34, 0.02))
    high = ("r", "l") if a.choose(4, 2) else ("l", "r")
    hold = a.span(0.9)
    closed = max(walk(s, 0.0, ahead) for s in (a, b))
    for s in (a, b):
        for side in SIDES:
            sign = 1.0 if side == "r" else -1.0
            up = side == high[0]
            place = (0.17, 0.0 if up else -0.13, 0.17)
            s.hand(side, 0.1, 0.6 * closed, place, elbow=0.75 if up else 0.45, grip=0.1)
            where = (sign * (0.02 if up else 0.04), -0.05 if up else -0.24, -0.11)
            s.move(0.6 * closed, closed, **{side + "x": 0.10, side + "z": 0.25, side + "ax": -0.8})
            times = (0.6 * closed, closed + 0.15, closed + hold, closed + hold + 0.5)
            _touch(s, side, times, "spine-shoulder", offset=where)
            s.rest(side, closed + hold + 0.15, closed + hold + 0.8)
        lean = s.performer.slouch + 0.1
        s.move(
            0.6 * closed, closed + 0.2, pitch=lean, px=0.035, tilt=0.18 if high[0] == "l" else -0.18
        )
        s.move(closed + hold, closed + hold + 0.5, pitch=s.performer.slouch, tilt=0.0, px=0.0)
    t = closed + hold + 0.2
    end = max(walk(s, t, 0.7 * ahead, heading=np.pi) for s in (a, b))
    _ends_with(a, b, end)
    return gap


def walk_together(a: Score, b: Score) -> float:
    """A059: both walk until they stand face to face."""
    far = float(a.rng.uniform(0.7, 1.05))
    gap = 2 * far + a.near(0.85, 0.06)
    ends = [walk(s, float(s.rng.uniform(0.0, 0.3)), far) for s in (a, b)]
    _ends_with(a, b, max(ends))
    return gap


def walk_apart(a: Score, b: Score) -> float:
    """A060: both turn round and walk away."""
    far = float(a.rng.uniform(0.7, 1.05))
    ends = []
    for s in (a, b):
        angle = float(s.rng.choice([-1.0, 1.0])) * s.near(2.75, 0.2)
        turned = turn_around(s, float(s.rng.uniform(0.0, 0.25)), angle)
        ends.append(walk(s, turned - 0.1, far, heading=angle))
    _ends_with(a, b, max(ends))
    return a.near(0.85, 0.06)
