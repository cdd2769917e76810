"""A trained run in use: clips in, named actions out.

A run knows its pipeline, stream, skeleton and classes, so nobody repeats a flag here.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import torch

from laban.batch import collate
from laban.clip import Clip
from laban.errors import LabanError
from laban.layout import check_clip
from laban.objectives import scorer
from laban.run import Run

__all__ = ["Prediction", "Recogniser", "load"]


@dataclass
class Prediction:
    """What a run says of a clip.

    Attributes:
        clip: The clip's name.
        label: The most probable class.
        index: Its number.
        probability: Its probability, 0 to 1.
        top5: The five most probable classes with their probabilities.
    """

    clip: str
    label: str
    index: int
    probability: float
    top5: list[tuple[str, float]]

    def to_json(self) -> dict:
        """Plain values."""
        return asdict(self) | {"top5": [list(pair) for pair in self.top5]}


class Recogniser:
    """A trained run that names actions, on the GPU where there is one.

    Args:
        run: The run.
        batch: Clips at a time.
    """

    def __init__(self, run: Run, *, batch: int = 32) -> None:
        run.need_clips()
        self.run, self.batch = run, batch
        self.parts = run.load()
        self._scores = scorer(self.parts.objective).scores
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.parts.objective.to(self.device)

    def predict(self, clips: Clip | Iterable[Clip]) -> list[Prediction]:
        """Names the action of each clip, in their order.

        Raises:
            LabanError: Where a clip does not fit the run or has nobody in it.
        """
        rows = iter([clips] if isinstance(clips, Clip) else clips)
        found: list[Prediction] = []
        while block := list(islice(rows, self.batch)):
            found += self._block(block)
        return found

    def check(self, clip: Clip) -> None:
        """Refuses what this run cannot judge.

        Raises:
            LabanError: Where the layout differs, nobody is there, or a number is not finite.
        """
        check_clip(clip)
        self.run.check(clip.skeleton, clip.poses.shape[-1], f"clip {clip.name}")
        if not clip.present.any():
            raise LabanError(f"clip {clip.name}: nobody is present in any frame, leave it out")

    @torch.inference_mode()
    def _block(self, clips: list[Clip]) -> list[Prediction]:
        for clip in clips:
            self.check(clip)
        prepared = [self.parts.pipeline.prepare(clip) for clip in clips]
        batch = collate(prepared, [-1] * len(clips), range(len(clips))).to(self.device)
        shares = self._scores(batch).softmax(1).cpu()
        return [self._prediction(clip.name, row) for clip, row in zip(clips, shares, strict=True)]

    def _prediction(self, name: str, shares: torch.Tensor) -> Prediction:
        values, order = shares.topk(min(5, len(self.run.classes)))
        top = [
            (self.run.classes[k], round(p, 6))
            for k, p in zip(order.tolist(), values.tolist(), strict=True)
        ]
        return Prediction(name, top[0][0], int(order[0]), top[0][1], top)


def load(run: Path | str) -> Recogniser:
    """The recogniser of a run folder."""
    return Recogniser(Run.open(run))
