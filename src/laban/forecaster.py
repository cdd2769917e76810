"""A forecasting run in use: what was seen of people in, where their joints will be out."""

import statistics
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from laban.assembly import Parts
from laban.clip import Clip
from laban.errors import LabanError
from laban.extrapolation import at_times, constant_velocity, mean_error, zero_velocity
from laban.layout import check_clip
from laban.live_frame import FAR, beyond
from laban.objectives import task_of
from laban.objectives.forecasting import Forecasting, known
from laban.run import Run
from laban.splits import Part
from laban.store import Store

__all__ = ["METHODS", "Forecaster", "frame_rate", "long_enough"]

METHODS = ("mpjpe", "zero_velocity", "constant_velocity")
SAME = 0.01  # frame rates so far apart, as a share, are one


def frame_rate(store: Store, keys: Sequence[int]) -> float:
    """The commonest frames a second of some clips."""
    return statistics.mode(float(store[key].fps) for key in keys)


def long_enough(store: Store, part: Part, objective: Forecasting, split: str) -> Part:
    """The clips of a split that show what is seen and what follows, at the run's frame rate.

    Raises:
        LabanError: Where none does.
    """
    odd: dict[str, list[str]] = {"slow": [], "short": [], "far": []}
    flags = []
    for key in part.keys:
        clip = store[key]
        fault = _fault(clip, objective)
        flags.append(fault is None)
        if fault:
            odd[fault].append(clip.name)
    kept = part.chosen(flags)
    kept.left_out = list(part.left_out)
    need = f"fewer than the {objective.window} frames that are seen and predicted"
    for fault, what in {
        "short": need,
        "slow": f"another frame rate than {objective.fps:g} a second",
        "far": f"coordinates of {FAR:,.0f} and more",
    }.items():
        if odd[fault]:
            first, *others = odd[fault]
            clips = f"{1 + len(others)} {split} clip{'s are' if others else ' is'}"
            kept.left_out.append(f"{clips} left out, such as {first}: {what}")
    if not len(kept):
        reason = "".join(f"; {sentence}" for sentence in kept.left_out)
        raise LabanError(
            f"{store.path} has no {split} clip of {objective.window} frames (what is seen and "
            f"predicted) at {objective.fps:g} a second{reason}"
        )
    return kept


def _fault(clip: Clip, objective: Forecasting) -> str | None:
    """What keeps a clip from use."""
    if abs(clip.fps - objective.fps) > SAME * objective.fps:
        return "slow"
    if clip.frames < objective.window:
        return "short"
    return "far" if beyond(clip.poses) else None


