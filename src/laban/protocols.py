"""Protocols: how an encoder is judged. ``protocol(run, data, benchmark, *, options) -> Scores``.

Its keyword-only arguments are options of ``laban evaluate --protocol NAME``; what it finds is kept
in the run under a name of protocol, benchmark and options, so that no option's figures take
another's place (those of another store of the same benchmark do). Those that leave the encoder as
it is stand in `laban.evaluation`, those that train it on in `laban.tuning`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from laban.arguments import options_of
from laban.errors import LabanError, nearest, unknown_name
from laban.evaluation.detection import DetectionScores, detection
from laban.evaluation.forecasting import ForecastScores, forecasting
from laban.evaluation.knn import knn
from laban.evaluation.linear import linear
from laban.evaluation.naming import kept_name
from laban.evaluation.partial_body import partial_body
from laban.evaluation.recognition import recognition
from laban.evaluation.scores import Scores
from laban.objectives import task_of
from laban.run import Run
from laban.tuning import fine_tune, semi_supervised, transfer

__all__ = ["PROTOCOLS", "check_options", "find_scores", "judge", "protocol_named"]

Judged = Scores | DetectionScores | ForecastScores | None

PROTOCOLS: dict[str, Callable[..., Judged]] = {
    "detection": detection,
    "fine-tune": fine_tune,
    "forecasting": forecasting,
    "knn": knn,
    "linear": linear,
    "partial-body": partial_body,
    "recognition": recognition,
    "semi-supervised": semi_supervised,
    "transfer": transfer,
}

FIGURES = {"detection", "forecasting"}  # whose figures are of recordings, not scores of clips
TESTED = "test.parquet"  # what training itself leaves: recognition on the run's own benchmark


def protocol_named(name: str) -> Callable[..., Judged]:
    """The protocol of that name; LabanError where there is none."""
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]


def judge(
    run: Path, data: Path, benchmark: str | None, protocol: str, options: Mapping[str, Any]
) -> Judged:
    """A protocol's scores of a run, which are kept there; None where another process speaks.

    Args:
        run: The run folder.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.
        protocol: Its name.
        options: Its own arguments.
    """
    function = protocol_named(protocol)
    check_options(protocol, options)
    scores = function(run, data, benchmark, **options)
    if scores is None:
        return None
    kept = run / kept_name(protocol, function, scores.benchmark, options)
    if not isinstance(scores, Scores):
        Path(f"{kept}.json").write_text(json.dumps(scores.to_json(), indent=1))
        return scores
    if protocol == "recognition" and benchmark is None:
        path = run / TESTED  # of an imported run nobody has tested yet
        if not path.exists():
            scores.save(path)
    else:
        scores.save(Path(f"{kept}.parquet"))
    judged = Run.open(run)
    if task_of(judged.recipe) == "pretraining":
        from laban.report import write_pretraining_report

        write_pretraining_report(judged)  # shows what judged it
    return scores


def check_options(protocol: str, names: Mapping[str, Any] | list[str]) -> None:
    """Refuses options that a protocol does not have."""
    known = options_of(protocol_named(protocol))
    for name in names:
        if name not in known:
            what = f"--{name.replace('_', '-')} is no option of protocol {protocol}"
            raise LabanError(f"{what}: " + (nearest(name, known) if known else "it has none"))


def find_scores(run: Path, protocol: str, benchmark: str | None = None) -> Path:
    """The scores that a protocol left in a run.

    Args:
        run: The run folder; or a file of scores, which is given back.
        protocol: The protocol's name.
        benchmark: The benchmark's name; the run's own by default.

    Returns:
        Those with all options at their defaults, else the only ones.

    Raises:
        LabanError: Where there are several, or none.
    """
    if run.suffix == ".parquet":
        return run
    function = protocol_named(protocol)
    if protocol == "recognition" and benchmark is None:
        if not (run / TESTED).exists() and task_of(Run.open(run).recipe) == "pretraining":
            raise LabanError(
                f"{run} was pre-trained without labels and knows no classes: judge it with 'laban "
                "evaluate --protocol linear' and give 'laban fuse' the same protocol"
            )
        return run / TESTED
    if protocol in FIGURES:
        raise LabanError(f"protocol {protocol} leaves no scores of clips: there is nothing to fuse")
    wanted = benchmark or Run.open(run).benchmark.name
    name = kept_name(protocol, function, wanted, {})
    if (run / f"{name}.parquet").is_file():
        return run / f"{name}.parquet"
    found = sorted(run.glob(f"{name}-*.parquet"))  # of a benchmark whose name begins alike, too
    found = [path for path in found if Scores.load(path).benchmark == wanted]
    if not found:
        raise LabanError(
            f"{run / name}.parquet is missing: judge the run with 'laban evaluate --protocol "
            f"{protocol}' first"
        )
    if len(found) > 1:
        raise LabanError(
            f"{run} holds {', '.join(path.name for path in found[:4])}: give the file in the run's "
            "place"
        )
    return found[0]
