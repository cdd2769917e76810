"""Single-person actions of the whole body, after the classes of NTU RGB+D.

Data sheet of the classes: https://rose1.ntu.edu.sg/dataset/actionRecognition/. Each function writes
one performance into a `Score`, with the performer's own variants, and sets its length.
"""

import numpy as np

from laban.motions.score import SIDES, Score
from laban.motions.steps import CARRY, carry, take_seat

__all__ = [
    "bow", "drop", "hop", "jump", "kick", "pick_up", "sit_down", "stand_up", "throw",
]  # fmt: skip


def sit_down(s: Score) -> None:
    """A008: from standing to a chair."""
    s.length = s.span(1.55)
    take_seat(s, 0.0, s.length, lean=s.near(0.42, 0.08) * s.reach)


def stand_up(s: Score) -> None:
    """A009: the same road backwards, with more lean, as the trunk has to be thrown forward."""
    s.length = s.span(1.45)
    take_seat(s, 0.0, s.length, lean=s.near(0.55, 0.08) * s.reach)
    s.reverse = True


def drop(s: Score) -> None:
    """A005: a thing held before the body falls."""
    both = s.choose(1, 3) == 0
    sides = SIDES if both else ("r",)
    hold, fall = s.span(0.5), s.span(0.4)
    for side in sides:
        carry(s, side)
    raised = (0.06, s.near(-0.14, 0.03), s.near(0.20, 0.02))
    for side in sides:
        s.hand(side, 0.0, hold, raised, thumb=(-0.3, 1.0, 0.2), grip=0.8)
        s.move(hold, hold + 0.15, **{side + "grip": 0.0})
        s.move(hold, hold + 0.18, **{side + "y": s.now[side + "y"] + 0.03})
        s.rest(side, hold + 0.25, hold + 0.3 + fall)
    s.move(hold, hold + 0.5, nod=s.near(0.5, 0.1), pitch=s.now["pitch"] + s.near(0.12, 0.04))
    s.move(hold + 0.8, hold + 1.3, nod=0.0, pitch=s.performer.slouch)
    s.length = hold + s.span(1.1)


def pick_up(s: Score) -> None:
    """A006: bend or squat, reach to the floor, come up with a thing in the hand."""
    down, up = s.span(0.8), s.span(0.85)
    squat = s.choose(2, 2) == 0
    lean, low = (0.88, 0.40) if squat else (1.15, 0.54)
    t = down + 0.15
    s.move(0.0, down, pitch=s.near(lean, 0.06), h=s.near(low, 0.03), pz=-0.12, nod=0.1)
    s.hand("r", 0.1, down, (0.05, -0.19 if squat else -0.12, 0.27), elbow=0.2, grip=0.1)
    s.move(down, t, rgrip=0.8)
    if squat:
        s.hand("l", 0.1, down, (0.10, -0.17, 0.20), elbow=0.3)
    else:
        s.hand("l", 0.1, down, (0.11, -0.16, 0.24), elbow=0.2)
    s.move(t, t + up, pitch=s.performer.slouch, h=1.0, pz=0.0, nod=0.1)
    s.hand("r", t + 0.2 * up, t + up, CARRY, thumb=(-0.3, 1.0, 0.2), grip=0.8)
    s.rest("l", t, t + up)
    s.length = t + up + 0.1


def throw(s: Score) -> None:
    """A007: wind up beside the head, throw forward, follow through."""
    carry(s)
    back, fast = s.span(0.6), s.span(0.28)
    high = s.near(0.15, 0.03) if s.choose(3, 3) else 0.08
    s.hand("r", 0.0, back, (0.18, high, -0.06), elbow=0.8, aim=(0.0, 0.5, -0.4), grip=0.8)
    s.move(0.0, back, twist=-0.5 * s.reach, pitch=s.performer.slouch - 0.1, px=-0.02)
    s.hand("l", 0.0, back, (0.11, -0.12, 0.17), elbow=0.4)
    if s.choose(4, 2):
        s.move(back - 0.2, back + fast, lfz=0.17, pz=0.07)
        s.move(back - 0.2, back, lfy=0.05)
        s.move(back, back + fast, lfy=0.0)
    go = back + 0.05
    s.hand("r", go, go + fast, (0.05, -0.01, 0.30), elbow=0.6, aim=(0.0, -0.3, 0.0), grip=0.0)
    s.move(go - 0.05, go + fast + 0.1, twist=0.4 * s.reach, pitch=s.performer.slouch + 0.22, px=0.0)
    s.hand("l", go, go + fast + 0.1, (0.13, -0.32, -0.03))
    late = go + fast + 0.25
    s.rest("r", late, late + 0.6)
    s.rest("l", late, late + 0.6)
    s.move(late, late + 0.6, twist=0.0, pitch=s.performer.slouch)
    s.length = late + 0.45


