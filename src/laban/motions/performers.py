"""The made-up people: proportions, tempo, handedness and style, each from its number and the seed.

Lengths are fractions of the stature after the body-segment table of Drillis and Contini (1966), as
far as the 25 joints of Kinect version 2 (https://arxiv.org/abs/1604.02808) need them, with a
spread between persons.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Performer", "performer_named"]

_HANGING = (0.018, -0.298, 0.03)
_CLASPED = (-0.07, -0.25, 0.12)
_BEHIND = (-0.05, -0.265, -0.08)


@dataclass(frozen=True)
class Performer:
    """One person.

    Attributes:
        stature: Body height in metres.
        lengths: Bone lengths in metres by word; see `_lengths`.
        left_handed: Everything this person does is mirrored.
        pace: Factor on all durations; above 1 is slow.
        reach: Factor on the size of movements.
        slouch: Forward lean of the trunk in rest, radians.
        stance: Half the distance between the feet, fraction of the stature.
        rest: Where the wrists hang: outward, up, forward of the upper spine, fractions of stature.
        sway: Amplitude of the unrest of the standing body; 1 is usual.
        manner: Whole numbers 0 to 5, one a variant choice, that stay with the person.
    """

    stature: float
    lengths: dict[str, float]
    left_handed: bool
    pace: float
    reach: float
    slouch: float
    stance: float
    rest: tuple[float, float, float]
    sway: float
    manner: tuple[int, ...]


def _lengths(rng: np.random.Generator, stature: float) -> dict[str, float]:
    """Bone lengths in metres; legs, arms, trunk and breadth vary by themselves."""
    leg, arm, trunk, broad = 1 + rng.uniform(-1, 1, 4) * (0.05, 0.06, 0.05, 0.13)
    parts = {
        "thigh": 0.245 * leg,
        "shin": 0.243 * leg,
        "ankle": 0.045,
        "foot": 0.075,
        "hip": 0.048 * broad,
        "belly": 0.165 * trunk,
        "chest": 0.125 * trunk,
        "neck": 0.042 * trunk,
        "head": 0.085,
        "shoulder": 0.105 * broad,
        "upper-arm": 0.165 * arm,
        "forearm": 0.147 * arm,
        "hand": 0.036 * arm,
        "tip": 0.045 * arm,
        "thumb": 0.036 * arm,
    }
    return {word: share * stature for word, share in parts.items()}


def performer_named(number: int, *, seed: int = 0, partner: bool = False) -> Performer:
    """The person of that number; a partner is another person, met by that performer alone."""
    rng = np.random.default_rng([seed, 7001 + partner, number])
    stature = float(np.clip(rng.normal(1.69, 0.09), 1.48, 1.93))
    rests = (_HANGING, _HANGING, _HANGING, _HANGING, _CLASPED, _BEHIND)
    lengths = _lengths(rng, stature)
    arm = (lengths["upper-arm"] + lengths["forearm"]) / (0.312 * stature)
    rest = np.array(rests[rng.integers(len(rests))]) * (1, arm, 1) + rng.normal(0, 0.006, 3)
    rest += (lengths["shoulder"] / stature, -0.02, 0)
    return Performer(
        stature=stature,
        lengths=lengths,
        left_handed=bool(rng.random() < 0.2),
        pace=float(np.exp(rng.normal(0, 0.15))),
        reach=float(np.clip(rng.normal(1, 0.12), 0.75, 1.3)),
        slouch=float(rng.uniform(0, 0.16)),
        stance=float(rng.uniform(0.045, 0.085)),
        rest=(float(rest[0]), float(rest[1]), float(rest[2])),
        sway=float(rng.uniform(0.4, 1.6)),
        manner=tuple(int(choice) for choice in rng.integers(0, 6, 8)),
    )
