"""What a run says of each clip of a split, and the figures drawn from it.

Scores are class scores before the softmax, one row a clip, kept by clip name so that runs are
fused by name and never by position.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_confusion_matrix

from laban.errors import LabanError

__all__ = ["Curve", "Scores", "fuse"]


Curve = Mapping[int, Sequence[float]]


@dataclass
class Scores:
    """Scores of a split.

    Attributes:
        benchmark: The benchmark's word.
        split: ``test``, ``validation`` or ``train``.
        classes: Class names in the order of the columns.
        clips: Clip names in the order of the rows.
        labels: int64 (N,) class numbers.
        values: float32 (N, K) scores before the softmax.
        left_out: A sentence for each clip of the split that could not be scored.
        repeats: Top-1 of each seed, in per cent, where a protocol was repeated; the scores are
            those of the first.
        further: Scores of the seeds behind the first, (N, K) each.
        curves: Top-1 of each draw, where a protocol varied something: what, how much, draws.
    """

    benchmark: str
    split: str
    classes: tuple[str, ...]
    clips: tuple[str, ...]
    labels: np.ndarray
    values: np.ndarray
    left_out: tuple[str, ...] = ()
    repeats: tuple[float, ...] = ()
    further: tuple[np.ndarray, ...] = ()
    curves: dict[str, Curve] = field(default_factory=dict)

    @classmethod
    def of_seeds(cls, tested: Sequence["Scores"]) -> "Scores":
        """The first seed's scores, with what the others found of the same clips."""
        first = tested[0]
        if len(tested) > 1:
            first.repeats = tuple(one.top(1) for one in tested)
            first.further = tuple(one.values for one in tested[1:])
        return first

    def top(self, count: int) -> float:
        """Per cent of clips whose class is among the ``count`` highest scores."""
        if not len(self.labels):
            return float("nan")
        rate = multiclass_accuracy(
            torch.from_numpy(self.values),
            torch.from_numpy(self.labels),
            num_classes=len(self.classes),
            top_k=min(count, len(self.classes)),
            average="micro",
        )
        return 100 * float(rate)

    def confusion(self) -> np.ndarray:
        """Counts of (true class, predicted class): ``-> (K, K)`` int64."""
        return multiclass_confusion_matrix(
            torch.from_numpy(self.values.argmax(1)),
            torch.from_numpy(self.labels),
            num_classes=len(self.classes),
        ).numpy()

    def per_class(self) -> dict[str, float | None]:
        """Per cent right of each class's clips; None for a class without clips."""
        counts = self.confusion()
        return {
            name: round(100 * float(row[k] / row.sum()), 2) if row.sum() else None
            for k, (name, row) in enumerate(zip(self.classes, counts, strict=True))
        }

    def to_json(self) -> dict:
        """The figures as ``laban evaluate --json`` prints them."""
        seeds: dict[str, Any] = {}
        if self.repeats:
            seeds["seeds"] = [round(top, 2) for top in self.repeats]
            seeds |= _spread(self.repeats)
        if self.curves:
            seeds["curves"] = {
                name: [
                    {"count": count, **_spread(tops), "draws": [round(top, 2) for top in tops]}
                    for count, tops in curve.items()
                ]
                for name, curve in self.curves.items()
            }
        return {
            "benchmark": self.benchmark,
            "split": self.split,
            "clips": len(self.clips),
            "top1": round(self.top(1), 2),
            "top5": round(self.top(5), 2),
            "per_class": self.per_class(),
            "left_out": list(self.left_out),
            **seeds,
        }

    def __post_init__(self) -> None:
        self.values = np.asarray(self.values, np.float32)

    def save(self, path: Path) -> None:
        """Writes a Parquet table: clip, label, scores."""
        table = pa.table(
            {
                "clip": list(self.clips),
                "label": [self.classes[k] for k in self.labels],
                "scores": list(self.values),
            }
            | {f"scores of seed {n}": list(one) for n, one in enumerate(self.further, start=1)},
            metadata={
                "laban": json.dumps(
                    {
                        "benchmark": self.benchmark,
                        "split": self.split,
                        "classes": self.classes,
                        "left_out": self.left_out,
                        "repeats": self.repeats,
                        "curves": self.curves,
                    }
                )
            },
        )
        pq.write_table(table, path)

    @classmethod
    def load(cls, path: Path) -> "Scores":
        """What `save` wrote."""
        if not path.is_file():
            raise LabanError(
                f"{path} is missing: name a run whose training has ended, or evaluate an imported "
                "one first"
            )
        try:
            table = pq.read_table(path)
            notes = json.loads(table.schema.metadata[b"laban"])
        except (pa.ArrowException, KeyError, TypeError, ValueError, OSError):
            raise LabanError(f"{path} holds no scores of ours, train the run again") from None
        classes = tuple(notes["classes"])
        return cls(
            benchmark=notes["benchmark"],
            split=notes["split"],
            classes=classes,
            clips=tuple(table["clip"].to_pylist()),
            labels=np.array([classes.index(name) for name in table["label"].to_pylist()]),
            values=np.array(table["scores"].to_pylist(), np.float32).reshape(-1, len(classes)),
            left_out=tuple(notes["left_out"]),
            repeats=tuple(notes.get("repeats", ())),
            further=tuple(
                np.array(table[name].to_pylist(), np.float32)
                for name in table.column_names
                if name.startswith("scores of seed")
            ),
            curves={
                name: {int(count): tuple(tops) for count, tops in curve.items()}
                for name, curve in notes.get("curves", {}).items()
            },
        )


