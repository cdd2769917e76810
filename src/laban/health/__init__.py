"""The doctor for pose data: what looks wrong in a store, each finding with its remedy.

One pass over the clips, one clip in memory at a time and some numbers kept of each; nothing is
changed or drawn. To add a check, write a function in `clip_checks.py` or `store_checks.py` and a
line here. Thresholds were judged on the archives of NW-UCLA, SHREC'17, MSR-Action3D, SBU, PRECOG
2016, SFINGE 3D and Bandai Namco 2: what is found there is there.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from laban.benchmarks import Benchmark
from laban.clip import Clip
from laban.health import clip_checks, store_checks
from laban.health.clip_checks import SHORT, Signs
from laban.health.patient import Patient
from laban.health.store_checks import IMBALANCE, LONGEST, SHORTEST, Gathered
from laban.store import Store

__all__ = ["CLIP_CHECKS", "REMEDIES", "STORE_CHECKS", "Checkup"]

EXAMPLES = 3
WORDS = 12

CLIP_CHECKS: dict[str, Callable[[Patient], Signs | None]] = {
    "damaged": clip_checks.damaged,
    "empty": clip_checks.empty,
    "zero-joints": clip_checks.zero_joints,
    "constant-joints": clip_checks.constant_joints,
    "lost-frames": clip_checks.lost_frames,
    "frozen-frames": clip_checks.frozen_frames,
    "jumps": clip_checks.jumps,
    "side-swaps": clip_checks.side_swaps,
    "mirrored": clip_checks.mirrored,
    "short": clip_checks.short,
    "unlabelled": clip_checks.unlabelled,
    "segments": clip_checks.segments,
}

STORE_CHECKS: dict[str, Callable[[Gathered], Iterator[tuple[str, Signs]]]] = {
    "up-axis": store_checks.up_axis,
    "scale": store_checks.scale,
    "units": store_checks.units,
    "leaks": store_checks.leaks,
    "duplicates": store_checks.duplicates,
    "imbalance": store_checks.imbalance,
}

REMEDIES: dict[str, str] = {
    "damaged": "the poses are not those that were written: the disk or a copy went wrong; convert "
    "the recordings again",
    "empty": "nobody is there in any frame: leave these clips out, or look for a wrong format",
    "zero-joints": "a joint is zero in all frames: the sensor never saw it, it is a point of "
    "reference, or the joint order is another; mask the joint or check the skeleton",
    "constant-joints": "a joint never moves while others do: it is filled in, not measured; mask "
    "the joint or leave the clips out",
    "lost-frames": "a person is gone for some frames and comes back: let the pipeline bridge the "
    "gaps, or leave clips with long ones out",
    "frozen-frames": "a pose is held number for number: the tracker lost the body or frames were "
    "copied; take these frames out, or leave the clips out",
    "jumps": "a body leaps further between two frames than a person can: body identities are "
    "mixed up or a ghost is among them; let the pipeline choose the people, or cut there",
    "side-swaps": "left and right change places between two frames: the tracker took a back for a "
    "front; swap the sides back there, or leave the clips out",
    "mirrored": "the feet point to where the back is: left and right are swapped or one axis has "
    "the wrong sign; mend the joint order or negate the axis",
    "short": f"fewer than {SHORT} frames: check the cut or leave these clips out",
    "unlabelled": "no label and no segments: fine for pretraining, give labels for training",
    "segments": "segments lie outside their recording, end before they start or share frames: mend "
    "the labels and convert again; of shared frames the segment that starts later takes all",
    "up-axis": "bodies do not stand along +y, which steps that turn them about the upright axis "
    "count on: exchange or negate axes (-x and -y where y points down), unless people lie there",
    "scale": "the spine's length is far from the others': another unit or a broken body; convert "
    "the unit or leave these clips out",
    "units": f"spines are not between {SHORTEST:g} and {LONGEST:g} long: the coordinates are not "
    "metres, which is fine unless stores of several sources meet; convert to metres then",
    "leaks": "test clips have the poses of training clips, so an accuracy on them is too high: "
    "take them out of one split and say so beside the figures",
    "duplicates": "the same poses come again under another name: keep one of each",
    "imbalance": f"classes have {IMBALANCE:g} times more or fewer clips than the middle one: "
    "look at per-class accuracy, not at top-1 alone, or gather more clips",
}


@dataclass
class _Finding:
    """One kind of problem as it is met: the count, the first names, and words summed up."""

    count: int = 0
    examples: list[str] = field(default_factory=list)
    what: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, signs: Signs) -> None:
        self.count += 1
        self.what.update(signs)
        if len(self.examples) < EXAMPLES:
            self.examples.append(name)


class Checkup:
    """Gathers findings clip by clip: `see` each clip of a store in order, then ask `problems`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sizes = np.full(len(store), np.nan)
        self._ups = np.full((len(store), store.channels), np.nan)
        self._found = {kind: _Finding() for kind in REMEDIES}

    def see(self, number: int, clip: Clip) -> None:
        """Check one clip, by its number in the store."""
        patient = Patient(clip, int(self._store.column("checksum")[number]))
        for kind, check in CLIP_CHECKS.items():
            signs = check(patient)
            if signs is not None:
                self._found[kind].add(clip.name, signs)
        self._sizes[number] = patient.size
        self._ups[number] = patient.up

    def problems(self, classes: Counter[str], benchmarks: Sequence[Benchmark]) -> list[dict]:
        """All that was found, as JSON values; classes and benchmarks as `Gathered` has them."""
        found = dict(self._found)
        gathered = Gathered(self._store, self._sizes, self._ups, classes, benchmarks)
        for kind, check in STORE_CHECKS.items():
            finding = found[kind] = _Finding()
            for name, signs in check(gathered):
                finding.add(name, signs)
        return [
            {
                "kind": kind,
                "count": found[kind].count,
                "examples": found[kind].examples,
                "what": dict(found[kind].what.most_common(WORDS)),
                "remedy": remedy,
            }
            for kind, remedy in REMEDIES.items()
            if found[kind].count
        ]
