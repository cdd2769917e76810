"""Which training clips are set apart to validate on."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from laban.benchmarks.benchmark import by_number
from laban.errors import LabanError

__all__ = ["validation_split"]


def validation_split(
    facts: Sequence[Mapping[str, str]],
    share: float,
    seed: int,
    *,
    labels: Sequence[object] | None = None,
) -> list[bool]:
    """Which training clips to validate on: whole subjects, drawn until the share is reached.

    At least one subject stays for training. Where a clip has no subject, or all have the same
    one, clips are drawn instead, the share of each class.

    Args:
        facts: The facts of the training clips.
        share: The wished share of clips, at least 0 and below 1.
        seed: Draws the subjects; the order of the clips has no influence on which are drawn.
        labels: The clips' labels, for drawing clips class by class.
    """
    if not 0 <= share < 1:
        raise LabanError(f"the validation share is {share}: give a number from 0 to below 1")
    rng = np.random.default_rng(seed)
    subjects = [row.get("subject") for row in facts]
    names = by_number({s for s in subjects if s is not None})
    if None in subjects or len(names) < 2:
        return _clips_of_classes(labels or [None] * len(facts), share, rng)
    chosen: set[str] = set()
    for number in rng.permutation(len(names))[:-1]:
        if sum(s in chosen for s in subjects) >= share * len(subjects):
            break
        chosen.add(names[number])
    return [s in chosen for s in subjects]


def _clips_of_classes(
    labels: Sequence[object], share: float, rng: np.random.Generator
) -> list[bool]:
    """A share of the clips of each class; never the last clip of one."""
    taken = [False] * len(labels)
    for label in sorted(set(labels), key=str):
        clips = [number for number, other in enumerate(labels) if other == label]
        count = min(math.ceil(share * len(clips)), len(clips) - 1)
        for number in rng.permutation(len(clips))[:count]:
            taken[clips[number]] = True
    return taken
