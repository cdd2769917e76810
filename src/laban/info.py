"""What is inside a store and what looks wrong with it: a doctor for pose data.

One pass over the clips, one clip in memory at a time. Each kind of problem comes with its count,
up to five examples and a remedy; nothing is changed. Lengths are measured against the body's own
spine, so the thresholds hold in metres, millimetres and pixels alike.
"""

import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from laban.benchmarks import BENCHMARKS, Benchmark
from laban.clip import Clip
from laban.errors import LabanError
from laban.result import Result
from laban.skeletons import Skeleton
from laban.store import Store

__all__ = ["REMEDIES", "describe", "info"]

EXAMPLES = 5
SHORT = 8  # frames
JUMP = 2.0  # spine lengths between two frames at 30 a second: 30 m/s for a grown-up's back
OUTLIER_Z = 6.0  # robust standard deviations
OUTLIER_SHARE = 0.25  # of the median, for stores in which all bodies have the same size
IMBALANCE = 5.0  # times the median class
METRES = 5.0  # no spine is longer

REMEDIES: dict[str, str] = {
    "damaged": "the poses are not those that were written: the disk or a copy went wrong; convert "
    "the recordings again",
    "empty": "nobody is there in any frame: leave these clips out, or look for a wrong format",
    "zero-joints": "a joint is zero in all frames: the sensor never saw it or the joint order is "
    "another; mask the joint or check the skeleton",
    "constant-joints": "a joint never moves while others do: it is filled in, not measured; mask "
    "the joint or leave the clips out",
    "lost-frames": "a person is gone for some frames and comes back: let the pipeline bridge the "
    "gaps, or leave clips with long ones out",
    "jumps": "a body leaps further between two frames than a person can: body identities are "
    "mixed up or a ghost is among them; let the pipeline choose the people, or cut there",
    "short": f"fewer than {SHORT} frames: check the cut or leave these clips out",
    "unlabelled": "no label and no segments: fine for pretraining, give labels for training",
    "scale": "the spine's length is far from the others': another unit or a broken body; convert "
    "the unit or leave these clips out",
    "units": f"spines are longer than {METRES:g}: the coordinates are not metres, which is fine "
    "unless stores of several sources meet; convert to metres then",
    "duplicates": "the same poses come again under another name: keep one of each, above all "
    "where one is in the training and the other in the test split",
    "imbalance": f"classes have {IMBALANCE:g} times more or fewer clips than the middle one: "
    "look at per-class accuracy, not at top-1 alone, or gather more clips",
}


