"""What every run's report has: what was trained on what, its curves, its recipe."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from laban import figures, page, plotting
from laban.evaluation.rank import lost_rank
from laban.run import Run

__all__ = ["kept_epoch", "number", "recipe_section", "run_facts", "training_section", "written"]


def recipe_section(run: Run) -> str:
    """The recipe, folded up."""
    text = yaml.safe_dump(run.recipe, sort_keys=False)
    return page.section("Recipe", page.details("as YAML", text))


def run_facts(run: Run) -> dict[str, str | None]:
    """What the run was trained on, for how long, on what."""
    notes, metrics = run.notes, run.metrics()
    seconds, data = notes.get("seconds", {}), notes.get("data", {})
    kept = kept_epoch(run, metrics)
    selection = notes.get("selection")
    if selection and kept:
        selection = f"epoch {kept} of {len(metrics)}: {selection}; the test clips had no part in it"
    clips = ", ".join(f"{count:,} {name}" for name, count in notes.get("clips", {}).items())
    size = notes.get("parameters")
    return {
        "Weights": selection,
        "Clips": clips,
        "Data": ", ".join(f"{name} {str(v)[:16]}" for name, v in data.items()),
        "Training time": _duration(seconds["training"]) if "training" in seconds else None,
        "Machine": _machine(notes.get("environment", {})),
        "Parameters": f"{size:,} in the encoder" if size else None,
        "Skeleton": f"{run.skeleton.name}, {len(run.skeleton)} joints",
        "Command": notes.get("command"),
    }


def training_section(run: Run, folder: Path) -> str:
    """Accuracy and loss over the epochs."""
    metrics = run.metrics()
    if not metrics:
        return ""
    kept = kept_epoch(run, metrics)
    # A cross-entropy is counted in nats, the distance of a correlation from its aim in nothing.
    unit = "loss, nats" if any("train_accuracy" in row for row in metrics) else "loss"
    drawn = []
    for what, said, factor in (("accuracy", "accuracy, per cent", 100.0), ("loss", unit, 1.0)):
        series = {
            name: [factor * row.get(f"{key}_{what}", np.nan) for row in metrics]
            for name, key in (("training", "train"), ("validation", "validation"))
            if any(f"{key}_{what}" in row for row in metrics)
        }
        if series:
            drawn.append(_curve(series, said, kept, folder / f"curve-{what}.png"))
    ranks = [row["rank"] for row in metrics if "rank" in row]
    lost = ""
    if ranks:
        said = "effective rank of the embeddings"
        drawn.append(_curve({"rank": ranks}, said, kept, folder / "curve-rank.png"))
        lost = lost_rank([run.notes.get("rank_before", 0.0), *ranks])
    warning = page.paragraph(f"Of this run {lost}." if lost else "", kind="warning")
    return page.section("Training", warning, f'<div class="pair">{"".join(drawn)}</div>')


def _curve(series: Mapping[str, list[float]], what: str, kept: int | None, path: Path) -> str:
    drawn = figures.curve(series, what=what, kept=kept)
    plotting.png(drawn, path)
    return page.drawing(plotting.svg(drawn, path.stem, f"{what} over epochs"), wide=False)


def kept_epoch(run: Run, metrics: Sequence[Mapping[str, float]]) -> int | None:
    """The epoch whose weights were kept, from 1."""
    if run.recipe.get("training", {}).get("select") != "best":
        return len(metrics) or None
    accuracies = [row.get("validation_accuracy", -np.inf) for row in metrics]
    return int(np.argmax(accuracies)) + 1 if accuracies else None


def _machine(environment: Mapping[str, Any]) -> str:
    said = [str(environment.get("device", ""))]
    for key, name in (("threads", "thread"), ("world", "process")):
        if key in environment:
            many = "" if environment[key] == 1 else "es" if name.endswith("s") else "s"
            said.append(f"{environment[key]} {name}{many}")
    said += [
        f"{key} {environment[key]}" for key in ("python", "torch", "laban") if key in environment
    ]
    return ", ".join(word for word in said if word)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"


def number(value: float) -> str:
    """With one digit; a dash for what is none."""
    return "–" if np.isnan(value) else f"{value:.1f}"


def written(path: Path, text: str) -> Path:
    """Writes whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)
    return path