def kick(s: Score) -> None:
    """A024: swing one leg back, kick forward, set it down."""
    back, fast, home = s.span(0.45), s.span(0.26), s.span(0.55)
    high = s.near(0.19, 0.04) * s.reach
    foot = s.now["rfx"]
    s.move(0.0, back, px=0.045, h=0.985, rfz=-0.17 * s.reach, rfy=0.06, rfp=0.5)
    s.move(back, back + fast, rfz=0.38 * s.reach, rfy=high, rfp=-0.2, rfx=foot + 0.02)
    s.move(0.0, back, pitch=s.performer.slouch + 0.12, twist=0.15)
    s.move(back, back + fast, pitch=s.performer.slouch - 0.14, twist=-0.15)
    s.hand("l", 0.05, back, (0.14, -0.32, -0.09))
    s.hand("l", back, back + fast, (0.14, -0.20, 0.14))
    s.hand("r", 0.05, back, (0.14, -0.22, 0.12))
    s.hand("r", back, back + fast, (0.14, -0.315, -0.11))
    t = back + fast + 0.1
    s.move(t, t + home, rfz=0.0, rfy=0.0, rfp=0.0, rfx=foot, px=0.0, h=1.0)
    s.move(t, t + home, pitch=s.performer.slouch, twist=0.0)
    for side in SIDES:
        s.rest(side, t, t + home)
    s.length = t + home


def hop(s: Score) -> None:
    """A026: one foot up, several hops on the other."""
    up, count = s.span(0.45), int(s.rng.integers(3, 6))
    s.move(0.0, up, px=s.performer.stance * 0.8, rfy=0.13, rfz=-0.13, rfp=0.9, h=0.97)
    for side in SIDES:
        s.hand(side, 0.0, up, (0.17, -0.20, 0.08), elbow=0.5)
    t, ahead, step = up, 0.0, s.near(0.04, 0.04)
    for _ in range(count):
        time = s.span(0.42)
        top, low = t + 0.55 * time, t + time
        high = s.near(0.055, 0.01) * s.reach
        ahead += step
        s.move(t - 0.1, t + 0.2 * time, h=0.93, pitch=s.performer.slouch + 0.1)
        s.move(t + 0.15 * time, top, h=1.0, lift=high, lfy=high, lfp=0.45, rfy=0.13 + high)
        s.move(t + 0.15 * time, low, lfz=ahead, rfz=ahead - 0.13, pz=ahead)
        s.move(top, low, lift=0.0, lfy=0.0, lfp=0.0, rfy=0.13)
        t = low
    home = s.span(0.45)
    s.move(t, t + home, rfy=0.0, rfz=ahead, rfp=0.0, px=0.0, h=1.0, pitch=s.performer.slouch)
    for side in SIDES:
        s.rest(side, t, t + home)
    s.length = t + home


def jump(s: Score) -> None:
    """A027: crouch, swing the arms, fly, land, once or twice."""
    t = 0.0
    overhead = s.choose(5, 3) == 0
    for _ in range(1 + (s.choose(6, 3) == 0)):
        down, up, fall = s.span(0.5), s.span(0.3), s.span(0.26)
        high = s.near(0.12, 0.02) * s.reach
        s.move(t, t + down, h=0.74, pitch=0.45, pz=-0.04)
        for side in SIDES:
            s.hand(side, t, t + down, (0.13, -0.315, -0.14))
            top = (0.15, 0.22, 0.08) if overhead else (0.13, -0.06, 0.23)
            s.hand(side, t + down - 0.1, t + down + up, top, elbow=0.5)
        a, b = t + down, t + down + up
        feet = {side + "fy": high for side in SIDES} | {side + "fp": 0.7 for side in SIDES}
        s.move(a, b, h=1.0, pitch=0.02, pz=0.0)
        s.move(a + 0.35 * up, b, lift=high, **feet)
        s.move(b, b + fall, lift=0.0, **dict.fromkeys(feet, 0.0))
        s.move(b + 0.6 * fall, b + fall + 0.15, h=0.84, pitch=0.3)
        s.move(b + fall + 0.15, b + fall + 0.5, h=1.0, pitch=s.performer.slouch)
        t = b + fall + 0.2
        for side in SIDES:
            s.rest(side, b, t + 0.15)
    s.length = t + 0.3


def bow(s: Score) -> None:
    """A035: a bow from the hips, or nods of the head."""
    down, hold, up = s.span(0.6), s.span(0.25), s.span(0.6)
    if s.choose(7, 2):
        lean = s.near(0.75, 0.12) * s.reach
        s.move(0.0, down, pitch=lean, pz=-0.05, nod=0.15)
        s.move(down + hold, down + hold + up, pitch=s.performer.slouch, pz=0.0, nod=0.0)
        for side in SIDES:
            s.hand(side, 0.0, down, (0.12, -0.20, 0.225))
            s.rest(side, down + hold, down + hold + up)
        s.length = down + hold + up
        return
    count = int(s.rng.integers(2, 4))
    time = 0.55 * (down + up)
    for i in range(count):
        t = i * time
        s.move(t, t + 0.5 * time, nod=s.near(0.5, 0.06), pitch=s.performer.slouch + 0.07)
        s.move(t + 0.5 * time, t + time, nod=0.0, pitch=s.performer.slouch)
    s.length = float(np.float64(count) * time)