@dataclass
class _Findings:
    """Problems as they are met: the count and the first names of each kind."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        self.counts[kind] += 1
        names = self.examples.setdefault(kind, [])
        if len(names) < EXAMPLES:
            names.append(name)

    def to_json(self) -> list[dict]:
        return [
            {
                "kind": kind,
                "count": self.counts[kind],
                "examples": self.examples[kind],
                "remedy": remedy,
            }
            for kind, remedy in REMEDIES.items()
            if self.counts[kind]
        ]


def info(store: Path) -> Result:
    """What is inside a store and what looks wrong.

    Args:
        store: The file that ``laban convert`` wrote.

    Raises:
        LabanError: Where the store cannot be opened.
    """
    facts = describe(Store.open(store))
    return Result(facts, _page(facts))


def describe(store: Store) -> dict:
    """All that `info` knows, as a JSON value; reads every clip once."""
    findings = _Findings()
    scales = np.full(len(store), np.nan)
    bodies: Counter[int] = Counter()
    segments: Counter[str] = Counter()
    kinds = set()  # of clips, as benchmarks see them
    for number, (clip, checksum) in enumerate(zip(store, store.column("checksum"), strict=True)):
        if zlib.crc32(clip.poses.data) != checksum:
            findings.add("damaged", clip.name)
        bodies[int(clip.present.any(1).sum())] += 1
        segments.update(segment.label for segment in clip.segments)
        own = [clip.label] if clip.label is not None else [s.label for s in clip.segments]
        kinds.add((frozenset(own), tuple(clip.facts.items())))
        scales[number] = _examine(clip, findings)
    _compare_scales(store, scales, findings)
    _find_duplicates(store, findings)
    classes = Counter(label for label in store.labels if label is not None)
    _weigh_classes(classes, findings)
    frames = store.frames
    shares = {"min": 0, "p05": 5, "median": 50, "p95": 95, "max": 100}
    return {
        "store": str(store.path),
        "bytes": store.path.stat().st_size,
        "info": store.info,
        "clips": len(store),
        "frames": int(frames.sum()),
        "frames_per_clip": {k: float(np.percentile(frames, p)) for k, p in shares.items()},
        "fps": {f"{fps:g}": n for fps, n in sorted(Counter(store.column("fps").tolist()).items())},
        "persons": {str(count): bodies[count] for count in sorted(bodies)},
        "skeleton": store.skeleton.name,
        "joints": len(store.skeleton),
        "channels": store.channels,
        "classes": dict(sorted(classes.items())),
        "segments": dict(sorted(segments.items())),
        "subjects": _values(store, "subject"),
        "cameras": _values(store, "camera"),
        "benchmarks": [name for name, one in BENCHMARKS.items() if _fits(one, kinds)],
        "problems": findings.to_json(),
    }


def _examine(clip: Clip, findings: _Findings) -> float:
    """Note what is wrong with one clip; gives the median length of its spine, nan if none."""
    if clip.label is None and not clip.segments:
        findings.add("unlabelled", clip.name)
    if clip.frames < SHORT:
        findings.add("short", clip.name)
    people = [person for person in range(clip.persons) if clip.present[person].any()]
    if not people:
        findings.add("empty", clip.name)
        return float("nan")
    kinds: set[str] = set()
    lengths = []
    for person in people:
        present = clip.present[person]
        times = np.flatnonzero(present)
        poses = clip.poses[person] if present.all() else clip.poses[person, times]
        if times[-1] - times[0] + 1 > len(times):
            kinds.add("lost-frames")
        scale = _spine_length(poses, clip.skeleton)
        lengths.append(scale)
        kinds |= _joint_faults(poses)
        if _jumps(poses, times, clip, scale):
            kinds.add("jumps")
    for kind in kinds:
        findings.add(kind, clip.name)
    return float(np.median(lengths))


def _joint_faults(poses: np.ndarray) -> set[str]:
    """(T, V, C) -> the kinds of problems that single joints have over all the frames."""
    low, high = poses.min(0), poses.max(0)  # (V, C)
    still = (low == high).all(1)
    zero = still & (low == 0).all(1)
    kinds = {"zero-joints"} if zero.any() else set()
    if len(poses) > 1 and (still & ~zero).any() and not still.all():
        kinds.add("constant-joints")
    return kinds


def _spine_length(poses: np.ndarray, skeleton: Skeleton) -> float:
    """(T, V, C) -> the median length of the spine over frames in which both its ends are known.

    A skeleton without a spine is measured by its extent, which thresholds treat alike.
    """
    if skeleton.spine is None:
        known = poses[(poses != 0).any((1, 2))]
        sizes = np.linalg.norm(known.max(1) - known.min(1), axis=-1) if len(known) else known[:0]
        return float(np.median(sizes)) / 3 if len(sizes) else float("nan")
    low, high = (poses[:, skeleton.index(joint)] for joint in skeleton.spine)  # (T, C)
    known = (low != 0).any(1) & (high != 0).any(1)
    if not known.any():
        return float("nan")
    return float(np.median(np.linalg.norm((high - low)[known], axis=1)))


def _jumps(poses: np.ndarray, times: np.ndarray, clip: Clip, scale: float) -> bool:
    """(T, V, C), frame numbers -> whether the root leaps; a NaN scale tells nothing."""
    root = poses[:, clip.skeleton.root]  # (T, C)
    known = (root != 0).any(1)
    path, times = root[known], times[known]
    if len(path) < 2:
        return False
    seconds = np.diff(times) / clip.fps
    speeds = np.linalg.norm(np.diff(path, axis=0), axis=1) / seconds
    return bool((speeds > JUMP * 30 * scale).any()) if scale > 0 else False


def _compare_scales(store: Store, scales: np.ndarray, findings: _Findings) -> None:
    """Clips whose spine is far from the median, by the median absolute deviation."""
    known = np.flatnonzero(np.isfinite(scales))
    if not len(known):
        return
    middle = np.median(scales[known])
    away = np.abs(scales[known] - middle)
    spread = np.median(away) / 0.6745  # That of a normal distribution is 1.
    for number in known[(away > OUTLIER_Z * spread) & (away > OUTLIER_SHARE * middle)]:
        findings.add("scale", store.names[number])
    if middle > METRES and store.channels == 3:
        for number in known[scales[known] > METRES]:
            findings.add("units", store.names[number])


def _find_duplicates(store: Store, findings: _Findings) -> None:
    """Clips with the poses of an earlier one; the checksum proposes, the bytes decide."""
    sums = store.column("checksum")
    order = np.argsort(sums, kind="stable")
    firsts = np.flatnonzero(np.diff(sums[order], prepend=-1.0) != 0)
    for group in np.split(order, firsts[1:]):
        if len(group) < 2:
            continue
        kept: dict[tuple, str] = {}
        for clip in (store[number] for number in group):
            key = (clip.poses.shape, clip.poses.tobytes())
            if clip.name != kept.setdefault(key, clip.name) and clip.poses.any():
                findings.add("duplicates", f"{clip.name} = {kept[key]}")


def _weigh_classes(classes: Counter[str], findings: _Findings) -> None:
    """Classes with many more or fewer clips than the middle one."""
    middle = float(np.median(list(classes.values()))) if classes else 0.0
    for label, count in classes.items():
        if not middle / IMBALANCE < count < middle * IMBALANCE:
            findings.add("imbalance", f"{label} ({count})")


def _values(store: Store, fact: str) -> list[str]:
    """The values of a fact in their natural order: 2 before 10."""
    values = {value for value in store.column(fact) if value is not None}
    return sorted(values, key=lambda value: (len(value), value))


def _fits(benchmark: Benchmark, clips: set[tuple]) -> bool:
    """Whether it finds clips to train and to test and knows their labels or their segments'."""
    splits = set()
    try:
        for labels, facts in clips:
            split = benchmark.split(dict(facts))
            if split is None:
                continue
            if not labels:
                return False
            if any(benchmark.label(label) is not None for label in labels):
                splits.add(split)
    except LabanError:  # A label that it does not know: another dataset's benchmark.
        return False
    return splits == {"train", "test"}


