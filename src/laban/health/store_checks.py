"""Checks that need the whole store: each a pure function from what was gathered to findings.

A finding is the name of a clip, or of a class, and words with numbers.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from laban.benchmarks import Benchmark
from laban.health.clip_checks import Signs
from laban.store import Store

__all__ = [
    "IMBALANCE",
    "LONGEST",
    "SHORTEST",
    "Gathered",
    "duplicates",
    "imbalance",
    "leaks",
    "scale",
    "units",
    "up_axis",
]

OUTLIER_Z = 6.0  # robust standard deviations
OUTLIER_SHARE = 0.25  # of the median, for stores in which all bodies have the same size
IMBALANCE = 5.0  # times the median class
SHORTEST, LONGEST = 0.005, 5.0  # metres: a hand's and a giant's spine lie well within
UPRIGHT = 0.8  # of 1, how far a spine points along one axis
LYING = 0.1  # share of the clips in which people may lie or bend all the time

# The unit that makes a spine of this many of them: a hand's 9 cm to a body's 80 cm.
_UNITS = {"millimetres": (80, 1000), "centimetres": (5, 80)}

_Found = Iterator[tuple[str, Signs]]


@dataclass
class Gathered:
    """What a pass over the clips leaves behind, some numbers a clip.

    Attributes:
        store: The clips.
        sizes: (N,) lengths of the spine, nan where nobody is seen.
        ups: (N, C) directions of the spine, nan where nobody is seen.
        classes: Clips of each label; where no clip has one, segments of each label.
        benchmarks: Those that split the store.
    """

    store: Store
    sizes: np.ndarray
    ups: np.ndarray
    classes: Counter[str]
    benchmarks: Sequence[Benchmark]

    @cached_property
    def copies(self) -> list[list[int]]:
        """Groups of clips with the same poses; the checksum proposes, a digest decides."""
        sums = self.store.column("checksum")
        order = np.argsort(sums, kind="stable")
        firsts = np.flatnonzero(np.diff(sums[order], prepend=-1.0) != 0)
        groups: list[list[int]] = []
        for alike in np.split(order, firsts[1:]):
            if len(alike) < 2:
                continue
            same: dict[tuple, list[int]] = defaultdict(list)
            for number in alike:
                poses = self.store[number].poses
                if poses.any():
                    same[poses.shape, hashlib.sha256(poses.data).digest()].append(int(number))
            groups += [group for group in same.values() if len(group) > 1]
        return sorted(groups)


def scale(found: Gathered) -> _Found:
    """Clips whose spine is far from the median, by the median absolute deviation."""
    known = np.flatnonzero(np.isfinite(found.sizes))
    if not len(known):
        return
    middle = np.median(found.sizes[known])
    away = np.abs(found.sizes[known] - middle)
    spread = np.median(away) / 0.6745  # That of a normal distribution is 1.
    for number in known[(away > OUTLIER_Z * spread) & (away > OUTLIER_SHARE * middle)]:
        yield found.store.names[number], {}


def units(found: Gathered) -> _Found:
    """Clips that cannot be in metres, where most are so, with the unit that it may be."""
    known = np.flatnonzero(np.isfinite(found.sizes))
    if not len(known) or found.store.channels != 3:
        return
    middle = float(np.median(found.sizes[known]))
    if SHORTEST <= middle <= LONGEST:
        return
    guess = [unit for unit, (least, most) in _UNITS.items() if least <= middle < most]
    for number in known:
        if not SHORTEST <= found.sizes[number] <= LONGEST:
            yield found.store.names[number], dict.fromkeys(guess, 1)


def up_axis(found: Gathered) -> _Found:
    """Clips whose bodies stand along another axis than +y; hands point anywhere.

    People may lie in some clips, so an axis other than -y counts from a share of the clips on. In a
    picture whose y still points down they stand along -y as well.
    """
    if found.store.skeleton.across is None:
        return
    known = np.flatnonzero(np.isfinite(found.ups).all(1))
    axes: dict[str, list[int]] = defaultdict(list)
    for number in known:
        up = found.ups[number]
        axis = int(np.argmax(np.abs(up)))
        if abs(up[axis]) > UPRIGHT:
            axes[f"{'+' if up[axis] > 0 else '-'}{'xyz'[axis]}"].append(int(number))
    wrong = {
        axis: numbers
        for axis, numbers in axes.items()
        if axis == "-y" or (axis != "+y" and len(numbers) > LYING * len(known))
    }
    for row, way in sorted((n, axis) for axis, numbers in wrong.items() for n in numbers):
        yield found.store.names[row], {way: 1}


def leaks(found: Gathered) -> _Found:
    """Test clips of a benchmark with the poses of a training clip."""
    names = found.store.names
    for group in found.copies:
        twins: dict[int, dict[str, int]] = defaultdict(dict)
        for benchmark, part in _parts(found, group).items():
            train = [number for number in group if part[number] == "train"]
            for number in group:
                if train and part[number] == "test":
                    twins[number][benchmark] = train[0]
        for number, by in sorted(twins.items()):
            yield f"{names[number]} = {names[min(by.values())]}", dict.fromkeys(by, 1)


def duplicates(found: Gathered) -> _Found:
    """Clips with the poses of an earlier one that no benchmark has on the other side."""
    names = found.store.names
    for group in found.copies:
        parts = _parts(found, group).values()
        for at, number in enumerate(group):
            same_side = (
                other
                for other in group[:at]
                if not any({part[other], part[number]} == {"train", "test"} for part in parts)
            )
            first = next(same_side, None)
            if first is not None:
                yield f"{names[number]} = {names[first]}", {}


def _parts(found: Gathered, group: list[int]) -> dict[str, dict[int, str | None]]:
    """For each benchmark the parts that these clips play."""
    facts = {number: found.store.facts(number) for number in group}
    return {
        benchmark.name: {number: benchmark.split(own) for number, own in facts.items()}
        for benchmark in found.benchmarks
    }


def imbalance(found: Gathered) -> _Found:
    """Classes with many more or fewer clips than the middle one."""
    middle = float(np.median(list(found.classes.values()))) if found.classes else 0.0
    for label, count in found.classes.items():
        if not middle / IMBALANCE < count < middle * IMBALANCE:
            yield f"{label} ({count:,})", {}
