"""Built-in recordings: made-up NTU RGB+D clips, exactly reproducible from their numbers and a seed.

Names and class numbers follow NTU RGB+D (https://arxiv.org/abs/1604.02808), so that the dataset's
readers, class list and cross-subject and cross-view splits hold for them. Unusual here: the persons
are forward kinematics, not measurements; figures reached on them say nothing about real people.
"""

from dataclasses import dataclass

import numpy as np

from laban.clip import Clip, Segment
from laban.errors import LabanError
from laban.motions.cameras import from_camera
from laban.motions.flaws import ideal_sighting, sighting
from laban.motions.scene import FPS, PAIRS, Take, perform
from laban.skeletons import SKELETONS

__all__ = ["ACTIONS", "TWO_PERSON", "Recording", "record", "see"]

ACTIONS: dict[int, str] = {
    1: "drink water",
    4: "brushing hair",
    5: "drop",
    6: "pickup",
    7: "throw",
    8: "sitting down",
    9: "standing up (from sitting position)",
    10: "clapping",
    14: "wear jacket",
    15: "take off jacket",
    20: "put on a hat/cap",
    21: "take off a hat/cap",
    22: "cheer up",
    23: "hand waving",
    24: "kicking something",
    26: "hopping (one foot jumping)",
    27: "jump up",
    28: "make a phone call/answer phone",
    30: "typing on a keyboard",
    33: "check time (from watch)",
    34: "rub two hands together",
    35: "nod head/bow",
    50: "punching/slapping other person",
    52: "pushing other person",
    55: "hugging other person",
    56: "giving something to other person",
    58: "handshaking",
    59: "walking towards each other",
    60: "walking apart from each other",
}
"""NTU class number to NTU class name."""

TWO_PERSON: frozenset[int] = frozenset(PAIRS)
"""Numbers of the actions of two persons."""


@dataclass
class Recording:
    """What one camera recorded.

    Attributes:
        name: ``SsssCcccPpppRrrrAaaa``, or the name of an untrimmed recording.
        poses: (M, T, 25, 3) float32, metres in the camera's frame (x right, y up, z away), zeros
            where a body is absent. Persons come first, a ghost last.
        present: (M, T) bool.
        states: (M, T, 25) uint8: 2 tracked, 1 inferred, 0 not tracked.
        ids: (M, T) int64 of 17 digits; a person's can change.
        order: (T, M) the bodies in the order in which each frame lists them.
        facts: ``subject``, ``camera``, ``setup``, ``trial``.
        fps: Frames a second.
        segments: Of an untrimmed recording: action number, first frame, frame after the last.
    """

    name: str
    poses: np.ndarray
    present: np.ndarray
    states: np.ndarray
    ids: np.ndarray
    order: np.ndarray
    facts: dict[str, str]
    fps: float = FPS
    segments: tuple[tuple[int, int, int], ...] = ()

    def clip(self) -> Clip:
        """The recording as a clip: tracks as they are, states as confidence 0, 0.5 or 1."""
        number = int(self.name[-3:]) if self.name[-4:-3] == "A" else None
        return Clip(
            name=self.name,
            poses=self.poses,
            skeleton=SKELETONS["kinect-v2"],
            present=self.present,
            confidence=np.float32(0.5) * self.states * self.present[:, :, None],
            fps=self.fps,
            label=None if number is None else ACTIONS[number],
            segments=tuple(Segment(ACTIONS[a], start, end) for a, start, end in self.segments),
            facts=self.facts,
        )


def see(
    stage: np.ndarray,
    camera: int,
    *,
    setup: int,
    seed: int,
    key: tuple[int, ...],
    flaws: bool = True,
) -> dict:
    """Stage (M, T, 25, 3) -> the array fields of a `Recording` by one camera.

    Numbers are rounded to micrometres, so that the last bits of a processor's sine do not show.
    """
    clean = from_camera(stage, camera, setup=setup, seed=seed)
    rng = np.random.default_rng([seed, 3, camera, *key])
    seen = sighting(clean, rng) if flaws else ideal_sighting(clean, rng)
    poses = np.round(seen.poses, 6).astype(np.float32) + np.float32(0)
    return {**vars(seen), "poses": poses}


def record(
    action: int,
    performer: int,
    *,
    camera: int = 1,
    replication: int = 1,
    setup: int = 1,
    seed: int = 0,
    flaws: bool = True,
) -> Recording:
    """One clip: an action by a performer as one camera saw it.

    Args:
        action: A number of `ACTIONS`.
        performer: 1 or above; 1 to 40 are those of NTU-60's cross-subject split.
        camera: 1 in front, 2 and 3 at 45 degrees; all see the same performance.
        replication: Another performance of the same; odd ones turn to one side, even to the other.
        setup: Heights and distances of the cameras.
        seed: Another seed is another world of people.
        flaws: Whether the sensor errs.

    Raises:
        LabanError: For an unknown action or camera, or a number below 1.
    """
    _check(performer=performer, camera=camera, replication=replication, setup=setup)
    take = Take(action, performer, replication, setup, seed)
    return filmed(perform(take), take, camera, flaws=flaws)


def _check(**numbers: int) -> None:
    for word, number in numbers.items():
        top = 3 if word == "camera" else 999
        if not 1 <= number <= top:
            raise LabanError(
                f"{word} {number} of a built-in recording: give a number from 1 to {top}"
            )


def filmed(stage: np.ndarray, take: Take, camera: int, *, flaws: bool = True) -> Recording:
    """Stage (M, T, 25, 3) of a performance -> its recording by one camera."""
    arrays = see(stage, camera, setup=take.setup, seed=take.seed, key=take.key, flaws=flaws)
    name = f"S{take.setup:03d}C{camera:03d}P{take.performer:03d}R{take.replication:03d}"
    facts = {
        "subject": str(take.performer),
        "camera": str(camera),
        "setup": str(take.setup),
        "trial": str(take.replication),
    }
    return Recording(name=f"{name}A{take.action:03d}", facts=facts, **arrays)