def _page(facts: dict) -> Group:
    """The description for people."""
    lines = Table.grid(padding=(0, 2))
    spread = facts["frames_per_clip"]
    for name, value in {
        "store": f"{facts['store']} ({facts['bytes'] / 1e6:,.1f} MB)",
        "clips": f"{facts['clips']:,}",
        "frames": f"{facts['frames']:,}; a clip {spread['min']:g} to {spread['max']:g}, "
        f"median {spread['median']:g}, 90 % within {spread['p05']:g} to {spread['p95']:g}",
        "skeleton": f"{facts['skeleton']} ({facts['joints']} joints), {facts['channels']} channels",
        "fps": ", ".join(facts["fps"]),
        "persons": _counts(facts["persons"]),
        "subjects": _first(facts["subjects"]),
        "cameras": _first(facts["cameras"]),
        "classes": f"{len(facts['classes'])}: {_counts(facts['classes'])}",
        "segments": f"{sum(facts['segments'].values()):,}: {_counts(facts['segments'])}",
        "benchmarks": ", ".join(facts["benchmarks"]) or "none fits; an own one can be a file",
    }.items():
        lines.add_row(Text(name, "bold"), Text(value))
    if not facts["problems"]:
        return Group(lines, Text("\nnothing looks wrong", "green"))
    table = Table("problem", "count", "such as", "remedy", title="\nwhat looks wrong", box=SIMPLE)
    for problem in facts["problems"]:
        count = f"{problem['count']:,}"
        examples = ", ".join(problem["examples"])
        table.add_row(problem["kind"], count, Text(examples), Text(problem["remedy"]))
    return Group(lines, table)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in counts.items()) or "none"


def _first(values: list[str], most: int = 12) -> str:
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return f"{len(values)}: {', '.join(values[:most])}{more}" if values else "not told"
