"""What a training leaves: weights, figures and a report, by what was trained."""

import json

import numpy as np

from laban.assembly import Parts
from laban.dataset import ClipDataset
from laban.detector import Detector
from laban.evaluation.detection import DetectionScores, found_in, tune
from laban.evaluation.forecasting import judged
from laban.evaluation.recognition import scored
from laban.forecaster import METHODS, Forecaster
from laban.result import Result
from laban.run import Run
from laban.splits import Part
from laban.store import Store
from laban.windows import Recordings, RecordingSplits

__all__ = [
    "finish_detection",
    "finish_forecasting",
    "finish_pretraining",
    "finish_recognition",
]


def finish_recognition(run: Run, parts: Parts, test: ClipDataset, *, report: bool) -> Result:
    """Weights, test scores and report of a trained objective."""
    parts.objective.float()
    run.save_weights(parts.objective)
    scores = scored(parts.objective, test, run.benchmark, run.notes["left_out"]["test"])
    run.notes["test"] = {"top1": round(scores.top(1), 2), "top5": round(scores.top(5), 2)}
    run.save_facts()
    run.save_weights(parts.objective)
    scores.save(run.path / "test.parquet")
    if report:
        from laban.report import write_report

        write_report(run, parts, scores, test)
    value = scores.to_json() | {"run": str(run.path), "selection": run.notes["selection"]}
    what = f"{run.benchmark.name}, {run.stream}, {value['clips']} test clips"
    lines = [
        f"{what}, {run.notes['selection']}",
        f"top-1: {value['top1']:.1f} %",
        f"top-5: {value['top5']:.1f} %",
        f"run: {run.path}",
    ]
    return Result(value, "\n".join(lines))


def finish_detection(
    run: Run, parts: Parts, store: Store, splits: RecordingSplits, *, report: bool
) -> Result:
    """Weights, joining and test figures of an objective that names frames of recordings."""
    parts.objective.float()
    run.notes["fps"] = float(np.median([store[key].fps for key in splits.train.keys]))
    detector = Detector(run, parts)
    if len(splits.validation):
        tune(detector, store, splits.validation)
    run.save_facts()
    run.save_weights(parts.objective)
    scores = found_in(detector, store, splits.test, run.benchmark.name)
    value = scores.to_json() | {"run": str(run.path), "selection": run.notes["selection"]}
    run.notes["test"] = {key: value[key]["0.5"] for key in ("map_a", "map_v", "f1")}
    run.save_facts()
    run.save_weights(parts.objective)
    (run.path / "detection.json").write_text(json.dumps(value, indent=1))
    if report:
        _draw_extremes(run, store, splits.test, scores)
    lines = [f"{run.notes['selection']}", str(scores), f"run: {run.path}"]
    return Result(value, "\n".join(lines))


def _draw_extremes(run: Run, store: Store, recordings: Recordings, scores: DetectionScores) -> None:
    """The timelines of the recordings with the best and the worst F1."""
    from laban.figures import png
    from laban.timeline import timeline

    values = [scores.f1(row) for row in range(len(recordings))]
    for word, row in (("best", np.nanargmax(values)), ("worst", np.nanargmin(values))):
        clip = store[recordings.keys[row]]
        figure = timeline(clip, scores.segments(int(row)), run.classes)
        png(figure, run.path / f"timeline-{word}.png")


def finish_forecasting(run: Run, parts: Parts, store: Store, test: Part, *, report: bool) -> Result:
    """Weights and test errors of an objective that predicts poses."""
    parts.objective.float()
    forecaster = Forecaster(run, parts)
    scores = judged(forecaster, store, test, run.benchmark.name)
    value = scores.to_json() | {"run": str(run.path), "selection": run.notes["selection"]}
    run.notes["test"] = {name: value[name] for name in METHODS}
    run.save_facts()
    run.save_weights(parts.objective)
    (run.path / "forecasting.json").write_text(json.dumps(value, indent=1))
    if report:
        from laban.afterimage import afterimage
        from laban.figures import png

        clip = forecaster.shown(store[test.keys[0]])
        end = clip.frames - forecaster.objective.ahead
        if clip.present[:, end - 1].any():
            found = forecaster.forecast(clip, end)
            figure = afterimage(clip, found, end, horizons=forecaster.objective.horizons)
            png(figure, run.path / "forecast.png")
    lines = [f"{run.notes['selection']}", str(scores), f"run: {run.path}"]
    return Result(value, "\n".join(lines))


def finish_pretraining(run: Run, parts: Parts, *, report: bool) -> Result:
    """Weights and report of an objective that knows no classes."""
    parts.objective.float()
    run.save_facts()
    run.save_weights(parts.objective)
    if report:
        from laban.report import write_pretraining_report

        write_pretraining_report(run)
    last = run.metrics()[-1]
    clips = run.notes["clips"]["train"]
    value = {
        "run": str(run.path),
        "benchmark": run.benchmark.name,
        "clips": clips,
        "epochs": int(last["epoch"]),
        "loss": last["train_loss"],
    }
    lines = [
        f"{run.benchmark.name}, {run.stream}, {clips} training clips without labels",
        f"loss: {last['train_loss']:.4f}",
        f"run: {run.path}",
    ]
    return Result(value, "\n".join(lines))
