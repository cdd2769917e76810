"""A detection run in use: recordings in, named segments out, in memory that stays the same.

A recording is read in blocks of windows. Where the network can (a hi-trs at level ``clip``), the
windows of a block share their frames: each is encoded once. Where nobody is in a window its frame
is background, without asking the network.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch

from laban.assembly import Parts
from laban.batch import collate
from laban.clip import Clip
from laban.detection.joining import Detection, Joining, joined_segments
from laban.errors import LabanError
from laban.layout import check_clip
from laban.live_frame import FAR, beyond
from laban.objectives import task_of
from laban.objectives.detection import Detection as Objective
from laban.run import Run
from laban.windows import cut, somebody

__all__ = ["Detector"]


class Detector:
    """Finds actions in untrimmed recordings, on the GPU where there is one.

    Args:
        run: A detection run.
        parts: Its pipeline and objective; by default as trained.
        batch: Windows at a time.

    Raises:
        LabanError: Where the run names whole clips.
    """

    def __init__(self, run: Run, parts: Parts | None = None, *, batch: int = 64) -> None:
        if task_of(run.recipe) != "detection":
            forecasts = task_of(run.recipe) == "forecasting"
            what = "predicts motion" if forecasts else "names whole clips"
            raise LabanError(
                f"{run.path} {what} and finds no segments: use 'laban "
                f"{'forecast' if forecasts else 'predict'}', or train a recipe with objective "
                "detection"
            )
        self.run, self.batch = run, batch
        self.parts = parts or run.in_use()
        assert isinstance(self.parts.objective, Objective)
        self.objective = self.parts.objective
        self.objective.eval()
        self.device = next(self.objective.parameters()).device

    @property
    def joining(self) -> Joining:
        """The numbers that join frames: tuned in training, or the recipe's."""
        chosen = self.run.notes.get("joining")
        return Joining(**chosen) if chosen else self.objective.joining

    @property
    def waited(self) -> int:
        """Frames behind the first of a segment by which it has been reported at the latest.

        One that has a joined gap among its first frames may take as many frames longer.
        """
        behind = self.objective.window - self.objective.window // 2 - 1
        return behind + self.objective.hop // 2 + self.joining.smooth + self.joining.shortest - 1

    def check(self, clip: Clip) -> list[str]:
        """Sentences about what makes a recording hard to judge.

        Raises:
            LabanError: Where it cannot be judged: another layout, or a number that is not finite
                or beyond any room.
        """
        check_clip(clip)
        self.run.check(clip.skeleton, clip.poses.shape[-1], f"recording {clip.name}")
        if not clip.frames:
            raise LabanError(f"recording {clip.name} has no frame, leave it out")
        if beyond(clip.poses):
            raise LabanError(
                f"recording {clip.name} has coordinates of {FAR:,.0f} and more, mend it"
            )
        notes, window = [], self.objective.window
        if clip.frames < window:
            notes.append(
                f"recording {clip.name} has {clip.frames} frames, fewer than a window of {window}: "
                "its first and last frame are repeated"
            )
        lost = clip.frames - int(clip.present.any(0).sum())
        if lost == clip.frames:
            notes.append(f"recording {clip.name}: nobody is in any frame, so nothing is found")
        elif lost >= clip.fps:  # a second
            notes.append(f"recording {clip.name}: nobody is in {lost} of its {clip.frames} frames")
        fps = self.run.notes.get("fps")
        if fps and abs(clip.fps - fps) > 0.1 * fps:
            notes.append(
                f"recording {clip.name} has {clip.fps:g} frames a second, the run was trained on "
                f"{fps:g}: its windows show another length of time"
            )
        return notes

    def detect(self, clip: Clip) -> list[Detection]:
        """The segments of a recording, in order; what `check` refuses is not looked at."""
        return list(joined_segments(self.probabilities(clip), self.joining, self.run.classes))

    @torch.inference_mode()
    def probabilities(self, clip: Clip) -> Iterator[np.ndarray]:
        """Of successive frames, background last: ``-> (n, K + 1) ...`` float64."""
        hop = self.objective.hop
        for first in range(0, clip.frames, hop * self.batch):
            last = min(clip.frames, first + hop * self.batch)
            centres = np.minimum(np.arange(first, last, hop) + hop // 2, clip.frames - 1)
            yield np.repeat(self._of_centres(clip, centres), hop, axis=0)[: last - first]

    @torch.inference_mode()
    def live(self, frames: Iterable[Clip]) -> Iterator[np.ndarray]:
        """As `probabilities`, of frames as they come: ``-> (hop, K + 1) ...``.

        Args:
            frames: Clips of one frame each, all with as many persons.
        """
        window, hop = self.objective.window, self.objective.hop
        held: Clip | None = None
        offset = first = count = 0  # of the frames held, of the next block, frames seen
        for frame in frames:
            held = frame if held is None else _appended(held, frame)
            count += 1
            centre = first + hop // 2
            if count < centre - window // 2 + window:
                continue
            yield np.repeat(self._of_centres(held, np.array([centre - offset])), hop, axis=0)
            first += hop
            spare = max(0, first + hop // 2 - window // 2 - offset)
            held, offset = _without(held, spare), offset + spare
        while held is not None and first < count:
            centre = min(first + hop // 2, count - 1)
            rows = np.repeat(self._of_centres(held, np.array([centre - offset])), hop, axis=0)
            yield rows[: count - first]
            first += hop

    def _of_centres(self, clip: Clip, centres: np.ndarray) -> np.ndarray:
        """Probabilities of some frames: ``(n,) -> (n, K + 1)``."""
        window = self.objective.window
        rows = np.zeros((len(centres), len(self.run.classes) + 1))
        rows[:, -1] = 1
        near = slice(max(0, centres[0] - window), centres[-1] + window)
        asked = somebody(clip.present[:, near], window)[centres - near.start]
        if asked.any():
            chosen = centres[asked]
            scores = (
                self._shared(clip, chosen) if self.objective.shares else self._apart(clip, chosen)
            )
            rows[asked] = scores.double().softmax(1).cpu().numpy()
        return rows

    def _apart(self, clip: Clip, centres: np.ndarray) -> torch.Tensor:
        """Scores of windows, each on its own: ``(n,) -> (n, K + 1)``."""
        starts = centres - self.objective.window // 2
        windows = [
            self.parts.pipeline.prepare(cut(clip, start, start + self.objective.window))
            for start in starts
        ]
        batch = collate(windows, [-1] * len(windows), centres.tolist())
        return self.objective.scores(batch.to(self.device))

    def _shared(self, clip: Clip, centres: np.ndarray) -> torch.Tensor:
        """Scores of windows that share their frames: ``(n,) -> (n, K + 1)``."""
        window = self.objective.window
        start = int(centres[0]) - window // 2
        stretch = cut(clip, start, int(centres[-1]) - window // 2 + window)
        batch = collate([self.parts.pipeline.prepare(stretch)], [-1], [0]).to(self.device)
        places = torch.from_numpy(centres - start)[None].to(self.device)
        return self.objective.neighbours(batch, places)[0]


def _appended(clip: Clip, frame: Clip) -> Clip:
    """The clip and one more frame."""
    return replace(
        clip,
        poses=np.concatenate((clip.poses, frame.poses), axis=1),
        present=np.concatenate((clip.present, frame.present), axis=1),
    )


def _without(clip: Clip, spare: int) -> Clip:
    """The clip without its first frames."""
    return replace(clip, poses=clip.poses[:, spare:], present=clip.present[:, spare:])
