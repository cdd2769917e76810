"""Detection: the class of a frame from the window around it, or background.

Hi-TRS, https://arxiv.org/abs/2207.09644, section 4.5: "per-frame classification"; the short clip
around a frame goes through F-TRS and C-TRS and then a linear classifier. Its code for this was
never released (https://github.com/yuxiaochen1103/Hi-TRS shows that the clip tokens of two persons
are averaged). Any other encoder takes the window as it takes a clip.

Unusual here:
- A hi-trs at level ``clip`` gets the window around the centre frame alone, of the frames that its
  ``windows`` say; over a recording every frame is then encoded once, however many windows show it
  (`Detection.neighbours`).
- Background is a class like the others, the last one.
- What joins frames to segments (`laban.detection.joining`) is kept here, so that a recipe has it.
  With a validation share it is where the tuning starts, else what is used.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from laban.batch import Batch
from laban.detection.joining import Joining
from laban.encoders.hi_trs import HiTRS
from laban.errors import LabanError
from laban.nn import Classifier, masked_mean
from laban.pipelines import View

__all__ = ["Detection"]


class Detection(nn.Module):
    """An encoder and a linear head that name the centre frame of a window.

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The pipeline's view of the stream.
        classes: How many classes there are, background not among them.
        window: Frames of the window around a frame; the frame is number window // 2 of it.
        every: An epoch has one window of so many successive frames.
        hop: In a recording one frame of so many is classified, for itself and those around it.
        smooth: Neighbours on each side that a frame's probabilities are averaged with.
        threshold: Probability, that a frame is not background, from which it is in a segment.
        divide: What ends a segment: ``background`` alone or another ``class`` too.
        gap: Longest gap in frames between two segments of a class that become one.
        shortest: Frames of the shortest segment.
    """

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        classes: int,
        window: int = 64,
        every: int = 8,
        hop: int = 1,
        smooth: int = 10,
        threshold: float = 0.4,
        divide: Literal["background", "class"] = "class",
        gap: int = 0,
        shortest: int = 1,
    ) -> None:
        super().__init__()
        for name, number in {"window": window, "every": every, "hop": hop}.items():
            if number < 1:
                raise LabanError(f"objective detection: {name} is {number}, give 1 frame or more")
        self.joining = Joining(
            smooth=smooth, threshold=threshold, divide=divide, gap=gap, shortest=shortest
        )
        self.model = Classifier(encoder, classes + 1)
        self.view, self.window, self.every, self.hop = view, window, every, hop
        if self.shares:
            first, *_, last = self._steps()
            if -first > window // 2 or last >= window - window // 2:
                size, dilation, _ = self.hi_trs.windows
                raise LabanError(
                    f"objective detection: window is {window}, a hi-trs that looks at {size} "
                    f"frames {dilation} apart needs {2 * max(-first, last) + 1} or more"
                )

    @property
    def shares(self) -> bool:
        """Whether neighbouring windows share what is computed of their frames."""
        encoder = self.model.encoder
        return isinstance(encoder, HiTRS) and encoder.level == "clip"

    @property
    def hi_trs(self) -> HiTRS:
        """The encoder where it shares."""
        assert isinstance(self.model.encoder, HiTRS)
        return self.model.encoder

    def forward(
        self, batch: Batch, generator: torch.Generator | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch of windows (B, M, T, V, C) -> loss (), logs``; every centre has a label."""
        scores = self.scores(batch, generator)
        loss = cross_entropy(scores, batch.labels)
        right = (scores.argmax(1) == batch.labels).float().mean()
        return loss, {"loss": loss.detach(), "accuracy": right}

    def scores(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Scores before the softmax: ``Batch of windows (B, M, T, V, C) -> (B, classes + 1)``."""
        if self.shares:
            middle = torch.full((len(batch), 1), self.window // 2, device=batch.poses.device)
            return self.neighbours(batch, middle, generator)[:, 0]
        poses, present = self.view(batch, generator)
        scores = self.model(poses.to(self.model.head.weight.dtype), present)
        return _full(scores)

    def neighbours(
        self, batch: Batch, centres: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Scores of several frames: ``Batch (B, M, T, V, C), (B, n) -> (B, n, classes + 1)``.

        Args:
            batch: Stretches of recordings.
            centres: Frames at least half a window from the ends.
            generator: Of a training view.
        """
        poses, present = self.view(batch, generator)
        if poses.shape[2] != batch.poses.shape[2]:
            raise LabanError(
                "objective detection: a hi-trs at level clip needs every frame of a window where "
                "it was, use pipeline hi-trs"
            )
        frames = self.hi_trs.frames(poses.to(self.model.head.weight.dtype), present)
        numbers = centres[..., None] + torch.tensor(self._steps(), device=centres.device)
        clips = self.hi_trs.clips(frames, numbers, torch.ones_like(centres, dtype=torch.bool))
        return _full(self.model.head(masked_mean(clips, (1, 3))))

    def _steps(self) -> list[int]:
        """Frames of Hi-TRS's window, counted from its centre."""
        size, dilation, _ = self.hi_trs.windows
        return [(number - size // 2) * dilation for number in range(size)]


def _full(scores: Tensor) -> Tensor:
    """Single precision or more, shape kept."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))
