"""Detection: the segments that a run finds in a benchmark's test recordings, and their figures.

mAP_a, mAP_v and F1 as PKU-MMD defines them (`laban.detection.precision`), frames, edit score
(`laban.detection.agreement`), and the online-gesture scores of the SHREC tracks
(`laban.detection.online`). All in per cent but delays.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from laban.detection.agreement import edit_score, f1_score, frame_accuracy
from laban.detection.joining import Detection, Joining, joined_segments
from laban.detection.online import Online, gesture_scores
from laban.detection.precision import THRESHOLDS, average_precisions, mean_precision
from laban.detection.spans import Spans
from laban.detection.tuning import tuned
from laban.detector import Detector
from laban.run import Run
from laban.store import Store
from laban.windows import Recordings, split_recordings

__all__ = ["DetectionScores", "detection", "found_in", "tune"]

F1_AT = (0.1, 0.25, 0.5)


@dataclass
class DetectionScores:
    """What a run found in the recordings of a split.

    Attributes:
        benchmark: The benchmark's word.
        split: ``test`` or ``validation``.
        classes: Class names.
        recordings: Names, in the order of their numbers.
        found: Segments.
        truth: True segments.
        right: Of each recording the frames whose most probable class is right, and those asked for.
        waited: Frames behind the first of a segment that the run looks at before it reports, at
            the most.
        fps: Frames a second.
        joining: The numbers that joined frames.
        left_out: Sentences about recordings that could not be used, or were mended.
    """

    benchmark: str
    split: str
    classes: tuple[str, ...]
    recordings: tuple[str, ...]
    found: Spans
    truth: Spans
    right: np.ndarray
    waited: int
    fps: float
    joining: Joining
    left_out: tuple[str, ...] = ()

    def f1(self, recording: int | None = None, threshold: float = 0.5) -> float:
        """F1 at an overlap, of one recording or all, 0 to 1."""
        found, truth = self.found, self.truth
        if recording is not None:
            found = found.chosen(found.recording == recording)
            truth = truth.chosen(truth.recording == recording)
        return f1_score(found, truth, threshold)

    def segments(self, recording: int) -> list[Detection]:
        """What was found in one recording."""
        found = self.found.chosen(self.found.recording == recording)
        columns = (found.label, found.start, found.end, found.confidence)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [Detection(self.classes[label], *rest) for label, *rest in rows]

    def to_json(self) -> dict[str, Any]:
        """The figures as ``laban evaluate --protocol detection --json`` prints them."""
        return dict(self._figures)

    @cached_property
    def _figures(self) -> dict[str, Any]:
        found, truth = self.found, self.truth
        count = {"label": len(self.classes), "recording": len(self.recordings)}
        online = gesture_scores(found, truth, waited=self.waited)
        track = gesture_scores(found, truth, track=True)
        by_class = average_precisions(found, truth, [0.5], by="label")
        right, asked = self.right.sum(0)
        return {
            "benchmark": self.benchmark,
            "split": self.split,
            "recordings": len(self.recordings),
            "segments": {"found": len(found), "true": len(truth)},
            "frame_accuracy": _per_cent(right / asked if asked else np.nan),
            "map_a": _by_threshold(mean_precision(found, truth, by="label")),
            "map_v": _by_threshold(mean_precision(found, truth, by="recording")),
            "pku": {
                "map_a": _by_threshold(
                    mean_precision(found, truth, by="label", pku=count["label"])
                ),
                "map_v": _by_threshold(
                    mean_precision(found, truth, by="recording", pku=count["recording"])
                ),
            },
            "f1": {str(at): _per_cent(f1_score(found, truth, at)) for at in F1_AT},
            "edit": _per_cent(edit_score(found, truth, len(self.recordings))),
            "online": _online(online) | {"shrec22": _online(track)},
            "delay": {
                "frames": _number(online.delay, 1),
                "seconds": _number(online.delay / self.fps, 3),
            },
            "per_class": {
                name: _per_cent(by_class[k][0]) if k in by_class else None
                for k, name in enumerate(self.classes)
            },
            "joining": asdict(self.joining),
            "left_out": list(self.left_out),
        }

    def __str__(self) -> str:
        value = self._figures
        width = max(map(len, self.classes))
        online = value["online"]
        lines = [f"{self.benchmark}, {self.split}, {value['recordings']} recordings"]
        asked = {name: ap for name, ap in value["per_class"].items() if ap is not None}
        lines += [f"  {name:<{width}}  {_said(ap)}" for name, ap in asked.items()]
        lines += list(self.left_out)
        lines += [
            "overlap  " + "".join(f"{key:>7}" for key in value["map_a"]),
            "mAP_a    " + "".join(f"{_short(ap):>7}" for ap in value["map_a"].values()),
            "mAP_v    " + "".join(f"{_short(ap):>7}" for ap in value["map_v"].values()),
            "F1 at " + ", ".join(f"{at}: {_said(f1)}" for at, f1 in value["f1"].items()),
            f"edit score: {_said(value['edit'])}",
            f"frames right: {_said(value['frame_accuracy'])}",
            f"online: detection rate {_said(online['detection_rate'])}, false positives "
            f"{_said(online['false_positives'])}, Jaccard {_said(online['jaccard'])}",
            *self._delay(value["delay"]),
            f"mAP_a at 0.5: {_said(value['map_a']['0.5'])}, "
            f"mAP_v at 0.5: {_said(value['map_v']['0.5'])}",
        ]
        return "\n".join(lines)

    def _delay(self, delay: dict[str, float | None]) -> list[str]:
        if delay["seconds"] is None:
            return []
        return [f"reported {delay['seconds']:.2f} s after the start of an action, on average"]


def _number(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def _per_cent(share: float) -> float | None:
    return _number(100 * share, 2)


def _online(scores: Online) -> dict[str, Any]:
    return {
        "detection_rate": _per_cent(scores.detection_rate),
        "false_positives": _per_cent(scores.false_positives),
        "jaccard": _per_cent(scores.jaccard),
        "wrong": scores.wrong,
    }


def _by_threshold(values: np.ndarray) -> dict[str, float | None]:
    return {str(at): _per_cent(value) for at, value in zip(THRESHOLDS, values, strict=True)}


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} %"


def detection(path: Path, data: Path, benchmark: str | None = None) -> DetectionScores:
    """Scores of a detection run on a store's test recordings.

    Args:
        path: The run folder.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.

    Raises:
        LabanError: Where store or benchmark have another skeleton or other classes than the run.
    """
    run, store = Run.open(path), Store(data)
    detector = Detector(run)
    chosen = run.judged_on(benchmark, same_classes=True)
    run.check(store.skeleton, store.channels, str(data))
    return found_in(detector, store, split_recordings(store, chosen).test, chosen.name)


def found_in(
    detector: Detector, store: Store, recordings: Recordings, benchmark: str, split: str = "test"
) -> DetectionScores:
    """What a run finds in recordings of a store."""
    classes, notes = detector.run.classes, [*recordings.left_out, *recordings.notes]
    numbers = {name: number for number, name in enumerate(classes)}
    found, right, fps = [], [], []
    for row, (key, truth) in enumerate(zip(recordings.keys, recordings.truths, strict=True)):
        clip, labels = store[key], []  # type: ignore[var-annotated]
        notes += detector.check(clip)
        blocks = _watched(detector.probabilities(clip), labels)
        for one in joined_segments(blocks, detector.joining, classes):
            found.append((row, numbers[one.label], one.start, one.end, one.confidence))
        asked = int((truth.labels >= 0).sum())
        accuracy = frame_accuracy(np.concatenate(labels), truth.labels)
        right.append((round(accuracy * asked) if asked else 0, asked))
        fps.append(clip.fps)
    return DetectionScores(
        benchmark,
        split,
        classes,
        tuple(store.names[key] for key in recordings.keys),
        Spans.of(found),
        _true_spans(recordings),
        np.array(right).reshape(-1, 2),
        detector.waited,
        float(np.median(fps)) if fps else 30.0,
        detector.joining,
        tuple(notes),
    )


def _watched(blocks: Iterable[np.ndarray], labels: list[np.ndarray]) -> Iterator[np.ndarray]:
    """The blocks, (n, K + 1) each; the most probable classes (n,) are kept."""
    for block in blocks:
        labels.append(block.argmax(1))
        yield block


def _true_spans(recordings: Recordings) -> Spans:
    return Spans.of(
        (row, number, segment.start, segment.end)
        for row, truth in enumerate(recordings.truths)
        for number, segment in truth.segments
    )


def tune(detector: Detector, store: Store, recordings: Recordings) -> float:
    """Tunes what joins frames on validation recordings, kept in the run's notes; F1, 0 to 1."""
    values = [np.concatenate(list(detector.probabilities(store[k]))) for k in recordings.keys]
    truth = _true_spans(recordings)
    best, reached = tuned(values, truth, detector.joining, detector.run.classes)
    detector.run.notes["joining"] = asdict(best)
    return reached
