"""A trained run in use: recordings in, named actions out.

A run knows its pipeline, stream, skeleton and classes, so nobody repeats a flag here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import cast

import torch

from laban.batch import collate
from laban.clip import Clip
from laban.errors import LabanError
from laban.objectives import Scorer
from laban.readers import READERS, detect_format
from laban.readers.source import Source
from laban.run import Run
from laban.store import Store

__all__ = ["Prediction", "Recogniser", "load", "recordings"]


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
    """A trained run that names actions.

    Args:
        run: The run.
        batch: Clips at a time.
    """

    def __init__(self, run: Run, *, batch: int = 32) -> None:
        self.run, self.batch = run, batch
        self.parts = run.load()

    def predict(self, clips: Clip | Iterable[Clip]) -> list[Prediction]:
        """Names the action of each clip, in their order.

        Raises:
            LabanError: Where a clip has another skeleton or nobody in it.
        """
        rows = iter([clips] if isinstance(clips, Clip) else clips)
        found: list[Prediction] = []
        while block := list(islice(rows, self.batch)):
            found += self._block(block)
        return found

    @torch.inference_mode()
    def _block(self, clips: list[Clip]) -> list[Prediction]:
        for clip in clips:
            if clip.skeleton.joints != self.run.skeleton.joints:
                raise LabanError(
                    f"clip {clip.name} has skeleton {clip.skeleton.name}, this run takes "
                    f"{self.run.skeleton.name}"
                )
        prepared = [self.parts.pipeline.prepare(clip) for clip in clips]
        batch = collate(prepared, [-1] * len(clips), range(len(clips)))
        shares = cast(Scorer, self.parts.objective).scores(batch).softmax(1)
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


def recordings(path: Path) -> Iterator[Clip]:
    """The clips of a store, or of a raw file, folder or zip of any known format, lazily."""
    if path.is_file() and _is_arrow(path):
        yield from Store(path)
        return
    with Source.open(path) as source:
        name = detect_format(source)
        if name is None:
            raise LabanError(
                f"{path} is no store and no recording of a known format ({', '.join(READERS)})"
            )
        reader = READERS[name]
        for entry in reader.find(source):
            yield reader.read(source, entry)


def _is_arrow(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"ARROW1"
