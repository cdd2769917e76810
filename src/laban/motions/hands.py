"""Actions of the arms and the head, after the classes of NTU RGB+D.

Data sheet of the classes: https://rose1.ntu.edu.sg/dataset/actionRecognition/. Hand targets lie
close together on purpose (mouth, ear, hair, hat): what differs is path, hold and order.
"""

from laban.motions.score import SIDES, Score
from laban.motions.steps import be_seated, carry

__all__ = [
    "brush_hair", "check_time", "cheer", "clap", "drink", "phone", "put_on_hat", "rub_hands",
    "take_off_hat", "take_off_jacket", "type_keys", "wave_hand", "wear_jacket",
]  # fmt: skip


def _maybe_seated(s: Score, manner: int) -> None:
    if s.choose(manner, 6) == 0:
        be_seated(s)


def drink(s: Score) -> None:
    """A001: a cup from the belly to the mouth, head back, and down again."""
    _maybe_seated(s, 0)
    carry(s)
    up, hold, down = s.span(0.7), s.span(0.8), s.span(0.7)
    mouth = (0.06, -0.005, 0.125)
    s.hand(
        "r",
        0.0,
        up,
        mouth,
        elbow=s.near(0.45, 0.15),
        aim=(-0.9, 0.7, 0.0),
        thumb=(0, 0.6, -1),
        grip=0.8,
    )
    s.move(0.7 * up, up + 0.3, nod=s.near(-0.3, 0.06), ry=s.now["ry"] + 0.02)
    s.move(up + hold - 0.2, up + hold + 0.2, nod=0.0)
    t = up + hold
    s.hand("r", t, t + down, (0.085, -0.20, 0.15), thumb=(-0.3, 1.0, 0.2), grip=0.8)
    s.length = t + down


def phone(s: Score) -> None:
    """A028: from the pocket to the ear, and stay there."""
    _maybe_seated(s, 1)
    take, up, talk = s.span(0.45), s.span(0.7), s.span(1.2)
    s.hand("r", 0.0, take, (0.115, -0.24, 0.05), elbow=0.3, grip=0.7)
    s.hand("r", take, take + up, (0.105, 0.0, 0.07), elbow=0.3, aim=(-0.2, 1.0, -0.6), grip=0.7)
    s.move(take + 0.6 * up, take + up + 0.2, tilt=s.near(0.16, 0.05), turn=s.near(-0.08, 0.06))
    s.wave("nod", take + up, take + up + talk, size=0.05, hertz=s.near(0.9, 0.2))
    t = take + up + talk
    if s.choose(2, 3) == 0:
        s.rest("r", t, t + 0.6)
        s.move(t, t + 0.6, tilt=0.0, turn=0.0)
        t += 0.6
    s.length = t


def brush_hair(s: Score) -> None:
    """A004: strokes from the top of the head to the back."""
    up, count = s.span(0.7), int(s.rng.integers(3, 6))
    top, back = (0.055, 0.185, 0.05), (0.115, 0.12, -0.02)
    s.hand("r", 0.0, up, top, elbow=0.8, aim=(-0.5, 0.2, -0.3), grip=0.7)
    s.move(0.5 * up, up + 0.2, tilt=s.near(-0.1, 0.05), turn=s.near(0.0, 0.1))
    t = up
    for i in range(count):
        time = s.span(0.5)
        s.hand("r", t, t + 0.6 * time, back, elbow=0.8, aim=(-0.5, 0.2, -0.3), grip=0.7)
        if i < count - 1:
            s.hand("r", t + 0.6 * time, t + time, top, elbow=0.8, aim=(-0.5, 0.2, -0.3), grip=0.7)
        t += time
    down = s.span(0.7)
    s.rest("r", t, t + down)
    s.move(t, t + down, tilt=0.0, turn=0.0)
    s.length = t + down


