"""The clips of a report: which of them are shown, their pictures and what was said of them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from laban import page
from laban.clip import Clip
from laban.dataset import ClipDataset
from laban.evaluation.scores import Scores, softmax
from laban.render import contact_sheet, render

__all__ = ["Shown", "clips_section", "most_confident"]

GIF_BYTES = 300_000  # a larger animation stays out of the page
GIF_FRAMES, GIF_RATE = 40, 15  # at most, and a second


@dataclass
class Shown:
    """A test clip with what the run said of it."""

    clip: Clip
    true: str
    predicted: str
    probability: float
    true_probability: float

    def sentence(self) -> str:
        """What was predicted, in words."""
        said = f"{self.clip.name}: predicted {self.predicted}, {100 * self.probability:.1f} %"
        if self.predicted == self.true:
            return f"{said}; that is right."
        return f"{said}; it is {self.true}, which got {100 * self.true_probability:.1f} %."


def most_confident(scores: Scores, test: ClipDataset, *, right: bool) -> Shown | None:
    """The most confident of the clips that were named right, or of the others; None for none."""
    said = scores.values.argmax(1)
    rows = np.flatnonzero((said == scores.labels) == right)
    if not len(rows):
        return None
    shares = softmax(scores.values[rows])
    best = int(shares.max(1).argmax())
    row, true = rows[best], int(scores.labels[rows[best]])
    return Shown(
        clip=test.store[test.store.index(scores.clips[row])],
        true=scores.classes[true],
        predicted=scores.classes[said[row]],
        probability=float(shares[best].max()),
        true_probability=float(shares[best, true]),
    )


def clips_section(right: Shown | None, wrong: Shown | None, folder: Path) -> str:
    """Contact sheets of a clip that was named right and of one that was not, and an animation."""
    parts = [
        _sheet(shown, folder / f"clip-{name}.png")
        for name, shown in (("right", right), ("wrong", wrong))
        if shown is not None
    ]
    moving = right or wrong
    if moving is None:
        return ""
    lead = "The most confident right answer and the most confident wrong one."
    parts.append(_animation(moving, folder / "clip.gif"))
    return page.section("Clips and predictions", page.paragraph(lead), *parts)


def _sheet(shown: Shown, path: Path) -> str:
    """Eight moments of a clip with what was said of it."""
    sheet = contact_sheet(shown.clip, moments=8, title="")
    sheet.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
    about, said = f"moments of {shown.clip.name}", shown.sentence()
    return page.picture(path.read_bytes(), "png", about=about, caption=said)


def _animation(shown: Shown, path: Path) -> str:
    """The clip in motion, thinned so that it stays small; nothing where it does not."""
    clip = shown.clip
    step = max(1, round(clip.fps / GIF_RATE), -(-clip.frames // GIF_FRAMES))
    thin = replace(
        clip,
        poses=clip.poses[:, ::step],
        present=clip.present[:, ::step],
        confidence=None,
        segments=(),
        fps=clip.fps / step,
    )
    if not thin.present.any():
        return ""
    said = f"{shown.predicted}, {100 * shown.probability:.0f} %"
    render(thin, path, title=said, size=288)
    if path.stat().st_size > GIF_BYTES:
        return ""
    about = f"{clip.name} in motion"
    return page.picture(
        path.read_bytes(), "gif", about=about, caption=shown.sentence(), kind="small"
    )
