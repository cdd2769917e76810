"""The report of a run: one HTML page that needs nothing else, and its figures as PNG beside it.

What is shown follows the figures of DSTA-Net (https://arxiv.org/abs/2007.03263): learned attention
maps of the first and the last layer (Fig. 5), and per-class accuracy of several streams with their
differences (Fig. 6, `write_fusion_report`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from laban import figures, page, plotting
from laban.assembly import Parts
from laban.batch import collate
from laban.dataset import ClipDataset
from laban.evaluation.scores import Scores
from laban.pipelines import View
from laban.report_clips import Shown, clips_section, most_confident
from laban.report_judged import judged_sections
from laban.report_run import number, recipe_section, run_facts, training_section, written
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
            training_section(run, folder),
            _classes(scores, folder),
            _confusions(scores, folder),
            _attention(run, parts, right, folder),
            clips_section(right, wrong, folder),
            recipe_section(run),
        ],
    )
    return written(run.path / "report.html", markup)


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
            page.facts(run_facts(run)),
            training_section(run, folder),
            *judged_sections(run.path, folder),
            recipe_section(run),
        ],
    )
    return written(run.path / "report.html", markup)


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
    plotting.png(drawn, folder / "streams.png")
    best = max(one.top(1) for one in scores)
    tops = []
    for name, one in zip([*runs, "fused"], [*scores, fused], strict=True):
        gain = f"{one.top(1) - best:+.1f}".replace("-", "−")
        tops.append([name, number(one.top(1)), number(one.top(5)), gain])
    each = [
        [name, *(number(value) for value in column)]
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
                    plotting.svg(drawn, "streams", "per-class accuracy of each run"),
                    "Above, the accuracy of each run; below, dotted, the difference between two "
                    "of them: above zero the first named is better." + _left_out(fused),
                ),
            ),
            page.section("Numbers", page.table(["class, %", *runs, "fused"], each)),
        ],
    )
    return written(out / "report.html", markup)


def _head(run: Run, scores: Scores) -> str:
    """What the run is and how it did, the large figures and the facts."""
    about = f"{run.recipe['encoder']['name']}, {run.stream} stream, {len(scores.classes)} classes"
    large = page.numbers(_tops(scores))
    return page.title(scores.benchmark, about) + large + page.facts(run_facts(run))


def _classes(scores: Scores, folder: Path) -> str:
    """Per-class accuracy, the best first."""
    counts = scores.confusion()
    shares = _shares(scores)
    order = [k for k in np.argsort(-shares, kind="stable") if counts[k].sum()]
    if not order:
        return ""
    rows = [(scores.classes[k], float(shares[k])) for k in order]
    plotting.png(figures.per_class(rows), folder / "per-class.png")
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
    plotting.png(drawn, folder / "confusion.png")
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
        "Confusions", page.drawing(plotting.svg(drawn, "confusion", "confusion matrix"), caption)
    ) + page.section("Most confused", table if rows else page.paragraph("No clip was confused."))


@torch.inference_mode()
def _attention(run: Run, parts: Parts, shown: Shown | None, folder: Path) -> str:
    """Maps between joints of the first and the last layer, for encoders that have them."""
    encoder: Any = parts.encoder
    if shown is None or not getattr(encoder, "attention_layers", ()):
        return ""
    mode, device = encoder.training, next(encoder.parameters()).device
    batch = collate([parts.pipeline.prepare(shown.clip)], [-1], [0]).to(device)
    encoder.eval()
    maps = encoder.attention_maps(*View(parts.pipeline, run.stream)(batch))
    encoder.train(mode)
    ends = {encoder.attention_layers[k]: maps[k][0, 0].cpu().numpy() for k in (0, -1)}
    drawn = figures.attention(ends, run.skeleton.joints)
    plotting.png(drawn, folder / "attention.png")
    return page.section(
        "Attention between joints",
        page.drawing(
            plotting.svg(drawn, "attention", "attention maps between joints"),
            f"What each joint (row) takes from each (column), first person of {shown.sentence()} "
            "Blue is positive, orange negative, each layer to its own strongest value.",
        ),
    )


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
    large = {"top-1": f"{number(scores.top(1))} %", "top-5": f"{number(scores.top(5))} %"}
    return large | {f"{scores.split} clips": f"{len(scores.clips):,}"}
