"""Long untrimmed recordings of several actions, written in the text format of PKU-MMD.

PKU-MMD: A Large Scale Benchmark for Continuous Multi-Modal Human Action Understanding,
https://arxiv.org/abs/1703.07475, https://www.icst.pku.edu.cn/struct/Projects/PKUMMD.html. A
recording is ``NNNN-V.txt`` (view L, M or R), one frame a line, 150 numbers: two bodies x 25 joints
x (x y z), zeros for an absent body; its labels are a file of the same name, one action a line:
``class,first frame,last frame,confidence``.

Unusual here: frames count from 0 and the last one belongs to the action; classes are PKU-MMD's own
numbers, so the two walking actions, which it does not have, are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laban.errors import LabanError
from laban.motions.body import mirrored
from laban.motions.performers import Performer, performer_named
from laban.motions.recording import Recording, see
from laban.motions.scene import FPS, Part, play, sway, write_scores
from laban.motions.score import INDEX, SIDES, Score, ease

__all__ = ["PKU_CLASSES", "VIEWS", "record_untrimmed"]

PKU_CLASSES: dict[int, int] = {
    1: 8, 4: 2, 5: 9, 6: 22, 7: 41, 8: 33, 9: 34, 10: 6, 14: 48, 15: 37, 20: 28, 21: 35, 22: 5,
    23: 13, 24: 19, 26: 15, 27: 17, 28: 20, 30: 46, 33: 4, 34: 31, 35: 1, 50: 26, 52: 27, 55: 16,
    56: 12, 58: 14,
}  # fmt: skip
"""NTU class number to PKU-MMD class number, of the actions that both have."""

VIEWS: dict[str, int] = {"L": 2, "M": 1, "R": 3}
"""PKU-MMD's views and the cameras that they are."""

_SIT, _STAND = 8, 9
_PARTNER_STAYS = 20  # frames before and after what the two do together


@dataclass
class _Take:
    """One action of the actor, and of the other person where there are two."""

    action: int
    scores: list[Score]
    gap: float

    def seated(self, *, end: bool) -> bool:
        moment = np.array([self.scores[0].length if end else 0.0])
        return bool(self.scores[0].controls(moment)[0, INDEX["h"]] < 0.8)


def _takes(
    actions: Sequence[int], performer: int, seed: int, rng: np.random.Generator
) -> list[_Take]:
    """The actions, with sitting down and standing up put in where the next one needs it."""
    takes: list[_Take] = []
    seated = actions[0] == _STAND
    for action in actions:
        take = _Take(action, *write_scores(action, performer, seed=seed, rng=rng))
        if take.seated(end=False) != seated:
            between = _STAND if seated else _SIT
            takes.append(_Take(between, *write_scores(between, performer, seed=seed, rng=rng)))
        takes.append(take)
        seated = take.seated(end=True)
    return takes


_PLACES = [INDEX[c] for c in ("px", "rfx", "lfx")], [INDEX[c] for c in ("pz", "rfz", "lfz")]


