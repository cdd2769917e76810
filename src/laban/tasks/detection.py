"""Detection: the frames of untrimmed recordings are named, and joined to segments."""

import json
from typing import TYPE_CHECKING

import numpy as np

from laban.assembly import Parts
from laban.dataset import ClipDataset
from laban.detector import Detector
from laban.errors import LabanError
from laban.evaluation.detection import DetectionScores, found_in, tune
from laban.objectives.detection import Detection as Objective
from laban.result import Result
from laban.run import Run
from laban.splits import Part, labelled_share
from laban.tasks.task import Task
from laban.windows import Recordings, RecordingSplits, WindowDataset, split_recordings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Detection"]


class Detection(Task):
    """Trains on windows of recordings, or of a share of the recordings."""

    splits: RecordingSplits
    unit = "recordings"

    def split(self) -> RecordingSplits:
        """Recordings with segments; whole performances are set apart for validation.

        Of few labels each class's trimmed clips and the recordings keep their share. Validation
        recordings are labelled beside it.
        """
        training = self.recipe.training
        parts = split_recordings(
            self.store, self.benchmark, validation=training.validation, seed=training.seed
        )
        if not len(parts.train) or (training.validation and not len(parts.validation)):
            raise LabanError(
                f"{self.store.path} has too few training recordings with segments for benchmark "
                f"{self.benchmark.name} and a validation share of {training.validation:g}"
            )
        if training.labels < 1:
            every = Part(parts.train.keys, [self._kind(key) for key in parts.train.keys])
            few = labelled_share(every, self.store.names, training.labels, training.seed)
            parts.train = parts.train.chosen(set(few.keys))
            if apart := len(parts.validation):
                parts.train.notes.append(
                    f"beside the {len(few)} labelled training recordings {apart} of the validation "
                    "share are labelled: set training.validation 0 to do without"
                )
        self._tell_unseen(parts.train)
        return parts

    def _kind(self, key: int) -> int:
        """The class of a trimmed clip, -1 for all recordings."""
        label = self.store.labels[key]
        return -1 if label is None else self.benchmark.label(label)  # type: ignore[return-value]

    def _tell_unseen(self, train: Recordings) -> None:
        """Says which classes no training recording shows."""
        shown = {number for truth in train.truths for number, _ in truth.segments}
        unseen = [name for k, name in enumerate(self.benchmark.classes) if k not in shown]
        if unseen:
            more = f" and {len(unseen) - 3} more classes" if len(unseen) > 3 else ""
            train.notes.append(
                f"no training recording shows {', '.join(unseen[:3])}{more}: what is not shown is "
                "not found"
            )

    def datasets(self, parts: Parts) -> tuple[ClipDataset, ClipDataset]:
        """Windows that train, and, fewer of them, that validate."""
        objective = parts.objective
        assert isinstance(objective, Objective)
        sizes = {"window": objective.window, "every": objective.every}
        train = WindowDataset(self.store, self.splits.train, parts.pipeline, **sizes)
        if not len(self.splits.validation):
            return train, ClipDataset(self.store, [], [], parts.pipeline)
        apart = WindowDataset(self.store, self.splits.validation, parts.pipeline, **sizes)
        return train, apart.thinned()

    def finish(self, run: Run, parts: Parts, *, report: bool) -> Result:
        """Weights, what joins frames, test figures and two timelines."""
        parts.objective.float()
        rates = [self.store[key].fps for key in self.splits.train.keys]
        run.notes["fps"] = float(np.median(rates))
        detector = Detector(run, parts)
        if len(self.splits.validation):
            tune(detector, self.store, self.splits.validation)
        run.save(parts.objective)  # before the test, which may be interrupted
        scores = found_in(detector, self.store, self.splits.test, run.benchmark.name)
        value = scores.to_json() | {"run": str(run.path), "selection": run.notes["selection"]}
        run.notes["test"] = {key: value[key]["0.5"] for key in ("map_a", "map_v", "f1")}
        run.save(parts.objective)
        (run.path / "detection.json").write_text(json.dumps(value, indent=1))
        if report:
            from laban.report_tasks import write_detection_report

            write_detection_report(run, value, self._extremes(run, scores))
        lines = [f"{run.notes['selection']}", str(scores), f"run: {run.path}"]
        return Result(value, "\n".join(lines))

    def _extremes(self, run: Run, scores: DetectionScores) -> "dict[str, Figure]":
        """The timelines of the recordings with the best and the worst F1."""
        from laban.timeline import timeline

        keys = self.splits.test.keys
        values = [scores.f1(row) for row in range(len(keys))]
        places = {"best": int(np.nanargmax(values)), "worst": int(np.nanargmin(values))}
        return {
            word: timeline(self.store[keys[row]], scores.segments(row), run.classes)
            for word, row in places.items()
        }
