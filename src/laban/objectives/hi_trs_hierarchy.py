"""Hi-TRS's pre-training: a task for each level of the encoder.

Chen et al., "Hierarchically Self-Supervised Transformer for Human Skeleton Representation
Learning", ECCV 2022, https://arxiv.org/abs/2207.09644, section 3.2; code
https://github.com/yuxiaochen1103/Hi-TRS.

The idea: the frame level finds the coordinates of masked joints by the others of their frame
(Eq. 5). The clip level tells a clip from the same clip with two frames exchanged, the video level a
sequence of clips from the same with two clips exchanged (Eq. 6). And from all clips but the last
the video level says what the clip level will give for the last, told from those of other sequences
(Eq. 7, with the -log that it lacks). The losses are summed, unweighted.

Settled by the official code, where the paper is silent: every person is a sequence of its own; the
other levels see the masked sequence too, whether or not the frame level's own task counts; any
window of the sequence may be the clip; the last clip is left out of the video level's order; the
predicted and the true embedding have a length of 1, the temperature is 0.07, the truth has no
gradient and comes from the sequences of all processes.

Ours, for neither tells or both are unclear:
- A random coordinate lies anywhere between the smallest and the largest of the clip, along each
  axis. Another joint's is of any frame in which the person is there.
- A clip counts for a person where the exchange changes anything: not where nobody moves, nor where
  both frames are zeros of the margin. A sequence counts with three clips or more.
- What nothing teaches (V-TRS without a task of the video level) keeps its initial weights.

Differs from the official code (its behaviour is the option in brackets):
- Masked joints get random coordinates (``masked="ones"``: 1 on every axis).
- Distances are summed over the axes and averaged over the joints (``distance="smooth"``: of ten
  times the coordinates, smooth near 0, averaged over axes too).
- Any two frames or clips are exchanged (``apart=2``: at least two places apart, but where there are
  only two).
- A pair of a clip and its permutation has the loss of Eq. 6, their sum (there their mean).
"""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from laban.batch import Batch
from laban.draws import Draws
from laban.encoders import HiTRS
from laban.encoders.hi_trs import Level
from laban.errors import LabanError
from laban.nn import Features, check_words, gathered_over_processes, shared_mean
from laban.objectives.corruption import person_draws, selected, swapped_pair, with_swap
from laban.pipelines import View

__all__ = ["HiTRSHierarchy", "masked_poses", "windows_at"]

Masked = Literal["random", "ones"]
Distance = Literal["l1", "smooth"]
Losses = dict[str, Tensor]
LEVELS = get_args(Level)


