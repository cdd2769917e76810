"""The house style of drawings, and their writing: a figure is drawn once and written twice.

`png` writes it for a paper. `svg` gives markup for a page, in which every colour of the palette is
a CSS variable, so that one drawing is legible on a light and on a dark ground. No pyplot: nothing
global is opened or changed.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MARKERS", "PALETTE", "SERIES", "WIDTH", "blank", "house_style", "png", "svg"]

# Name of the CSS variable: its colour on white.
PALETTE: dict[str, str] = {
    "ink": "#1b2430",
    "muted": "#66707d",
    "line": "#dde2e8",
    "blue": "#2f6fb5",
    "orange": "#c8602f",
    "green": "#2f8a5b",
    "violet": "#7a5bb0",
    "sand": "#a8862c",
}
SERIES = ("blue", "orange", "green", "violet", "sand")
MARKERS = "os^Dv"
WIDTH = 9.4  # inches: a figure across the page


@contextmanager
def house_style() -> Iterator[None]:
    """House settings for the time of a drawing; matplotlib is imported here and not before."""
    import matplotlib

    settings: dict[Any, Any] = {
        "axes.edgecolor": PALETTE["line"],
        "grid.color": PALETTE["line"],
        "xtick.color": PALETTE["muted"],
        "ytick.color": PALETTE["muted"],
        "font.size": 9.5,
        "text.parse_math": False,
        "text.color": PALETTE["ink"],
        "axes.labelcolor": PALETTE["muted"],
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "lines.linewidth": 1.8,
        "svg.fonttype": "none",
        "svg.hashsalt": "laban",
        "image.composite_image": False,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # A PNG has no font for every script; the page, whose text is text, has.
        warnings.filterwarnings("ignore", message="Glyph")
        yield


def blank(width: float, height: float) -> "Figure":
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def png(figure: "Figure", path: Path, *, dpi: int = 200) -> Path:
    """Writes the figure on white; its layout stays as it is then, which saves `svg` the work."""
    with house_style():
        figure.savefig(path, format="png", dpi=dpi, facecolor="white")
        figure.set_layout_engine("none")
    return path


def svg(figure: "Figure", name: str, about: str) -> str:
    """The figure as markup that goes into a page: palette colours as variables, text as text.

    Args:
        figure: The drawing.
        name: A word that no other figure of the page has; identifiers begin with it.
        about: What a screen reader says, already escaped.
    """
    buffer = io.StringIO()
    with house_style():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r"\n\s*", "\n", text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(url\(|href=")#', rf"\g<1>#{name}-", text)
    for variable, colour in PALETTE.items():
        text = text.replace(colour, f"var(--{variable})")
    box = re.search(r'viewBox="([^"]+)"', text)
    # A figure wider than the page keeps its size and scrolls.
    inches = figure.get_figwidth()
    size = f' style="min-width:{95 * inches:.0f}px"' if inches > WIDTH else ""
    head = f'<svg viewBox="{box[1] if box else ""}"{size} role="img" aria-label="{about}">'
    return head + text[text.index(">") + 1 :]
