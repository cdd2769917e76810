"""What protocols found of a run, for its report: a table, and curves where something was varied."""

from collections.abc import Mapping
from pathlib import Path

from laban import figures, page, plotting
from laban.evaluation.scores import Curve, Scores

__all__ = ["judged_sections"]


def judged_sections(run: Path, folder: Path) -> list[str]:
    """The sections of a report that show every file of scores in a run folder.

    Args:
        run: The run folder.
        folder: Where figures are written as PNG.
    """
    kept = {path.stem: Scores.load(path) for path in sorted(run.glob("*.parquet"))}
    if not kept:
        return []
    rows = []
    for name, scores in kept.items():
        value = scores.to_json()
        mean, seeds = "", ""
        if scores.repeats:
            mean = f"{value['top1_mean']:.1f} ± {value['top1_spread']:.1f}"
            seeds = str(len(scores.repeats))
        rows.append(
            [name, scores.benchmark, *(f"{scores.top(k):.1f}" for k in (1, 5)), mean, seeds]
        )
    head = ["judged by", "benchmark", "top-1, %", "top-5, %", "mean of seeds", "seeds"]
    sections = [page.section("What judged it", page.table(head, rows, texts=2))]
    for name, scores in kept.items():
        drawn = [
            _drawing(curves, what, folder / f"{name}-{what}.png")
            for what, curves in _alike(scores.curves).items()
        ]
        if drawn:
            caption = "Mean and spread of the draws. What is shaded is left out, not zeroed."
            pair = f'<div class="pair">{"".join(drawn)}</div>'
            sections.append(page.section(name, pair, page.paragraph(caption)))
    return sections


def _alike(curves: Mapping[str, Curve]) -> dict[str, dict[str, Curve]]:
    """Curves that go into one drawing: those whose names begin with the same word."""
    found: dict[str, dict[str, Curve]] = {}
    for name, curve in curves.items():
        found.setdefault(name.split()[0], {})[name] = curve
    return found


def _drawing(curves: Mapping[str, Curve], what: str, path: Path) -> str:
    drawn = figures.falls(curves, across=f"{what} shaded")
    plotting.png(drawn, path)
    return page.drawing(plotting.svg(drawn, path.stem, f"top-1 over {what} shaded"), wide=False)