def _spread(tops: Sequence[float]) -> dict[str, float]:
    """Mean and standard deviation of a sample; 0 of a single one."""
    spread = float(np.std(tops, ddof=1)) if len(tops) > 1 else 0.0
    return {"top1_mean": round(float(np.mean(tops)), 2), "top1_spread": round(spread, 2)}


def softmax(values: np.ndarray) -> np.ndarray:
    """Probabilities of each row: ``(N, K) -> (N, K)``."""
    return torch.from_numpy(values).double().softmax(1).numpy()


def fuse(
    runs: Sequence[Scores], weights: Sequence[float] | None = None, *, scores: str = "softmax"
) -> Scores:
    """The weighted sum of several runs' scores, matched by clip name, and so for every seed.

    Args:
        runs: Scores of the same clips.
        weights: One a run; all 1 by default.
        scores: ``softmax`` sums probabilities (DSTA-Net section 3.6, ST-TR); ``logits`` sums the
            scores before the softmax (their official code).

    Raises:
        LabanError: Where clips, classes or their truth differ, or a clip comes twice.
    """
    if len(runs) < 2:
        raise LabanError("fusing needs two runs or more")
    if weights is None:
        weights = [1.0] * len(runs)
    if len(weights) != len(runs):
        raise LabanError(f"{len(weights)} weights for {len(runs)} runs, give one a run")
    if not all(map(math.isfinite, weights)) or not any(weights):
        raise LabanError(f"weights are {list(weights)}, give finite numbers that are not all 0")
    seeds = range(min(len(run.further) for run in runs))
    others = [[replace(run, values=run.further[seed]) for run in runs] for seed in seeds]
    return Scores.of_seeds([_summed(one, weights, scores) for one in (runs, *others)])


def _summed(runs: Sequence[Scores], weights: Sequence[float], scores: str) -> Scores:
    """The weighted sum of one seed's scores."""
    first = runs[0]
    rows = {name: row for row, name in enumerate(first.clips)}
    total = np.zeros(first.values.shape, np.float64)
    for number, (run, weight) in enumerate(zip(runs, weights, strict=True), start=1):
        if run.benchmark != first.benchmark:
            raise LabanError(
                f"run {number} was tested on {run.benchmark}, run 1 on {first.benchmark}: fuse "
                "runs of one benchmark"
            )
        if run.classes != first.classes:
            raise LabanError(
                f"run {number} has other classes than run 1, fuse runs of one benchmark"
            )
        if len(set(run.clips)) != len(run.clips):
            raise LabanError(f"run {number} scores a clip twice, evaluate it again")
        odd = set(run.clips) ^ set(first.clips)
        if odd:
            raise LabanError(
                f"run {number} was tested on other clips than run 1 ({len(odd)} differ, such as "
                f"{min(odd)}), evaluate both on the same store and benchmark"
            )
        order = [rows[name] for name in run.clips]
        if (first.labels[order] != run.labels).any():
            raise LabanError(
                f"run {number} has other labels than run 1, evaluate both on one store"
            )
        values = softmax(run.values) if scores == "softmax" else run.values
        total[order] += weight * values
    return Scores(
        first.benchmark,
        first.split,
        first.classes,
        first.clips,
        first.labels,
        total.astype(np.float32),
    )
