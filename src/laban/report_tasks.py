"""The reports of runs that find actions in recordings and of runs that predict motion.

One HTML page that needs nothing else, as `laban.report` writes of runs that name clips.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from laban import page, plotting
from laban.report_run import recipe_section, run_facts, training_section, written
from laban.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_detection_report", "write_forecasting_report"]

PRECISIONS = (("map_a", "mAP_a"), ("map_v", "mAP_v"))


def write_detection_report(
    run: Run, value: Mapping[str, Any], timelines: Mapping[str, "Figure"]
) -> Path:
    """Writes ``report.html`` and ``figures/*.png`` of a detection run.

    Args:
        run: What was trained.
        value: The figures, from `laban.evaluation.detection.DetectionScores.to_json`.
        timelines: Drawings of recordings by what is said of them, such as ``best``.

    Returns:
        The path of the page.
    """
    large = {f"{name} at overlap 0.5": _per_cent(value[key]["0.5"]) for key, name in PRECISIONS}
    large["F1 at overlap 0.5"] = _per_cent(value["f1"]["0.5"])
    overlaps = list(value["map_a"])
    rows = [[name, *(_cell(value[key][at]) for at in overlaps)] for key, name in PRECISIONS]
    classes = [(name, ap) for name, ap in value["per_class"].items() if ap is not None]
    return _report(
        run,
        f"{value['recordings']} {value['split']} recordings",
        large,
        page.section(
            "Average precision by overlap",
            page.paragraph("Per cent; mAP_a is the mean over classes, mAP_v over recordings."),
            page.table(["overlap", *overlaps], rows),
        ),
        page.section("Other figures", page.table(["", ""], _others(value))),
        page.section(
            "Average precision of each class at overlap 0.5",
            page.bars([(name, ap, _per_cent(ap)) for name, ap in classes]),
        ),
        _drawn(run, timelines, "Recordings", "recording by F1: true segments above, found below."),
    )


def write_forecasting_report(
    run: Run, value: Mapping[str, Any], methods: Mapping[str, str], drawn: Mapping[str, "Figure"]
) -> Path:
    """Writes ``report.html`` and ``figures/*.png`` of a forecasting run.

    Args:
        run: What was trained.
        value: The figures, from `laban.evaluation.forecasting.ForecastScores.to_json`.
        methods: What the rows of figures are called, the run's own first.
        drawn: Drawings of predictions by what is said of them.

    Returns:
        The path of the page.
    """
    own = next(iter(methods))
    horizons = list(value[own])
    large = {_horizon(at): f"{_cell(value[own][at])} mm" for at in horizons[-2:]}
    rows = [[said, *(_cell(value[key][at]) for at in horizons)] for key, said in methods.items()]
    return _report(
        run,
        f"{value['clips']} {value['split']} clips, {value['windows']} windows",
        large,
        page.section(
            "Mean per-joint position error",
            page.paragraph(
                "Millimetres between predicted and true joints, so long after the last pose that "
                "was seen. A run that loses to a held pose or a held velocity is of no use."
            ),
            page.table(["", *map(_horizon, horizons)], rows),
        ),
        _drawn(run, drawn, "Predictions", "test clip: seen, predicted and true poses."),
    )


def _report(run: Run, what: str, large: Mapping[str, str], *sections: str) -> Path:
    """The page: what every run has around what this one has alone."""
    folder = run.path / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    encoder, name = run.recipe["encoder"]["name"], run.benchmark.name
    objective = run.recipe["objective"]["name"]
    markup = page.page(
        f"{name}, {run.stream}, {encoder}",
        [
            page.title(name, f"{objective} by {encoder}, {run.stream} stream, {what}"),
            page.numbers(large),
            page.facts(run_facts(run)),
            *sections,
            training_section(run, folder),
            recipe_section(run),
        ],
    )
    return written(run.path / "report.html", markup)


def _others(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What else is told of found segments, by name."""
    online, delay = value["online"], value["delay"]["seconds"]
    rows = [(f"F1 at overlap {at}", _per_cent(f1)) for at, f1 in value["f1"].items()]
    rows += [
        ("edit score", _per_cent(value["edit"])),
        ("frames named right", _per_cent(value["frame_accuracy"])),
        ("online: detection rate", _per_cent(online["detection_rate"])),
        ("online: false positives", _per_cent(online["false_positives"])),
        ("online: Jaccard", _per_cent(online["jaccard"])),
        ("delay of a report, on average", "–" if delay is None else f"{delay:.2f} s"),
    ]
    return rows


def _drawn(run: Run, drawings: Mapping[str, "Figure"], name: str, caption: str) -> str:
    """Drawings with what is said of them; each beside the page as PNG too."""
    folder = run.path / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    shown = []
    for word, figure in drawings.items():
        path = folder / f"{word}.png"
        plotting.png(figure, path, dpi=150)
        text = f"The {word} {caption}"
        shown.append(page.picture(path.read_bytes(), "png", about=text, caption=text))
    return page.section(name, *shown)


def _horizon(at: str) -> str:
    return f"{at} ms" if at.isdigit() else at


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _per_cent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"
