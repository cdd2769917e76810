"""A trained run in use: clips in, named actions out.

A run knows its pipeline, stream, skeleton and classes, so nobody repeats a flag here.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from laban.batch import collate
from laban.clip import Clip
from laban.objectives import scorer
from laban.run import Run
from laban.runtime import Predictor

__all__ = ["Recogniser", "load"]


class Recogniser(Predictor):
    """A trained run that names actions, on the GPU where there is one.

    Args:
        run: The run.
        batch: Clips at a time.
    """

    def __init__(self, run: Run, *, batch: int = 32) -> None:
        run.need_clips()
        self.run, self.parts = run, run.in_use()
        super().__init__(run, self.parts.pipeline, batch=batch)
        self._scores = scorer(self.parts.objective).scores
        self.device = next(self.parts.objective.parameters()).device

    @torch.inference_mode()
    def prepared_scores(self, clips: Sequence[Clip]) -> np.ndarray:
        """Class scores of prepared clips: ``-> (B, classes)``."""
        batch = collate(clips, [-1] * len(clips), range(len(clips))).to(self.device)
        return self._scores(batch).cpu().numpy()


def load(run: Path | str) -> Recogniser:
    """The recogniser of a run folder."""
    return Recogniser(Run.open(run))