class HiTRSHierarchy(nn.Module):
    """The three levels' tasks.

    Args:
        encoder: A Hi-TRS, of level video where a task of that level is on.
        view: The pipeline's view of the stream.
        spatial: Whether coordinates of masked joints are to be found, at the frame level.
        clip: Whether a clip's order is to be judged.
        video: Whether the order of clips is to be judged.
        future: Whether the last clip is to be foretold (the discriminative task).
        share: Probability that a joint in a frame is selected; 80 % of those are masked, 10 % get
            another joint's coordinates, 10 % stay.
        masked: What masked joints get.
        distance: Between the coordinates that are found and the true ones.
        apart: Places between the exchanged at least.
        temperature: Of the discriminative task, tau.
    """

    def __init__(
        self,
        encoder: nn.Module,
        view: View,
        *,
        spatial: bool = True,
        clip: bool = True,
        video: bool = True,
        future: bool = True,
        share: float = 0.15,
        masked: Masked = "random",
        distance: Distance = "l1",
        apart: int = 1,
        temperature: float = 0.07,
    ) -> None:
        super().__init__()
        name = "objective hi-trs-hierarchy"
        check_words(name, masked=(masked, Masked), distance=(distance, Distance))
        if not isinstance(encoder, HiTRS):
            raise LabanError(f"{name} asks the three levels of encoder hi-trs: take that encoder")
        if not 0 <= share <= 1 or apart < 1 or temperature <= 0:
            raise LabanError(
                f"{name}: share is {share}, apart {apart} and temperature {temperature}: give a "
                "share, 1 or more and a number above 0"
            )
        if not (spatial or clip or video or future):
            raise LabanError(f"{name}: all tasks are off, switch one on")
        self.encoder: HiTRS = encoder
        self.view, self.share, self.masked, self.distance = view, share, masked, distance
        self.apart, self.temperature = apart, temperature
        taught = "video" if video or future else "clip" if clip else "frame"
        made, needed = LEVELS.index(encoder.level), LEVELS.index(taught)
        if made < needed:
            raise LabanError(
                f"{name}: the encoder ends at level {encoder.level} and a task needs level "
                f"{taught}: give encoder.level {taught}, or switch the task off"
            )
        for module in ("frame", "clip", "whole")[needed + 1 : made + 1]:
            encoder.get_submodule(module).requires_grad_(False)
        width = encoder.frame.code.shape[-1]
        self.spatial = nn.Linear(width, encoder.channels) if spatial else None
        self.clip = nn.Linear(2 * width, 1) if clip else None
        self.video = nn.Linear(4 * width, 1) if video else None
        self.future = nn.Linear(4 * width, 2 * width) if future else None

    def forward(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """``Batch (B, M, T, V, C) -> loss (), logs``; labels are not looked at."""
        poses, present = self.view(batch, generator)
        poses = poses.to(self.encoder.frame.code.dtype)
        pick, replace, order, clips = (Draws(generator, batch.keys) for _ in range(4))
        chosen = selected(person_draws(pick, *poses.shape[1:4]), self.share)
        broken = masked_poses(poses, present, chosen, replace, ones=self.masked == "ones")
        frames = self.encoder.frames(broken, present)
        losses: Losses = {}
        if self.spatial is not None:
            losses["spatial"] = self._spatial(frames, poses, chosen[0] & present[..., None])
        if self.clip is not None:
            losses["clip"] = self._clip(frames, broken, order)
        if self.video is not None or self.future is not None:
            losses |= self._video(frames, clips)
        loss = torch.stack(list(losses.values())).sum()
        return loss, {name: value.detach() for name, value in (losses | {"loss": loss}).items()}

    def _spatial(self, frames: Features, poses: Tensor, counts: Tensor) -> Tensor:
        """Eq. 5: F-TRS's joints (B, M, T, V, D), (B, M, T, V, C), (B, M, T, V) -> ()."""
        assert self.spatial is not None
        said = self.spatial(frames.values).to(poses.dtype)
        if self.distance == "smooth":
            wrong = F.smooth_l1_loss(10 * said, 10 * poses, reduction="none").mean(-1)
        else:
            wrong = (said - poses).abs().sum(-1)
        return shared_mean(wrong, counts)

    def _clip(self, frames: Features, poses: Tensor, draws: Draws) -> Tensor:
        """Eq. 6 of a window anywhere in each clip, the same for all its persons."""
        assert self.clip is not None
        windows, present = self.encoder.windows, frames.present.any(3)
        size = windows[0]
        if size < 2:
            raise LabanError("objective hi-trs-hierarchy: a window of 1 frame has no order")
        frame = torch.arange(1, present.shape[2] + 1, device=present.device)
        lengths = (present.any(1) * frame).amax(1).clamp(min=1)
        start = (draws.uniform() * lengths).long()
        whole = windows_at(start, lengths, windows)
        pair = swapped_pair(torch.full_like(start, size), draws.uniform(), self.apart)
        other = whole.gather(1, with_swap(size, *pair))
        exists = whole.new_ones(len(whole), 2, dtype=torch.bool)
        found = self.encoder.clips(frames, torch.stack((whole, other), 1), exists)
        first, second = (_frames_at(poses, whole.gather(1, place[:, None])[:, 0]) for place in pair)
        counts = found.present[:, :, 0, 0] & (first != second).flatten(2).any(2)
        return self._order(self.clip(found.values[:, :, :, 0]), counts)

    def _video(self, frames: Features, draws: Draws) -> Losses:
        """Eq. 6 of the clips' order and Eq. 7: ``(B, M, T, V, D) -> losses``."""
        clips = self.encoder.clips(frames, *self.encoder.cut(frames))
        there = clips.present[..., 0]  # (B, M, K)
        place = torch.arange(there.shape[2], device=there.device)
        last = (there * (place + 1)).amax(2).sub(1).clamp(min=0)
        past = there & (place != last[..., None])
        counts = past.sum(2)
        enough = counts >= 2
        columns = (~past).to(torch.uint8).argsort(dim=2, stable=True)
        ranks = swapped_pair(counts, person_draws(draws, there.shape[1]), self.apart)
        one, two = (
            columns.gather(2, rank.clamp(max=len(place) - 1)[..., None])[..., 0] for rank in ranks
        )
        order = with_swap(len(place), one, two)
        values = clips.values[:, :, :, 0]
        # In one pass of V-TRS: the clips as they came, and with two exchanged.
        both = torch.cat((values, torch.take_along_dim(values, order[..., None], 2)))
        seen = torch.cat((past, past))[..., None]
        token = self.encoder.video(Features(both[..., None, :], seen)).values[:, :, 0, 0]
        token, permuted = token.chunk(2)
        losses: Losses = {}
        if self.video is not None:
            scores = self.video(torch.stack((token, permuted), 2))
            losses["video"] = self._order(scores, enough)
        if self.future is not None:
            truth = torch.take_along_dim(values, last[..., None, None], 2)[:, :, 0]
            losses["future"] = self._future(self.future(token)[enough], truth[enough])
        return losses

    def _order(self, scores: Tensor, counts: Tensor) -> Tensor:
        """Eq. 6: of the right and the wrong order (B, M, 2, 1), and which count (B, M) -> ()."""
        right, wrong = scores[..., 0].unbind(2)
        return shared_mean(F.softplus(-right) + F.softplus(wrong), counts)

    def _future(self, said: Tensor, truth: Tensor) -> Tensor:
        """Eq. 7: (N, D), (N, D) -> (); the others are the sequences of all processes."""
        wide = torch.promote_types(said.dtype, torch.float32)
        with torch.autocast(said.device.type, enabled=False):
            said, truth = (F.normalize(x.to(wide), dim=1) for x in (said, truth.detach()))
            everybody, first = gathered_over_processes(truth)
            own = first + torch.arange(len(said), device=said.device)
            near = said @ everybody.T / self.temperature
            wrong = F.cross_entropy(near, own, reduction="none")
        return shared_mean(wrong, torch.ones_like(own, dtype=torch.bool))


def masked_poses(
    poses: Tensor,
    present: Tensor,
    chosen: tuple[Tensor, Tensor, Tensor],
    draws: Draws,
    *,
    ones: bool = False,
) -> Tensor:
    """Joints replaced: ``(B, M, T, V, C), (B, M, T) -> (B, M, T, V, C)``, zeros where nobody is.

    Args:
        poses: The batch.
        present: Who is there.
        chosen: From `selected`, (B, M, T, V) each.
        draws: The batch's random numbers.
        ones: Whether masked joints get 1 on every axis; else a random coordinate.
    """
    persons, joints, channels = poses.shape[1], *poses.shape[3:]
    _, masked, other = chosen
    absent = ~present[..., None, None]
    low = poses.masked_fill(absent, torch.inf).amin((1, 2, 3), keepdim=True)
    high = poses.masked_fill(absent, -torch.inf).amax((1, 2, 3), keepdim=True)
    draw = person_draws(draws, persons, poses.shape[2], joints, channels + 2).to(poses.dtype)
    anywhere = low + draw[..., :channels] * (high - low)
    new = torch.ones_like(poses) if ones else anywhere
    # The frames in which a person is there come first; one of them, and any joint but the own.
    frames = (~present).to(torch.uint8).argsort(dim=2, stable=True)
    rank = (draw[..., -2] * present.sum(2)[..., None, None]).long()
    frame = torch.take_along_dim(frames[..., None], rank, 2)
    step = 1 + (draw[..., -1] * (joints - 1)).long()
    joint = (torch.arange(joints, device=poses.device) + step) % joints
    from_others = torch.take_along_dim(
        poses.flatten(2, 3), (frame * joints + joint).flatten(2)[..., None], 2
    ).view_as(poses)
    broken = torch.where(other[..., None], from_others, poses)
    return torch.where(masked[..., None], new, broken).masked_fill(absent, 0)


def windows_at(start: Tensor, lengths: Tensor, windows: tuple[int, int, int]) -> Tensor:
    """Frame numbers of the windows that start there: ``(B,), (B,) -> (B, w)``, -1 for zeros.

    Starts count from the first frame of the margin, ``w // 2 * dilation`` before the clip.
    """
    size, dilation, _ = windows
    step = torch.arange(size, device=start.device) * dilation
    numbers = start[:, None] + step - size // 2 * dilation
    return numbers.masked_fill((numbers < 0) | (numbers >= lengths[:, None]), -1)


def _frames_at(poses: Tensor, numbers: Tensor) -> Tensor:
    """(B, M, T, V, C), (B,) -> (B, M, V, C), zeros at -1."""
    index = numbers.clamp(min=0)[:, None, None, None, None]
    return torch.take_along_dim(poses, index, 2)[:, :, 0] * (numbers >= 0)[:, None, None, None]
