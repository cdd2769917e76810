"""Forecasting: poses that follow are predicted, and the test clips show how far off."""

import json
from typing import TYPE_CHECKING, Any

from laban.assembly import Parts
from laban.dataset import ClipDataset
from laban.errors import LabanError
from laban.evaluation.forecasting import judged, method_names
from laban.forecaster import METHODS, Forecaster, frame_rate, long_enough
from laban.objectives.forecasting import Forecasting as Objective
from laban.result import Result
from laban.run import Run
from laban.splits import Part, Splits, labelled_share, split_store
from laban.tasks.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Forecasting"]


class Forecasting(Task):
    """Trains on clips with or without labels that are long enough, or a share of them."""

    splits: Splits

    def split(self) -> Splits:
        """The benchmark's split without its labels."""
        if self.recipe.training.validation:
            raise LabanError(
                "training.validation is an accuracy and a forecasting has none, leave it at 0"
            )
        splits = split_store(self.store, self.benchmark, labelled=False)
        splits.need("train", "test")
        return splits

    def facts(self) -> dict[str, Any]:
        """Frames a second: they decide how many the network sees and predicts."""
        return {"fps": frame_rate(self.store, self.splits.train.keys)}

    def datasets(self, parts: Parts) -> tuple[ClipDataset, ClipDataset]:
        """The clips that are long enough, or a share of these, and none that validate."""
        objective, training = parts.objective, self.recipe.training
        assert isinstance(objective, Objective)
        train = long_enough(self.store, self.splits.train, objective, "training")
        if training.labels < 1:
            train = labelled_share(train, self.store.names, training.labels, training.seed)
        test = long_enough(self.store, self.splits.test, objective, "test")
        self.splits = Splits(train, Part(), test)
        return super().datasets(parts)

    def finish(self, run: Run, parts: Parts, *, report: bool) -> Result:
        """Weights, test errors beside both baselines, and a picture of one prediction."""
        parts.objective.float()
        forecaster = Forecaster(run, parts)
        scores = judged(forecaster, self.store, self.splits.test, run.benchmark.name)
        value = scores.to_json() | {"run": str(run.path), "selection": run.notes["selection"]}
        run.notes["test"] = {name: value[name] for name in METHODS}
        run.save(parts.objective)
        (run.path / "forecasting.json").write_text(json.dumps(value, indent=1))
        if report:
            from laban.report_tasks import write_forecasting_report

            write_forecasting_report(run, value, method_names(), self._drawn(forecaster))
        lines = [f"{run.notes['selection']}", str(scores), f"run: {run.path}"]
        return Result(value, "\n".join(lines))

    def _drawn(self, forecaster: Forecaster) -> "dict[str, Figure]":
        """The end of the first test clip, predicted."""
        from laban.afterimage import afterimage

        clip = forecaster.shown(self.store[self.splits.test.keys[0]])
        end = clip.frames - forecaster.objective.ahead
        if not clip.present[:, end - 1].any():
            return {}
        found = forecaster.forecast(clip, end)
        return {"first": afterimage(clip, found, end, horizons=forecaster.objective.horizons)}
