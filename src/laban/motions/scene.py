"""A performance on the stage: one or two persons, their places, and their hands on each other.

The stage is right-handed, in metres, y up from the floor, the origin in its middle; camera 1 looks
from +z. Class numbers are those of NTU RGB+D (https://rose1.ntu.edu.sg/dataset/actionRecognition/).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from laban.errors import LabanError
from laban.motions import hands, pairs, whole_body
from laban.motions.body import axes, mirrored, pose_body
from laban.motions.performers import Performer, performer_named
from laban.motions.score import INDEX, Contact, Score, ease
from laban.skeletons import SKELETONS

__all__ = ["FPS", "SINGLES", "PAIRS", "Part", "Take", "perform", "play", "sway", "write_scores"]

FPS = 30.0

SINGLES: dict[int, Callable[[Score], None]] = {
    1: hands.drink,
    4: hands.brush_hair,
    5: whole_body.drop,
    6: whole_body.pick_up,
    7: whole_body.throw,
    8: whole_body.sit_down,
    9: whole_body.stand_up,
    10: hands.clap,
    14: hands.wear_jacket,
    15: hands.take_off_jacket,
    20: hands.put_on_hat,
    21: hands.take_off_hat,
    22: hands.cheer,
    23: hands.wave_hand,
    24: whole_body.kick,
    26: whole_body.hop,
    27: whole_body.jump,
    28: hands.phone,
    30: hands.type_keys,
    33: hands.check_time,
    34: hands.rub_hands,
    35: whole_body.bow,
}

PAIRS: dict[int, Callable[[Score, Score], float]] = {
    50: pairs.punch,
    52: pairs.push,
    55: pairs.hug,
    56: pairs.give,
    58: pairs.shake_hands,
    59: pairs.walk_together,
    60: pairs.walk_apart,
}

_TOP = SKELETONS["kinect-v2"].index("spine-shoulder")


@dataclass(frozen=True)
class Take:
    """Which performance: the numbers in a file's name, but for the camera, and the world's seed."""

    action: int
    performer: int
    replication: int = 1
    setup: int = 1
    seed: int = 0

    @property
    def key(self) -> tuple[int, int, int, int]:
        """What makes this performance's chance its own."""
        return self.action, self.performer, self.setup, self.replication


@dataclass
class Part:
    """One person's part of a performance.

    Attributes:
        performer: Whose body.
        controls: Channels (T, K).
        spot: Place and heading on the stage (T, 3): x, z in metres, yaw in radians.
        contacts: Wrists on the other person.
        times: Seconds (T,) of the action's own clock, which the contacts use.
    """

    performer: Performer
    controls: np.ndarray
    spot: np.ndarray
    contacts: list[Contact]
    times: np.ndarray


def write_scores(action: int, performer: int, *, seed: int, rng: np.random.Generator) -> tuple:
    """The scores of all persons of an action, and their distance in metres (0 for one)."""
    actor = Score(performer_named(performer, seed=seed), rng)
    if action in SINGLES:
        SINGLES[action](actor)
        return [actor], 0.0
    if action not in PAIRS:
        known = ", ".join(f"A{number:03d}" for number in sorted({*SINGLES, *PAIRS}))
        raise LabanError(
            f"there is no built-in recording of action {action}: choose one of {known}"
        )
    other = Score(performer_named(performer, seed=seed, partner=True), rng)
    return [actor, other], PAIRS[action](actor, other)


def sway(controls: np.ndarray, performer: Performer, rng: np.random.Generator) -> np.ndarray:
    """Channels (T, K) -> channels (T, K) with the slow unrest of a living body."""
    sizes = {
        "px": 0.006,
        "pz": 0.006,
        "pitch": 0.018,
        "roll": 0.015,
        "twist": 0.03,
        "turn": 0.06,
        "nod": 0.03,
    }
    sizes |= {side + axis: 0.005 for side in "rl" for axis in "xyz"}
    hertz, phase = rng.uniform(0.1, 0.55, (2, len(sizes))), rng.random((2, len(sizes)))
    seconds = np.arange(len(controls))[:, None, None] / FPS
    waves = np.sin(2 * np.pi * (hertz * seconds + phase)).sum(1)
    moved = controls.copy()
    moved[:, [INDEX[c] for c in sizes]] += (
        performer.sway * 0.7 * waves * np.array(list(sizes.values()))
    )
    return moved


