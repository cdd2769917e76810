"""What a network makes of a clip, for the server: of one that names clips, or finds segments.

PyTorch is imported where a run is asked alone, so that an exported file is served without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from laban.card import Card
from laban.clip import Clip
from laban.detection import Detection, joined_segments
from laban.errors import LabanError
from laban.layout import check_clip
from laban.loading import load
from laban.prediction import Prediction, softmax
from laban.runtime import EXPORTED, Predictor

if TYPE_CHECKING:
    from laban.assembly import Parts
    from laban.detector import Detector

__all__ = ["Finding", "Naming", "Network", "OverTime", "network_of"]

POINTS = 40  # windows of a clip that are judged, at most
DRAWN = 600  # points of a recording that are sent, at most


@dataclass(frozen=True)
class OverTime:
    """Class probabilities along a clip.

    Attributes:
        frames: (N,) the frame behind the last that each row has seen, or that it speaks of.
        shares: (N, K) probabilities, K + 1 with a background, NaN where nobody is.
        whole: What is said of the whole clip, where clips are named.
        segments: What is found, where segments are.
    """

    frames: np.ndarray
    shares: np.ndarray
    whole: Prediction | None = None
    segments: tuple[Detection, ...] = ()


class Network:
    """A trained network that is served.

    Attributes:
        card: What it takes and what it names.
        task: ``recognition`` or ``detection``.
        parts: Its pipeline and encoder; None for an exported file.
    """

    task: str

    def __init__(self, card: Card, parts: Parts | None) -> None:
        self.card, self.parts = card, parts

    def check(self, clip: Clip) -> None:
        """Refuses what this network cannot judge, by a LabanError."""
        raise NotImplementedError

    def answers(self, clips: Sequence[Clip]) -> dict[str, Any]:
        """What is said of clips that pass the check, as one JSON value."""
        raise NotImplementedError

    def over_time(self, clip: Clip, window: float) -> OverTime:
        """Probabilities along a clip, of windows of so many seconds where the network is free."""
        raise NotImplementedError

    def seen(self, clip: Clip, frame: int) -> Clip:
        """What the network looks at when it is asked about a frame."""
        raise NotImplementedError


class Naming(Network):
    """A network that names clips: a run, or an exported file."""

    task = "recognition"

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor.card, getattr(predictor, "parts", None))
        self.predictor = predictor

    def check(self, clip: Clip) -> None:
        """Refuses another layout and a clip with nobody in it."""
        self.card.check_clip(clip)

    def answers(self, clips: Sequence[Clip]) -> dict[str, Any]:
        """``{"predictions": [...]}`` as of 'laban predict --json'."""
        return {"predictions": [row.to_json() for row in self.predictor.predict(clips)]}

    def over_time(self, clip: Clip, window: float) -> OverTime:
        """The last seconds before each moment, as live use sees them, and the whole clip."""
        self.check(clip)
        hop = max(1, -(-clip.frames // POINTS))
        ends = np.arange(clip.frames, 0, -hop)[::-1]
        length = max(1, round(min(window * clip.fps, clip.frames)))  # whatever the rate
        looks = [_cut(clip, max(0, end - length), end) for end in ends]
        there = [row for row, look in enumerate(looks) if look is not None]
        asked = [clip, *(look for look in looks if look is not None)]
        size = self.predictor.batch
        blocks = [asked[first : first + size] for first in range(0, len(asked), size)]
        rows = softmax(np.concatenate([self.predictor.scores(block) for block in blocks]))
        shares = np.full((len(ends), rows.shape[1]), np.nan)
        shares[there] = rows[1:]
        return OverTime(ends, shares, Prediction.of(clip.name, rows[0], self.card.classes))

    def seen(self, clip: Clip, frame: int) -> Clip:
        """The whole clip."""
        self.check(clip)
        return clip


class Finding(Network):
    """A detection run."""

    task = "detection"

    def __init__(self, detector: Detector) -> None:
        super().__init__(detector.run, detector.parts)
        self.detector = detector

    def check(self, clip: Clip) -> None:
        """Refuses another layout and a recording without frames."""
        self.detector.check(clip)

    def answers(self, clips: Sequence[Clip]) -> dict[str, Any]:
        """``{"detections": [...]}`` as of 'laban detect --json'."""
        rows = [{"clip": clip.name, "segments": self._found(clip)} for clip in clips]
        return {"detections": rows}

    def _found(self, clip: Clip) -> list[dict[str, Any]]:
        return [asdict(segment) for segment in self.detector.detect(clip)]

    def over_time(self, clip: Clip, window: float) -> OverTime:
        """Of every frame; the window is the run's own."""
        self.check(clip)
        shares = np.concatenate(list(self.detector.probabilities(clip)))
        found = joined_segments(iter([shares]), self.detector.joining, self.card.classes)
        chosen = np.arange(0, clip.frames, -(-clip.frames // DRAWN))
        return OverTime(chosen, shares[chosen], segments=tuple(found))

    def seen(self, clip: Clip, frame: int) -> Clip:
        """The window around the frame.

        Raises:
            LabanError: Where nobody is in it.
        """
        from laban.windows import cut

        self.check(clip)
        window = self.detector.objective.window
        start = min(frame, clip.frames - 1) - window // 2
        look = cut(clip, start, start + window)
        if not look.present.any():
            raise LabanError(f"recording {clip.name}: nobody is near frame {frame}")
        return look


def network_of(run: Path) -> Network:
    """The network of a run folder or an exported file.

    Raises:
        LabanError: Where there is none, or it neither names clips nor finds segments.
    """
    if run.suffix in EXPORTED:
        return Naming(load(run))
    from laban.detector import Detector
    from laban.objectives import task_of
    from laban.run import Run

    opened = Run.open(run)
    if task_of(opened.recipe) == "detection":
        return Finding(Detector(opened))
    return Naming(load(run))


def _cut(clip: Clip, start: int, end: int) -> Clip | None:
    """Frames start to end, of those who are in them; None where nobody is."""
    there = clip.present[:, start:end]
    who = there.any(1)
    if not who.any():
        return None
    confidence = None if clip.confidence is None else clip.confidence[who, start:end]
    look = Clip(
        clip.name,
        clip.poses[who, start:end],
        clip.skeleton,
        present=there[who],
        confidence=confidence,
        fps=clip.fps,
    )
    check_clip(look)
    return look
