"""A recording over time: true segments above, found ones below."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from laban.clip import Clip, Segment
from laban.detection import Detection
from laban.detection.labels import true_segments
from laban.plotting import PALETTE, SERIES, WIDTH, blank, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["timeline"]

INCHES_A_LETTER = 0.062
# Of the first round through the colours, the second, and so on.
HATCHES = ("", "///", "\\\\\\", "xx", "..")


def timeline(clip: Clip, found: Sequence[Detection], classes: Sequence[str]) -> "Figure":
    """The segments of a recording against seconds; found ones are the paler the less confident.

    Args:
        clip: The recording, with its true segments where they are known (of a trimmed clip its
            label); those that end before they start or lie outside are not drawn.
        found: Found segments.
        classes: Class names; a class has its colour, and behind the last colour its hatching, by
            its number.
    """
    number = {name: place for place, name in enumerate(classes)}
    rows: list[tuple[str, list[tuple[Segment, float]]]] = [
        ("found", [(one, 0.35 + 0.65 * one.confidence) for one in found])
    ]
    if true := [one for one in true_segments(clip) if 0 <= one.start < one.end <= clip.frames]:
        rows.append(("true", [(one, 1.0) for one in true]))
    with house_style():
        figure = blank(WIDTH, 0.75 + 0.55 * len(rows))
        axes = figure.add_subplot()
        for height, (_, segments) in enumerate(rows):
            for one, opacity in segments:
                _bar(axes, one, clip, height, number.get(one.label), opacity)
        axes.set_xlim(0, clip.frames / clip.fps)
        axes.set_ylim(-0.5, len(rows) - 0.5)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_xlabel("seconds")
        axes.set_title(clip.name)
        axes.spines["left"].set_visible(False)
    return figure


def _bar(
    axes: "Axes", one: Segment, clip: Clip, height: int, number: int | None, opacity: float
) -> None:
    """One segment with as much of its name as fits in it."""
    start, length = one.start / clip.fps, (one.end - one.start) / clip.fps
    cycle, place = divmod(number or 0, len(SERIES))
    axes.broken_barh(
        [(start, length)],
        (height - 0.38, 0.76),
        facecolors=(PALETTE["muted" if number is None else SERIES[place]], opacity),
        hatch=HATCHES[cycle % len(HATCHES)],
        edgecolor=("white", 0.35),
        linewidth=0,
    )
    room = int(length * clip.fps / clip.frames * (WIDTH - 0.8) / INCHES_A_LETTER)
    name = one.label
    if len(name) > room:  # the end tells 'action 1' from 'action 2'
        name = f"{name[: room - 3]}…{name[-2:]}" if room >= 4 else f"…{name[1 - room :]}"
    if room >= 2:
        axes.text(
            start + length / 2, height, name, ha="center", va="center", color="white", fontsize=7.5
        )
