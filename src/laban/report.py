"""The report of a run: one HTML page that needs nothing else, and its figures as PNG beside it.

What is shown follows the figures of DSTA-Net (https://arxiv.org/abs/2007.03263): learned attention
maps of the first and the last layer (Fig. 5), and per-class accuracy of several streams with their
differences (Fig. 6, `write_fusion_report`).
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from laban import figures, page
from laban.assembly import Parts
from laban.batch import collate
from laban.dataset import ClipDataset
from laban.evaluation.rank import lost_rank
from laban.evaluation.scores import Scores
from laban.pipelines import View
from laban.report_clips import Shown, clips_section, most_confident
from laban.report_judged import judged_sections
from laban.run import Run

__all__ = ["write_fusion_report", "write_pretraining_report", "write_report"]

PAIRS = 12  # rows of the table of confusions


def write_report(run: Run, parts: Parts, scores: Scores, test: ClipDataset) -> Path:
    """Writes ``report.html`` and ``figures/*.png`` into the run folder.

    Args:
        run: What was trained.
        parts: Its pipeline and its encoder with the weights that were tested.
        scores: Of the test clips.
        test: The test clips, for those that are drawn.

    Returns:
        The path of the page.
    """
    folder = run.path / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    right = most_confident(scores, test, right=True)
    wrong = most_confident(scores, test, right=False)
    markup = page.page(
        f"{scores.benchmark}, {run.stream}, {run.recipe['encoder']['name']}",
        [
            _head(run, scores),
            _training(run, folder),
            _classes(scores, folder),
            _confusions(scores, folder),
            _attention(run, parts, right, folder),
            clips_section(right, wrong, folder),
            _recipe(run),
        ],
    )
    return _write(run.path / "report.html", markup)


def write_pretraining_report(run: Run) -> Path:
    """Writes ``report.html`` of a run without classes: facts, loss, what judged it, recipe.

    Returns:
        The path of the page.
    """
    folder = run.path / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    encoder, objective = (run.recipe[part]["name"] for part in ("encoder", "objective"))
    about = f"{encoder}, {run.stream} stream, pre-trained by {objective} without labels"
    markup = page.page(
        f"{run.benchmark.name}, {run.stream}, {encoder}",
        [
            page.title(run.benchmark.name, about),
            page.facts(_facts(run)),
            _training(run, folder),
            *judged_sections(run.path, folder),
            _recipe(run),
        ],
    )
    return _write(run.path / "report.html", markup)


def write_fusion_report(
    runs: Sequence[str],
    scores: Sequence[Scores],
    fused: Scores,
    out: Path,
    *,
    pairs: Sequence[tuple[int, int]] | None = None,
) -> Path:
    """Writes ``report.html`` and ``figures/streams.png`` of several runs and their sum.

    Args:
        runs: The runs' names.
        scores: Their test scores.
        fused: Their sum, from `laban.evaluation.scores.fuse`.
        out: A folder; it is made.
        pairs: Numbers of two runs each whose difference is drawn; by default each run and the
            next.

    Returns:
        The path of the page.
    """
    folder = out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [(k, k + 1) for k in range(len(runs) - 1)] if pairs is None else pairs
    shares = np.stack([_shares(one) for one in [*scores, fused]])
    drawn = figures.streams(runs, shares[:-1], fused.classes, pairs)
    figures.png(drawn, folder / "streams.png")
    best = max(one.top(1) for one in scores)
    tops = []
    for name, one in zip([*runs, "fused"], [*scores, fused], strict=True):
        gain = f"{one.top(1) - best:+.1f}".replace("-", "−")
        tops.append([name, _number(one.top(1)), _number(one.top(5)), gain])
    each = [
        [name, *(_number(value) for value in column)]
        for name, column in zip(fused.classes, shares.T, strict=True)
    ]
    markup = page.page(
        f"{fused.benchmark}, {len(runs)} runs fused",
        [
            page.title(f"{len(runs)} runs fused", f"{fused.benchmark}, {fused.split} clips"),
            page.numbers(_tops(fused)),
            page.table(["run", "top-1, %", "top-5, %", "to the best run, points"], tops),
            page.section(
                "Per-class accuracy of each run",
                page.drawing(
                    figures.svg(drawn, "streams", "per-class accuracy of each run"),
                    "Above, the accuracy of each run; below, dotted, the difference between two "
                    "of them: above zero the first named is better." + _left_out(fused),
                ),
            ),
            page.section("Numbers", page.table(["class, %", *runs, "fused"], each)),
        ],
    )
    return _write(out / "report.html", markup)


def _recipe(run: Run) -> str:
    """The recipe, folded up."""
    text = yaml.safe_dump(run.recipe, sort_keys=False)
    return page.section("Recipe", page.details("as YAML", text))


def _head(run: Run, scores: Scores) -> str:
    """What the run is and how it did, the large figures and the facts."""
    about = f"{run.recipe['encoder']['name']}, {run.stream} stream, {len(scores.classes)} classes"
    large = page.numbers(_tops(scores))
    return page.title(scores.benchmark, about) + large + page.facts(_facts(run))


def _facts(run: Run) -> dict[str, str | None]:
    """What the run was trained on, for how long, on what."""
    notes, metrics = run.notes, run.metrics()
    seconds, data = notes.get("seconds", {}), notes.get("data", {})
    kept = _kept(run, metrics)
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


def _training(run: Run, folder: Path) -> str:
    """Accuracy and loss over the epochs."""
    metrics = run.metrics()
    if not metrics:
        return ""
    kept = _kept(run, metrics)
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
    figures.png(drawn, path)
    return page.drawing(figures.svg(drawn, path.stem, f"{what} over epochs"), wide=False)


def _classes(scores: Scores, folder: Path) -> str:
    """Per-class accuracy, the best first."""
    counts = scores.confusion()
    shares = _shares(scores)
    order = [k for k in np.argsort(-shares, kind="stable") if counts[k].sum()]
    if not order:
        return ""
    rows = [(scores.classes[k], float(shares[k])) for k in order]
    figures.png(figures.per_class(rows), folder / "per-class.png")
    behind = [f"{shares[k]:.0f} % of {counts[k].sum()}" for k in order]
    mean = float(np.mean([share for _, share in rows]))
    return page.section(
        "Per-class accuracy",
        page.paragraph(f"Clips named right, of each class; mean over classes {mean:.1f} %."),
        page.bars([(*row, text) for row, text in zip(rows, behind, strict=True)]),
        page.paragraph(_left_out(scores).strip()),
    )


def _confusions(scores: Scores, folder: Path) -> str:
    """The confusion matrix and the pairs that are confused most."""
    counts = scores.confusion()
    drawn = figures.confusion(counts, scores.classes)
    figures.png(drawn, folder / "confusion.png")
    caption = "Each row is a true class, its shares add up to one. Blue was named right, orange "
    caption += "was confused; the tint is the square root of the share, so that rare confusions "
    caption += "are seen. "
    if len(scores.classes) > figures.NAMED:
        caption += "Classes are numbered in the benchmark's order."
    elif len(scores.classes) <= 20:
        caption += "Numbers are per cent of the row."
    mistakes = counts - np.diag(np.diag(counts))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:PAIRS]
    pairs = [np.unravel_index(place, mistakes.shape) for place in order]
    rows = [
        [scores.classes[a], scores.classes[b], mistakes[a, b], counts[a].sum()]
        for a, b in pairs
        if mistakes[a, b]
    ]
    table = page.table(["true", "predicted", "clips", "of"], rows, texts=2)
    return page.section(
        "Confusions", page.drawing(figures.svg(drawn, "confusion", "confusion matrix"), caption)
    ) + page.section("Most confused", table if rows else page.paragraph("No clip was confused."))


@torch.inference_mode()
def _attention(run: Run, parts: Parts, shown: Shown | None, folder: Path) -> str:
    """Maps between joints of the first and the last layer, for encoders that have them."""
    if shown is None or not hasattr(parts.encoder, "attention_maps"):
        return ""
    encoder: Any = parts.encoder
    mode, device = encoder.training, next(encoder.parameters()).device
    batch = collate([parts.pipeline.prepare(shown.clip)], [-1], [0]).to(device)
    encoder.eval()
    maps = encoder.attention_maps(*View(parts.pipeline, run.stream)(batch))
    encoder.train(mode)
    layers = {layer: maps[layer - 1][0, 0].cpu().numpy() for layer in {1, len(maps)}}
    drawn = figures.attention(dict(sorted(layers.items())), run.skeleton.joints)
    figures.png(drawn, folder / "attention.png")
    return page.section(
        "Attention between joints",
        page.drawing(
            figures.svg(drawn, "attention", "attention maps between joints"),
            f"What each joint (row) takes from each (column), first person of {shown.sentence()} "
            "Blue is positive, orange negative, each layer to its own strongest value.",
        ),
    )


def _kept(run: Run, metrics: Sequence[Mapping[str, float]]) -> int | None:
    """The epoch whose weights were kept, from 1."""
    if run.recipe.get("training", {}).get("select") != "best":
        return len(metrics) or None
    accuracies = [row.get("validation_accuracy", -np.inf) for row in metrics]
    return int(np.argmax(accuracies)) + 1 if accuracies else None


def _shares(scores: Scores) -> np.ndarray:
    """Per cent right of each class, NaN without clips: ``-> (K,)``."""
    counts = scores.confusion()
    clips = counts.sum(1)
    return np.where(clips > 0, 100 * np.diag(counts) / np.maximum(clips, 1), np.nan)


def _left_out(scores: Scores) -> str:
    """A sentence on the classes that no clip has."""
    clips = scores.confusion().sum(1)
    empty = [name for name, count in zip(scores.classes, clips, strict=True) if not count]
    if len(empty) > 5:
        return f" {len(empty)} of {len(scores.classes)} classes have no clip here."
    return f" Without a clip here: {', '.join(empty)}." if empty else ""


def _tops(scores: Scores) -> dict[str, str]:
    large = {"top-1": f"{_number(scores.top(1))} %", "top-5": f"{_number(scores.top(5))} %"}
    return large | {f"{scores.split} clips": f"{len(scores.clips):,}"}


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


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1f}"


def _write(path: Path, text: str) -> Path:
    """Writes whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)
    return path
