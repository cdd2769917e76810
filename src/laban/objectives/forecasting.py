"""Forecasting: what people do next, joint by joint in metres, from what was seen of them.

Hi-TRS, https://arxiv.org/abs/2207.09644, section 4.6: the encoder sees two seconds, a GRU decoder
with residual connections (Martinez, Black and Romero 2017, https://arxiv.org/abs/1705.02445)
predicts the next 400 ms, and the Euclidean distance to the true joints is minimised. Its code for
this was never released; what the text leaves open is stated here.

Unusual here:
- The clip is cut here: a training window of each clip starts anywhere in it.
- The network works in metres and moves a window by one vector alone, the place of the first person
  at the last seen frame; what it predicts is moved back. So the true poses need no preparation, and
  errors are millimetres of the recording (pipeline ``metric`` changes no length).
- The decoder starts from the feature of the last seen frame that the encoder has, averaged over
  joints: what comes next hangs on what was seen last, and a mean over time forgets the order. A
  Hi-TRS at level ``video`` has one feature of the whole, so there it is the paper's.
- Each person is predicted on its own, around its own place, by one decoder.
- Joints that are absent, or zeros because the sensor never saw them, count in no loss and no error,
  neither do persons who are not there in the last seen frame.
"""

import math

import torch
from torch import Tensor, nn

from laban.batch import Batch
from laban.draws import Draws
from laban.errors import LabanError
from laban.extrapolation import last_velocity, mean_error
from laban.nn import Features, MotionDecoder, Residual, masked_mean
from laban.pipelines import View
from laban.pipelines.metric import MetricPipeline
from laban.streams import stream_named

__all__ = ["Forecasting", "known", "last_feature"]