def _hat(s: Score) -> None:
    """From the belly to the head and the hands down; backwards it takes the hat off."""
    both = s.choose(3, 3) == 0
    up, press, down = s.span(0.8), s.span(0.35), s.span(0.7)
    for side in SIDES if both else ("r",):
        carry(s, side)
        wide = 0.085 if both else 0.06
        tops = ((0.0, up, 0.215, 0.075), (up, up + press, 0.165, 0.035))
        for begin, end, y, z in tops:
            place, aim = (wide, y, z), (-0.6, 0.3, 0.0)
            s.hand(side, begin, end, place, elbow=0.75, aim=aim, thumb=(0, 0, -1), grip=0.6)
        s.rest(side, up + press + 0.1, up + press + 0.1 + down)
    s.move(0.3 * up, up, nod=s.near(0.16, 0.06))
    s.move(up + press, up + press + down, nod=0.0)
    s.length = up + press + 0.1 + down


def put_on_hat(s: Score) -> None:
    """A020: a hat from the belly onto the head."""
    _hat(s)


def take_off_hat(s: Score) -> None:
    """A021: the same backwards."""
    _hat(s)
    s.reverse = True


def _jacket(s: Score) -> None:
    """One sleeve, the other sleeve, straighten the front; backwards it takes the jacket off."""
    for side in SIDES:
        carry(s, side)
    a, b, c, d = (s.span(time) for time in (0.7, 0.6, 0.6, 0.6))
    s.hand("r", 0.0, a, (0.15, -0.03, 0.04), elbow=0.9, grip=0.8)
    s.hand("l", 0.0, a, (0.13, -0.26, -0.11), elbow=0.2)
    s.move(0.0, a, twist=0.3 * s.reach, pitch=s.performer.slouch + 0.12, nod=0.15, turn=0.2)
    s.hand("l", a, a + b, (0.27, -0.10, 0.03), elbow=0.4)
    s.hand("r", a, a + b, (0.13, -0.26, -0.11), elbow=0.2)
    s.move(a, a + b, twist=-0.3 * s.reach, turn=-0.2)
    t = a + b
    s.hand("r", t, t + c, (0.27, -0.10, 0.03), elbow=0.4)
    s.hand("l", t, t + c, (0.07, -0.07, 0.13), elbow=0.5, grip=0.8)
    s.move(t, t + c, twist=0.0, turn=0.0)
    t += c
    s.hand("r", t, t + 0.7 * d, (0.07, -0.07, 0.13), elbow=0.5, grip=0.8)
    for side in SIDES:
        s.hand(side, t + 0.7 * d, t + 1.4 * d, (0.07, -0.20, 0.13), elbow=0.4, grip=0.8)
        s.rest(side, t + 1.5 * d, t + 2.3 * d)
    s.move(t, t + 1.4 * d, pitch=s.performer.slouch, nod=0.2)
    s.move(t + 1.5 * d, t + 2.2 * d, nod=0.0)
    s.length = t + 2.3 * d


def wear_jacket(s: Score) -> None:
    """A014: into the sleeves."""
    _jacket(s)


def take_off_jacket(s: Score) -> None:
    """A015: the same backwards."""
    _jacket(s)
    s.reverse = True


def cheer(s: Score) -> None:
    """A022: both arms up, and shake them."""
    up, hold, down = s.span(0.5), s.span(1.0), s.span(0.6)
    hertz = s.near(2.0, 0.25)
    for side in SIDES:
        s.hand(side, 0.0, up, (0.19, 0.2, 0.05), elbow=0.8, aim=(0.0, 0.5, 0.0), grip=0.9)
        s.wave(side + "y", up - 0.2, up + hold, size=0.045 * s.reach, hertz=hertz)
        s.rest(side, up + hold, up + hold + down)
    s.move(0.0, up, nod=-0.15)
    s.move(up + hold, up + hold + down, nod=0.0)
    s.length = up + hold + down


