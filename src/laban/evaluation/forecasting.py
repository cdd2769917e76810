"""How far predicted joints are from true ones, beside both baselines that learn nothing.

MPJPE in millimetres, as Hi-TRS (https://arxiv.org/abs/2207.09644, section 4.6) tells it, at the
horizons of Martinez et al. 2017 (https://arxiv.org/abs/1705.02445) and over all predicted frames.
A test clip is judged in windows all over it, whose predicted parts stand side by side; a window
counts once, whoever is in it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from laban.forecaster import METHODS, Forecaster, long_enough
from laban.run import Run
from laban.splits import Part, split_store
from laban.store import Store

__all__ = ["ForecastScores", "forecasting", "judged", "method_names"]


@dataclass
class ForecastScores:
    """How far predictions were off in the test clips.

    Attributes:
        benchmark: The benchmark's word.
        split: ``test``.
        clips: Names of the clips.
        fps: Frames a second.
        horizons: Milliseconds.
        errors: (N, 3, H + 1) millimetres of each window: of the run, of zero velocity and of
            constant velocity, at the horizons and over all frames.
        left_out: Sentences about clips that could not be used.
    """

    benchmark: str
    split: str
    clips: tuple[str, ...]
    fps: float
    horizons: tuple[int, ...]
    errors: np.ndarray
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The figures as ``laban evaluate --protocol forecasting --json`` prints them."""
        columns = [*map(str, self.horizons), "mean"]
        means = self.errors.mean(0) if len(self.errors) else np.full(self.errors.shape[1:], np.nan)
        value: dict[str, Any] = {
            "benchmark": self.benchmark,
            "split": self.split,
            "clips": len(self.clips),
            "windows": len(self.errors),
            "fps": self.fps,
            "units": "mm",
        }
        for name, row in zip(METHODS, means, strict=True):
            told = [round(float(mm), 2) if np.isfinite(mm) else None for mm in row]
            value[name] = dict(zip(columns, told, strict=True))
        return value | {"left_out": list(self.left_out)}

    def __str__(self) -> str:
        value = self.to_json()
        names = method_names()
        what = f"{value['clips']} clips, {value['windows']} windows"
        lines = [f"{self.benchmark}, {self.split}, {what}", *self.left_out]
        heads = [f"{ms} ms" for ms in self.horizons] + ["mean"]
        lines.append(f"{'MPJPE in mm':<18}" + "".join(f"{head:>9}" for head in heads))
        for name in METHODS:
            row = ("-" if mm is None else f"{mm:.1f}" for mm in value[name].values())
            lines.append(f"{names[name]:<18}" + "".join(f"{cell:>9}" for cell in row))
        return "\n".join(lines)


def method_names() -> dict[str, str]:
    """What people read for each of `METHODS`."""
    return {name: name.replace("_", " ") for name in METHODS} | {"mpjpe": "this run"}


def forecasting(path: Path, data: Path, benchmark: str | None = None) -> ForecastScores:
    """Errors of a forecasting run on a store's test clips, beside those of both baselines.

    Args:
        path: The run folder.
        data: The store.
        benchmark: The benchmark's word, of which the split alone counts; the run's own by default.

    Raises:
        LabanError: Where the store has another skeleton, or no clip that is long enough.
    """
    run, store = Run.open(path), Store(data)
    forecaster = Forecaster(run)
    chosen = run.judged_on(benchmark)
    run.check(store.skeleton, store.channels, str(data))
    splits = split_store(store, chosen, labelled=False)
    splits.need("test")
    test = long_enough(store, splits.test, forecaster.objective, "test")
    return judged(forecaster, store, test, chosen.name)


def judged(forecaster: Forecaster, store: Store, part: Part, benchmark: str) -> ForecastScores:
    """Errors of a run in clips of a store."""
    rows, asked = [], 0
    for key in part.keys:
        shown = forecaster.shown(store[key])
        rows.append(forecaster.errors(shown))
        asked += len(forecaster.starts(shown))
    left_out = list(part.left_out)
    if lost := asked - sum(map(len, rows)):
        left_out.append(f"{lost} of {asked} windows are left out: nobody is there to compare with")
    return ForecastScores(
        benchmark,
        "test",
        tuple(str(store.names[key]) for key in part.keys),
        forecaster.objective.fps,
        forecaster.objective.horizons,
        np.concatenate(rows),
        tuple(left_out),
    )