class Forecasting(nn.Module):
    """An encoder of what was seen and a decoder of what follows.

    Args:
        encoder: Gives features (B, M, T', V', D).
        view: The view of the stream, of pipeline ``metric``.
        fps: Frames a second, of all recordings.
        seen: Seconds that the encoder sees.
        horizons: Milliseconds at which errors are told, rising; the last is predicted up to.
        width: Units of the decoder.
        residual: What the decoder adds to: the last ``pose``, as in the paper, or what the pose
            would be with the last ``velocity``.
        centred: Whether the encoder sees a window around the first person's last seen place; else
            where the sensor saw it, which is what a Hi-TRS was pre-trained on.
    """

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        fps: float,
        seen: float = 2.0,
        horizons: tuple[int, ...] = (80, 160, 320, 400),
        width: int = 1024,
        residual: Residual = "pose",
        centred: bool = True,
    ) -> None:
        super().__init__()
        if not isinstance(view.pipeline, MetricPipeline):
            raise LabanError(
                "objective forecasting predicts metres and frames as recorded, use pipeline metric"
            )
        if not horizons or horizons[0] <= 0 or list(horizons) != sorted(set(horizons)):
            raise LabanError(
                f"objective forecasting: horizons is {tuple(horizons)}, give rising milliseconds "
                "above 0"
            )
        if not 0 < fps < math.inf or horizons[0] / 1000 * fps < 1 - 1e-6:
            raise LabanError(
                f"objective forecasting: the recordings have {fps:g} frames a second, {horizons[0]}"
                f" ms ahead need {1000 / horizons[0]:g} or more"
            )
        if not 2 <= round(seen * fps) < 1e6:
            raise LabanError(
                f"objective forecasting: seen is {seen:g} s, give two frames or more at {fps:g} "
                "frames a second"
            )
        self.encoder, self.view, self.fps = encoder, view, fps
        self.horizons, self.centred = tuple(horizons), centred
        self.seen = round(seen * fps)
        # Within a thousandth of a frame is that frame: 160 ms at 25 frames a second are 4 of them.
        self.times = [round(ms / 1000 * fps, 3) for ms in horizons]
        self.ahead = math.ceil(self.times[-1])
        skeleton = view.pipeline.skeleton
        self.root = skeleton.index(skeleton.spine[0]) if skeleton.spine else skeleton.root
        self.decoder = MotionDecoder(
            encoder.dim,  # type: ignore[arg-type]
            3 * len(skeleton),
            width=width,
            residual=residual,
        )

    @property
    def window(self) -> int:
        """Frames of a window, seen and predicted."""
        return self.seen + self.ahead

    def forward(
        self, batch: Batch, generator: torch.Generator | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, 3) -> loss () in metres, logs``; without a generator the middle."""
        window = self.cut(batch, self.starts(batch, generator))
        poses, present = View(self.view.pipeline, "joint")(window, generator)
        predicted = self.ahead_of(poses[:, :, : self.seen], present[:, :, : self.seen])
        truth, there = self.truth(poses, present)
        loss = mean_error(predicted, truth, there).mean()
        logs = {"loss": loss, "mpjpe": 1000 * loss}
        return loss, {name: value.detach() for name, value in logs.items()}

    def starts(self, batch: Batch, generator: torch.Generator | None) -> Tensor:
        """First frames of a window of each clip, the middle one without a generator: ``-> (B,)``.

        Raises:
            LabanError: Where all clips are shorter than a window.
        """
        if batch.poses.shape[2] < self.window:
            raise LabanError(
                f"objective forecasting: the clips have {batch.poses.shape[2]} frames or fewer, "
                f"what is seen and predicted has {self.window}"
            )
        room = (batch.frames - self.window).clamp(min=0)
        if generator is None:
            return room // 2
        share = Draws(generator, batch.keys).uniform()
        return (share * (room + 1)).long().clamp(max=room)

    def cut(self, batch: Batch, starts: Tensor) -> Batch:
        """A window of each clip: ``Batch (B, M, T, V, 3), (B,) -> Batch (B, M, window, V, 3)``."""
        frames = starts[:, None] + torch.arange(self.window, device=starts.device)
        inside = frames < batch.frames[:, None]
        frames = frames.clamp(max=batch.poses.shape[2] - 1)[:, None]
        poses = batch.poses.take_along_dim(frames[..., None, None], 2)
        present = batch.present.take_along_dim(frames, 2) & inside[:, None]
        return Batch(
            poses * present[..., None, None],
            present,
            torch.full_like(batch.frames, self.window),
            batch.labels,
            batch.keys,
        )

    def truth(self, poses: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, M, window, V, 3), (B, M, window) -> (B, M, F, V, 3), (B, M, F, V)``.

        What follows what is seen, and which of its joints are judged.
        """
        there = known(poses, present)
        return poses[:, :, self.seen :], there[:, :, self.seen :] & there[:, :, self.seen - 1, None]

    def ahead_of(self, seen: Tensor, present: Tensor) -> Tensor:
        """What follows: ``(B, M, S, V, 3), (B, M, S) -> (B, M, F, V, 3)``, where the sensor is."""
        features = self.features(seen, present)
        dtype = self.decoder.step.weight.dtype
        # A metre in bfloat16 has steps of four millimetres: what is measured is computed in full.
        with torch.autocast(seen.device.type, enabled=False):
            seen = seen.to(dtype)
            there = known(seen, present)
            place = seen[:, :, -1:, self.root, None]  # (B, M, 1, 1, 3)
            # An unseen joint stays zero: it would tell where the sensor stands.
            last = ((seen - place)[:, :, -1] * there[:, :, -1, :, None]).flatten(0, 1).flatten(1)
            step = last_velocity(seen, there).flatten(0, 1).flatten(1)
            poses = self.decoder(features.flatten(0, 1).to(dtype), last, step, self.ahead)
            return poses.unflatten(0, seen.shape[:2]).unflatten(-1, seen.shape[3:]) + place

    def features(self, seen: Tensor, present: Tensor) -> Tensor:
        """The feature from which each person goes on: ``(B, M, S, V, 3), (B, M, S) -> (B, M, D)``.

        Args:
            seen: Poses as recorded.
            present: Which of them exist.
        """
        if self.centred:
            first = present[:, :, -1].int().argmax(1)  # the first person who is there
            roots = seen[:, :, -1, self.root]
            origin = roots.take_along_dim(first[:, None, None], 1)[:, :, None, None]
            seen = (seen - origin) * known(seen, present)[..., None]
        stream = stream_named(self.view.stream)
        poses, present = stream(seen, present, self.view.pipeline.skeleton)
        return last_feature(self.encoder(poses.to(self.decoder.step.weight.dtype), present))


def known(poses: Tensor, present: Tensor) -> Tensor:
    """Joints that are not zeros, as unseen ones: ``(B, M, T, V, 3), (B, M, T) -> (B, M, T, V)``."""
    return present[..., None] & (poses != 0).any(-1)


def last_feature(features: Features) -> Tensor:
    """The mean over joints in the last present frame: ``(B, M, T', V', D) -> (B, M, D)``.

    Zeros for a person who is in no frame.
    """
    values, present = features
    frames = torch.arange(1, present.shape[2] + 1, device=values.device)
    last = (present.any(3) * frames).argmax(2)  # (B, M)
    values = values.take_along_dim(last[..., None, None, None], 2)
    present = present.take_along_dim(last[..., None, None], 2)
    return masked_mean(Features(values, present), (2, 3))