class Forecaster:
    """Predicts poses, on the GPU where there is one.

    Args:
        run: A forecasting run.
        parts: Its pipeline and objective; by default as trained.
        batch: Windows at a time.

    Raises:
        LabanError: Where the run predicts no poses.
    """

    def __init__(self, run: Run, parts: Parts | None = None, *, batch: int = 64) -> None:
        if task_of(run.recipe) != "forecasting":
            raise LabanError(
                f"{run.path} predicts no motion: train a recipe with objective forecasting"
            )
        self.run, self.batch = run, batch
        self.parts = parts or run.in_use()
        assert isinstance(self.parts.objective, Forecasting)
        self.objective = self.parts.objective
        self.objective.eval()
        self.device = next(self.objective.parameters()).device

    def check(self, clip: Clip) -> None:
        """Refuses a recording that cannot be gone on with.

        Raises:
            LabanError: Where the layout, the frame rate or a number does not fit, or it is short.
        """
        check_clip(clip)
        self.run.check_clip(clip)
        fps, seen = self.objective.fps, self.objective.seen
        if abs(clip.fps - fps) > SAME * fps:
            raise LabanError(
                f"clip {clip.name} has {clip.fps:g} frames a second, this run was trained on "
                f"{fps:g}: give it a recording of that rate"
            )
        if clip.frames < seen:
            raise LabanError(
                f"clip {clip.name} has {clip.frames} frames, this run needs to see {seen} "
                f"({seen / fps:g} s)"
            )
        if beyond(clip.poses):
            raise LabanError(f"clip {clip.name} has coordinates of {FAR:,.0f} and more, mend it")

    def end_of(self, clip: Clip, at: float) -> int:
        """The frame behind the last one that is seen, of seconds.

        Raises:
            LabanError: Where too little is before it, or it is behind the recording.
        """
        first, last = self.objective.seen, clip.frames
        end = round(at * clip.fps) if 0 <= at <= last / clip.fps + 1 else -1
        if not first <= end <= last:
            raise LabanError(
                f"clip {clip.name}: what is seen must end between {first / clip.fps:.2f} and "
                f"{last / clip.fps:.2f} s, not at {at:g} s"
            )
        return end

    def gaps(self, shown: Clip, end: int) -> str | None:
        """A sentence about who is missing in a tenth or more of the frames that are seen."""
        seen = self.objective.seen
        present = shown.present[:, end - seen : end]
        there = present.sum(1)[present[:, -1]]
        if not len(there) or there.min() > 0.9 * seen:
            return None
        return (
            f"clip {shown.name}: a person is there in {there.min()} of the {seen} frames that are "
            "seen, so what follows is little more than a guess"
        )

    @torch.inference_mode()
    def forecast(self, shown: Clip, end: int) -> Clip:
        """What follows frame number `end`, exclusive, in metres.

        Args:
            shown: From `shown`.
            end: Behind the last frame that is seen.

        Raises:
            LabanError: Where too little is before it, or nobody is there in the last frame.
        """
        seen = self.objective.seen
        self.end_of(shown, end / shown.fps)
        before = slice(end - seen, end)
        present = shown.present[:, before]
        if not present[:, -1].any():
            raise LabanError(f"clip {shown.name}: nobody is there in frame {end - 1} to go on with")
        poses = self.objective.ahead_of(
            torch.tensor(shown.poses[None, :, before], device=self.device),
            torch.tensor(present[None], device=self.device),
        )[0]
        there = np.repeat(present[:, -1:], self.objective.ahead, axis=1)
        seen_at_all = (shown.poses[:, end - 1] != 0).any(-1)  # what no sensor saw stays zero
        found = poses.cpu().numpy() * (there[..., None] & seen_at_all[:, None])[..., None]
        return Clip(shown.name, found, shown.skeleton, there, fps=shown.fps, label=shown.label)

    def starts(self, shown: Clip) -> range:
        """First frames of windows all over a clip: what they predict lies side by side."""
        return range(0, shown.frames - self.objective.window + 1, self.objective.ahead)

    @torch.inference_mode()
    def errors(self, shown: Clip, starts: Sequence[int] | None = None) -> np.ndarray:
        """How far off windows of a clip are: ``-> (N, 3, H + 1)`` mm.

        Of the run and both baselines (`METHODS`), at the horizons and over all predicted frames.
        Windows in which nobody can be judged are left out.

        Args:
            shown: From `shown`.
            starts: First frames of the windows; by default those of `starts`.
        """
        length = self.objective.window
        starts = self.starts(shown) if starts is None else starts
        rows = []
        for first in range(0, len(starts), self.batch):
            part = starts[first : first + self.batch]
            poses = np.stack([shown.poses[:, start : start + length] for start in part])
            present = np.stack([shown.present[:, start : start + length] for start in part])
            rows.append(self._errors_of(torch.from_numpy(poses), torch.from_numpy(present)))
        width = len(self.objective.horizons) + 1
        return np.concatenate(rows) if rows else np.zeros((0, len(METHODS), width))

    def _errors_of(self, poses: Tensor, present: Tensor) -> np.ndarray:
        """``(B, M, window, V, 3), (B, M, window) -> (N, 3, H + 1)`` in mm, N at most B."""
        poses, present = poses.to(self.device), present.to(self.device)
        seen, ahead = self.objective.seen, self.objective.ahead
        truth, there = self.objective.truth(poses, present)
        shown, joints = poses[:, :, :seen], known(poses, present)[:, :, :seen]
        times = torch.tensor(self.objective.times, device=self.device)
        at, judged = at_times(truth, there, times)
        columns = []
        for predicted in (
            self.objective.ahead_of(shown, present[:, :, :seen]),
            zero_velocity(shown, joints, ahead),
            constant_velocity(shown, joints, ahead),
        ):
            then, _ = at_times(predicted, there, times)
            single = mean_error(then, at, judged)  # (B, H)
            whole = mean_error(*(x.flatten(2, 3)[:, :, None] for x in (predicted, truth, there)))
            columns.append(torch.cat((single, whole), 1))
        usable = judged.any(3).any(1).all(1)  # somebody is there at every horizon
        return 1000 * torch.stack(columns, 1)[usable].double().cpu().numpy()

    def shown(self, clip: Clip) -> Clip:
        """The people that the network sees."""
        return self.parts.pipeline.prepare(clip)
