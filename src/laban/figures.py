"""The drawings of a report: each gives a matplotlib figure, which `laban.plotting` writes."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from laban.plotting import MARKERS, PALETTE, SERIES, WIDTH, blank, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["NAMED", "attention", "confusion", "curve", "falls", "per_class", "streams"]

NAMED = 40  # more classes than this have numbers on the axes


def curve(series: Mapping[str, Sequence[float]], *, what: str, kept: int | None) -> "Figure":
    """A line over epochs for each named series.

    Args:
        series: One value an epoch, NaN where there is none.
        what: The title, with its unit.
        kept: The epoch whose weights were kept, counted from 1.
    """
    with house_style():
        from matplotlib.ticker import MaxNLocator

        figure = blank(4.6, 3.0)
        axes = figure.add_subplot()
        for colour, (name, values) in zip(SERIES, series.items(), strict=False):
            epochs = np.arange(1, len(values) + 1)
            marker = "o" if len(values) < 12 else None
            axes.plot(epochs, values, color=PALETTE[colour], label=name, marker=marker, ms=3.5)
        if kept is not None:
            axes.axvline(kept, color=PALETTE["muted"], lw=1, ls=(0, (2, 3)))
            left = kept > max(map(len, series.values())) / 2
            axes.annotate(
                "kept",
                (kept, 1.01),
                (-4 if left else 4, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="right" if left else "left",
                color=PALETTE["muted"],
                fontsize=8.5,
            )
        axes.set_title(what, pad=14)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.grid(axis="y", lw=0.8)
        axes.set_axisbelow(True)
        if len(series) > 1:
            axes.legend(frameon=False, fontsize=9, labelcolor=PALETTE["ink"])
    return figure


def falls(curves: Mapping[str, Mapping[int, Sequence[float]]], *, across: str) -> "Figure":
    """Accuracy over how much was taken away: mean and standard deviation of the draws.

    Args:
        curves: For each name the top-1 of every draw, in per cent, by how much was taken away.
        across: What the horizontal axis counts.
    """
    with house_style():
        from matplotlib.ticker import MaxNLocator

        figure = blank(4.6, 3.0)
        axes = figure.add_subplot()
        looks = zip(SERIES, MARKERS, strict=True)
        for (colour, marker), (name, curve) in zip(looks, curves.items(), strict=False):
            counts = sorted(curve)
            means = np.array([np.mean(curve[count]) for count in counts])
            spreads = np.array(
                [np.std(curve[c], ddof=1) if len(curve[c]) > 1 else 0.0 for c in counts]
            )
            look: dict[str, Any] = {"color": PALETTE[colour], "marker": marker, "ms": 4}
            axes.errorbar(counts, means, spreads, capsize=2.5, elinewidth=1, label=name, **look)
        axes.set_ylabel("top-1, per cent")
        axes.set_xlabel(across)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(0, 102)
        axes.grid(axis="y", lw=0.8)
        axes.set_axisbelow(True)
        if len(curves) > 1:
            _legend_above(axes, columns=2)
    return figure


def confusion(counts: np.ndarray, classes: Sequence[str]) -> "Figure":
    """Counts (K, K) of (true, predicted), each row as a share of its clips.

    What was named right is blue, what was confused orange; a class without clips stays empty.
    """
    total = len(classes)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    tint = np.where(np.eye(total, dtype=bool)[..., None], _rgb("blue"), _rgb("orange"))
    # A square root, for a confusion of one clip in fifty is one that a reader wants to see.
    image = np.concatenate([tint, np.sqrt(shares)[..., None]], -1)
    with house_style():
        figure = blank(WIDTH, WIDTH if total > NAMED else min(WIDTH, 3.4 + 0.3 * total))
        axes = figure.add_subplot()
        axes.imshow(image, interpolation="none")
        axes.set_xlabel("predicted", labelpad=8)
        axes.set_ylabel("true", labelpad=8)
        _class_ticks(axes, classes, "xy")
        _frame(axes)
        if total <= 20:
            for row, column in zip(*np.nonzero(counts), strict=True):
                share = shares[row, column]
                axes.text(
                    column,
                    row,
                    f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if share > 0.45 else PALETTE["ink"],
                )
    return figure


def per_class(rows: Sequence[tuple[str, float]]) -> "Figure":
    """A bar for each (class, per cent right), in the order given, from above."""
    with house_style():
        figure = blank(WIDTH * 0.7, 0.8 + 0.2 * max(4, len(rows)))
        axes = figure.add_subplot()
        places = np.arange(len(rows))
        axes.barh(places, [share for _, share in rows], height=0.62, color=PALETTE["blue"])
        for place, (_, share) in enumerate(rows):
            axes.text(share + 1, place, f"{share:.0f}", va="center", fontsize=7.5)
        axes.set_yticks(places, [_short(name) for name, _ in rows], fontsize=8.5)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 105)
        axes.set_xlabel("per cent of the class's clips named right")
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.grid(axis="x", lw=0.8)
        axes.set_axisbelow(True)
    return figure


def attention(layers: Mapping[str, np.ndarray], joints: Sequence[str]) -> "Figure":
    """Maps (H, V, V) of each layer, a row of heads a layer; rows take from columns (Fig. 5).

    Positive relations are blue, negative ones orange; a layer's strongest is full colour.
    """
    heads = max(len(maps) for maps in layers.values())
    across = min(heads, 4)
    down = math.ceil(heads / across)
    with house_style():
        side = WIDTH / (across + 0.45)
        figure = blank(WIDTH, len(layers) * down * (side + 0.25) + 1.0)
        grid = figure.subplots(len(layers) * down, across, squeeze=False)
        for axes in grid.flat:
            axes.axis("off")
        for place, (layer, maps) in enumerate(layers.items()):
            finite = np.abs(maps[np.isfinite(maps)])
            peak = float(finite.max(initial=0)) or 1.0
            for head, values in enumerate(maps):
                row, column = place * down + head // across, head % across
                axes = grid[row, column]
                axes.axis("on")
                axes.imshow(_signed(values / peak), interpolation="none")
                axes.set_title(f"{layer}, head {head + 1}", fontsize=9)
                if head == min(across, len(maps)) - 1:
                    style = {"fontsize": 8, "color": PALETTE["muted"]}
                    axes.set_title(f"full colour ±{peak:.2g}", loc="right", **style)
                below = row + 1 == len(grid) or (
                    place + 1 == len(layers) and head + across >= len(maps)
                )
                _joint_ticks(axes, joints, left=column == 0, below=below)
                _frame(axes)
    return figure


def streams(
    names: Sequence[str],
    shares: np.ndarray,
    classes: Sequence[str],
    pairs: Sequence[tuple[int, int]],
) -> "Figure":
    """Per cent right of each class, (R, K), a line a run, and dotted differences of pairs (Fig. 6).

    Args:
        names: The runs.
        shares: Per cent, NaN for a class without clips.
        classes: The classes that the columns stand for.
        pairs: Numbers of two runs each; the second is taken from the first.
    """
    with house_style():
        figure = blank(max(WIDTH, 1 + 0.2 * len(classes)), 6.2)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        places = np.arange(len(classes))
        for number, (name, values) in enumerate(zip(names, shares, strict=True)):
            colour = PALETTE[SERIES[number % len(SERIES)]]
            marker = MARKERS[number % len(MARKERS)]
            upper.plot(places, values, color=colour, marker=marker, ms=4, lw=1.3, label=name)
        for number, (first, second) in enumerate(pairs):
            lower.plot(
                places,
                shares[first] - shares[second],
                color=PALETTE[SERIES[number % len(SERIES)]],
                ls=(0, (1, 1.6)),
                marker=".",
                label=f"{names[first]} − {names[second]}",
            )
        lower.axhline(0, color=PALETTE["muted"], lw=0.8)
        upper.set_ylabel("accuracy, per cent")
        lower.set_ylabel("difference, points")
        _class_ticks(lower, classes, "x")
        for axes in (upper, lower):
            axes.grid(axis="both", lw=0.6)
            axes.set_axisbelow(True)
            axes.margins(x=0.02)
            _legend_above(axes)
    return figure


def _rgb(name: str) -> np.ndarray:
    """A colour of the palette: ``-> (3,)`` in 0 to 1."""
    return np.array([int(PALETTE[name][k : k + 2], 16) / 255 for k in (1, 3, 5)])


def _signed(values: np.ndarray) -> np.ndarray:
    """Numbers from -1 to 1 as blue or orange of that strength: ``(V, V) -> (V, V, 4)``."""
    values = np.nan_to_num(values, posinf=1, neginf=-1)
    tint = np.where((values > 0)[..., None], _rgb("blue"), _rgb("orange"))
    return np.concatenate([tint, np.abs(values)[..., None]], -1)


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def _frame(axes: "Axes") -> None:
    """A thin frame all around, for images."""
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.8)


def _legend_above(axes: "Axes", columns: int = 4) -> None:
    """What the lines are, in rows above the plot; nothing where there is no line."""
    handles, names = axes.get_legend_handles_labels()
    if handles:
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
        axes.legend(handles, names, frameon=False, fontsize=8.5, ncols=columns, **place)


def _class_ticks(axes: "Axes", classes: Sequence[str], which: str) -> None:
    """Class names on the axes ``x`` or ``xy``; on both, numbers from 1 where names do not fit."""
    places = np.arange(len(classes))
    names, turn, size = [_short(name) for name in classes], 90, 9 if len(classes) <= 24 else 7.5
    if which == "xy" and len(classes) > NAMED:
        places = np.array([0, *range(9, len(classes), 10)])
        names, turn, size = [str(place + 1) for place in places], 0, 9
    axes.set_xticks(places, names, rotation=turn, fontsize=size)
    if which == "xy":
        axes.set_yticks(places, names, fontsize=size)


def _joint_ticks(axes: "Axes", joints: Sequence[str], *, left: bool, below: bool) -> None:
    style: dict[str, Any] = {"fontsize": 7 if len(joints) <= 30 else 5}
    axes.set_xticks([])
    axes.set_yticks([])
    if below:
        axes.set_xticks(range(len(joints)), joints, rotation=90, **style)
    if left:
        axes.set_yticks(range(len(joints)), joints, **style)