def _line_up(
    takes: list[_Take], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Takes -> the actor's channels (T, K), origin (T, 2) as fraction of stature, first frames.

    Between two takes all channels glide from the last value of one to the first of the next; what
    the feet walked in a take becomes the next one's origin.
    """
    rows: list[np.ndarray] = []
    origins: list[np.ndarray] = []
    starts: list[int] = []
    origin, count = np.zeros(2), 0
    last = takes[0].scores[0].controls(np.array([0.0]))[0]
    for k in range(len(takes) + 1):
        score = takes[min(k, len(takes) - 1)].scores[0]
        played = score.controls(np.arange(int(score.length * FPS)) / FPS)
        idle = int(FPS * rng.uniform(0.8, 2.2))
        walked = np.array([last[[INDEX[s + axis] for s in SIDES]].mean() for axis in ("fx", "fz")])
        for columns, way in zip(_PLACES, walked, strict=True):
            last[columns] -= way
        origin = origin + walked
        first = played[0] if k < len(takes) else last
        glide = ease(np.arange(idle) / min(idle, 27))[:, None]
        rows.append(last + glide * (first - last))
        if k < len(takes):
            starts.append(count + idle)
            rows.append(played)
            last = played[-1].copy()
        count = sum(len(row) for row in rows)
        origins.append(np.tile(origin, (count - sum(len(o) for o in origins), 1)))
    return np.concatenate(rows), np.concatenate(origins), starts


def _partner_part(take: _Take, actor: Part, seed_rng: np.random.Generator) -> Part:
    """The other person, face to face with the actor, over the same frames."""
    score = take.scores[1]
    heading = actor.spot[0, 2]
    spot = np.empty_like(actor.spot)
    spot[:, 0] = actor.spot[:, 0] + take.gap * np.sin(heading)
    spot[:, 1] = actor.spot[:, 1] + take.gap * np.cos(heading)
    spot[:, 2] = heading + np.pi
    controls = sway(score.controls(actor.times), score.performer, seed_rng)
    return Part(score.performer, controls, spot, score.contacts, actor.times)


def _stage(
    takes: list[_Take], performer: Performer, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Takes -> joints on the stage (2, T, 25, 3), who is there (2, T), the first frames."""
    controls, origins, starts = _line_up(takes, rng)
    controls = sway(controls, performer, rng)
    count, heading = len(controls), float(rng.uniform(-0.6, 0.6))
    spot = np.full((count, 3), heading)
    x, z = origins.T * performer.stature
    spot[:, 0] = x * np.cos(heading) + z * np.sin(heading)
    spot[:, 1] = z * np.cos(heading) - x * np.sin(heading)
    times = np.arange(count) / FPS
    joints = np.full((2, count, 25, 3), -50.0)
    there = np.zeros((2, count), bool)
    joints[0] = play([Part(performer, controls, spot, [], times)])[0]
    there[0] = True
    for take, start in zip(takes, starts, strict=True):
        if len(take.scores) == 2:
            stop = start + int(take.scores[0].length * FPS) + _PARTNER_STAYS
            cut = slice(max(0, start - _PARTNER_STAYS), stop)
            clock = times[cut] - start / FPS
            actor = Part(performer, controls[cut], spot[cut], take.scores[0].contacts, clock)
            joints[:, cut] = play([actor, _partner_part(take, actor, rng)])
            there[1, cut] = True
    return joints, there, starts


def record_untrimmed(
    performer: int,
    *,
    actions: Sequence[int],
    camera: int = 1,
    video: int = 1,
    setup: int = 5,
    seed: int = 0,
    flaws: bool = True,
) -> Recording:
    """A long recording of several actions with idle time between, without a break in the motion.

    Where an action starts on a chair and the person stands, or the other way round, sitting down
    or standing up is put in before it, as an action of its own. For an action of two the other
    person is there shortly before and after.

    Args:
        performer: 1 or above.
        actions: Numbers of `ACTIONS` that PKU-MMD has too, in order.
        camera: 1 to 3; all see the same performance.
        video: The recording's number; another one is another performance.
        setup: Heights and distances of the cameras.
        seed: Of everything.
        flaws: Whether the sensor errs.

    Raises:
        LabanError: Without actions, or for one that PKU-MMD does not have.
    """
    missing = [action for action in actions if action not in PKU_CLASSES]
    if missing or not actions:
        known = ", ".join(str(action) for action in PKU_CLASSES)
        what = f"action {missing[0]} is not one of PKU-MMD" if missing else "no actions are given"
        raise LabanError(f"untrimmed recording {video}: {what}, choose from {known}")
    rng = np.random.default_rng([seed, 4, performer, video])
    person = performer_named(performer, seed=seed)
    takes = _takes(actions, performer, seed, rng)
    joints, there, starts = _stage(takes, person, rng)
    if person.left_handed:
        joints = mirrored(joints)
    arrays = see(joints, camera, setup=setup, seed=seed, key=(0, performer, video), flaws=flaws)
    arrays["present"][:2] &= there
    arrays["poses"] *= arrays["present"][:, :, None, None]
    view = next(letter for letter, number in VIEWS.items() if number == camera)
    return Recording(
        name=f"{video:04d}-{view}",
        facts={"subject": str(performer), "camera": view},
        segments=tuple(
            (take.action, start, start + int(take.scores[0].length * FPS))
            for take, start in zip(takes, starts, strict=True)
        ),
        **arrays,
    )