def _to_stage(joints: np.ndarray, spot: np.ndarray) -> np.ndarray:
    """Own frame (T, V, 3), spot (T, 3) -> stage (T, V, 3)."""
    still = np.zeros(len(spot))
    placed = joints @ axes(spot[:, 2], still, still).transpose(0, 2, 1)
    placed[:, :, 0] += spot[:, 0, None]
    placed[:, :, 2] += spot[:, 1, None]
    return placed


def _goal(
    contact: Contact, part: Part, mine: np.ndarray, other: np.ndarray, trunk: np.ndarray
) -> tuple:
    """One contact -> (side, weight (T,), point (T, 3)) in the person's own frame."""
    offset = np.array(contact.offset)
    if contact.joint is None:
        ahead = (other[:, _TOP] - mine[:, _TOP]) * (1.0, 0.0, 1.0)
        ahead /= np.sqrt((ahead * ahead).sum(-1, keepdims=True))
        point = 0.5 * (mine[:, _TOP] + other[:, _TOP]) + offset[2] * ahead + (0.0, offset[1], 0.0)
    else:
        joint = SKELETONS["kinect-v2"].index(contact.joint)
        point = other[:, joint] + (trunk @ offset[:, None])[:, :, 0]
    a, b, c, d = contact.times
    weight = ease((part.times - a) / (b - a)) * (1 - ease((part.times - c) / (d - c)))
    size, hertz = contact.shake
    point[:, 1] += size * np.sin(2 * np.pi * hertz * (part.times - b)) * weight
    point[:, 0] -= part.spot[:, 0]
    point[:, 2] -= part.spot[:, 1]
    still = np.zeros(len(point))
    own = (axes(-part.spot[:, 2], still, still) @ point[:, :, None])[:, :, 0]
    return contact.side, weight, own


def play(parts: list[Part]) -> np.ndarray:
    """Parts of M persons -> joints on the stage (M, T, 25, 3) in metres."""
    bodies = [pose_body(part.performer, part.controls) for part in parts]
    stage = [_to_stage(joints, p.spot) for (joints, _), p in zip(bodies, parts, strict=True)]
    final = list(stage)
    for m, part in enumerate(parts):
        if part.contacts:
            still = np.zeros(len(part.times))
            trunk = axes(parts[1 - m].spot[:, 2], still, still) @ bodies[1 - m][1]
            goals = [_goal(c, part, stage[m], stage[1 - m], trunk) for c in part.contacts]
            final[m] = _to_stage(pose_body(part.performer, part.controls, goals)[0], part.spot)
    return np.stack(final)


def _faced(stage: np.ndarray, angle: float, x: float, z: float) -> np.ndarray:
    """Turn (M, T, 25, 3) round the stage's middle and move it."""
    turned = stage @ axes(np.array(angle), np.array(0.0), np.array(0.0)).T
    return turned + (x, 0.0, z)


def perform(take: Take) -> np.ndarray:
    """One performance, seen by no camera yet: joints on the stage (M, T, 25, 3) in metres.

    Idle time of random length precedes and follows the action; the person faces camera 1 within
    40 degrees, two persons stand across its view within as much.
    """
    rng = np.random.default_rng([take.seed, 1, *take.key])
    scores, gap = write_scores(take.action, take.performer, seed=take.seed, rng=rng)
    lead, tail = rng.uniform(0.08, 0.7, 2)
    count = int(FPS * (lead + scores[0].length + tail))
    times = np.arange(count) / FPS - lead
    parts = []
    for m, score in enumerate(scores):
        spot = np.zeros((count, 3))
        if len(scores) == 2:
            spot[:] = (0.5 * gap, 0.0, -np.pi / 2) if m else (-0.5 * gap, 0.0, np.pi / 2)
        controls = sway(score.controls(times), score.performer, rng)
        parts.append(Part(score.performer, controls, spot, score.contacts, times))
    stage = play(parts)
    if scores[0].performer.left_handed:
        stage = mirrored(stage)
    facing = np.deg2rad((15.0 if take.replication % 2 else -15.0) + rng.uniform(-25.0, 25.0))
    if len(scores) == 2 and rng.random() < 0.5:
        facing += np.pi
    return _faced(stage, float(facing), *(float(shift) for shift in rng.uniform(-0.35, 0.35, 2)))