def wave_hand(s: Score) -> None:
    """A023: a raised hand swings from side to side."""
    up, hold, down = s.span(0.55), s.span(1.3), s.span(0.6)
    high = 0.15 if s.choose(4, 2) else 0.03
    s.hand("r", 0.0, up, (0.19, s.near(high, 0.03), 0.08), elbow=0.45, aim=(0, 0.7, 0), grip=0.0)
    hertz = s.near(1.9, 0.25)
    s.wave("rx", up - 0.2, up + hold, size=s.near(0.055, 0.01) * s.reach, hertz=hertz)
    s.wave("rax", up - 0.2, up + hold, size=0.35, hertz=hertz)
    s.rest("r", up + hold, up + hold + down)
    s.length = up + hold + down


def clap(s: Score) -> None:
    """A010: the palms meet again and again."""
    up, hold, down = s.span(0.5), s.span(1.3), s.span(0.55)
    wide, high = s.near(0.045, 0.008) * s.reach, s.near(-0.09, 0.03)
    hertz = s.near(2.6, 0.3)
    for side in SIDES:
        s.hand(side, 0.0, up, (0.02 + wide, high, 0.17), elbow=0.3, aim=(-0.4, 0.5, 0.2), grip=0.0)
        s.wave(side + "x", up - 0.2, up + hold, size=wide, hertz=hertz)
        s.rest(side, up + hold, up + hold + down)
    s.length = up + hold + down


def rub_hands(s: Score) -> None:
    """A034: the palms slide on each other."""
    up, hold, down = s.span(0.5), s.span(1.4), s.span(0.55)
    high, hertz = s.near(-0.12, 0.03), s.near(2.4, 0.3)
    slide = s.near(0.028, 0.005) * s.reach
    for side, phase in (("r", 0.0), ("l", 0.5)):
        s.hand(side, 0.0, up, (0.028, high, 0.17), elbow=0.35, aim=(-0.3, 0.4, 0.2), grip=0.0)
        s.wave(side + "z", up - 0.2, up + hold, size=slide, hertz=hertz, phase=phase)
        s.wave(side + "y", up - 0.2, up + hold, size=0.5 * slide, hertz=hertz, phase=phase)
        s.rest(side, up + hold, up + hold + down)
    s.move(0.0, up, nod=s.near(0.15, 0.08))
    s.move(up + hold, up + hold + down, nod=0.0)
    s.length = up + hold + down


def type_keys(s: Score) -> None:
    """A030: both hands before the belly, quick small strokes, eyes on the keys."""
    if s.choose(5, 2):
        be_seated(s)
    up, hold = s.span(0.6), s.span(1.9)
    high = s.near(-0.18, 0.02)
    for side, phase in (("r", 0.0), ("l", 0.4)):
        s.hand(side, 0.0, up, (0.065, high, 0.185), elbow=0.25, thumb=(-1.0, 0.2, 0.0), grip=0.4)
        s.wave(side + "y", up - 0.1, up + hold, size=0.011, hertz=s.near(3.6, 0.4), phase=phase)
        s.wave(side + "grip", up - 0.1, up + hold, size=0.25, hertz=s.near(4.2, 0.4), phase=phase)
        s.wave(side + "x", up, up + hold, size=0.014, hertz=s.near(0.7, 0.2), phase=s.rng.random())
    s.move(0.0, up, nod=s.near(0.3, 0.08), pitch=s.now["pitch"] + 0.05)
    s.length = up + hold


def check_time(s: Score) -> None:
    """A033: the other wrist comes before the chest, the head looks down at it."""
    _maybe_seated(s, 6)
    up, hold, down = s.span(0.6), s.span(0.8), s.span(0.6)
    s.hand(
        "l", 0.0, up, (0.03, -0.10, 0.165), elbow=0.65, aim=(-0.6, 0.0, -0.2), thumb=(0, 0.2, -1)
    )
    s.move(0.2 * up, up, nod=s.near(0.38, 0.08), turn=s.near(0.12, 0.06))
    if s.choose(7, 3) == 0:
        s.hand("r", 0.3 * up, up + 0.2, (0.01, -0.12, 0.18), elbow=0.35)
        s.rest("r", up + hold, up + hold + down)
    s.move(up + hold, up + hold + down, nod=0.0, turn=0.0)
    s.rest("l", up + hold, up + hold + down)
    s.length = up + hold + down
