"""Hi-TRS: Transformers over joints, over the joints of a short clip, and over clips.

Chen, Zhao, Yuan, Tian, Xia, Geng, Han and Metaxas, "Hierarchically Self-Supervised Transformer for
Human Skeleton Representation Learning", ECCV 2022, https://arxiv.org/abs/2207.09644; code
https://github.com/yuxiaochen1103/Hi-TRS.

The idea: three levels that pre-training can teach one by one. F-TRS relates the joints of a frame.
C-TRS takes the joints of seven frames, which may look at those of other frames only, and a [CLS]
token. V-TRS takes the clips' tokens and a [CLS] token of its own.

Unusual here:
- Windows slide over the frames as they are, so a recording may have any length; zeros stand around
  it (`laban.nn.windows`).
- A joint in C-TRS never sees its own frame, itself apart: that is what F-TRS is for.
- Frames are encoded once, whatever number of windows shows them, and absent persons, frames and
  windows not at all. The last layer of C-TRS and V-TRS answers for the [CLS] token alone.

Settled by the official code, where the paper is silent: windows of 7 frames, 2 apart, every 7
frames; layers normalised before attention and feed-forward network and not behind the last; no
biases in attention; feed-forward widths of 1, 1/2 and 1/2 of a level's; LayerNorm behind the input
map's GELU; [CLS] tokens behind the others, started between 0 and 1; position codes that start as
sinusoids, 200 of them for clips; dropout of 0.2.

Differs from the official code (its behaviour is the option in brackets):
- Two layers a level, as section 4.3 says (``depth=3``).
- An absent person takes part in nothing, nor do frames in which one is absent (``absent_as_zeros``:
  zeros like any others, averaged in as (a + b) / 2; frames behind the last of a clip, which pad a
  batch, are left out as they are there).
- A last window that is too long stands there once (``repeat_short``: twice, as in its loader for
  recognition and not in that for pre-training). With the shipped windows none is ever too long.
- ``frames`` moves a clip's place in the video, between two learned codes where need be.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from laban.encoders.hi_trs_levels import ClipLevel, FrameLevel, VideoLevel, joints_there
from laban.errors import LabanError
from laban.nn import (
    Features,
    Windows,
    check_counts,
    check_shape,
    check_shares,
    check_words,
    present_features,
    sliding_windows,
)
from laban.nn.windows import lengths_of, window_places
from laban.skeletons import Skeleton

__all__ = ["HiTRS", "Level"]

Level = Literal["frame", "clip", "video"]


class HiTRS(nn.Module):
    """The encoder; its default is the paper's network.

    Args:
        skeleton: The joints of the input; only their number counts.
        channels: Channels of the input.
        width: Of F-TRS; C-TRS has twice and V-TRS four times as many.
        depth: Layers of each level.
        heads: Attention heads of each layer.
        head_width: Channels of a head's queries, keys and values.
        windows: Frames of a clip, frames from one to the next, frames from clip to clip.
        longest: Clips that the video's position code knows.
        dropout: Share of each branch's output dropped in training.
        level: Whose output the features are: of a ``frame`` (joints), ``clip`` or ``video``. The
            levels above it are not made.
        repeat_short: Whether a last window that is too long stands there twice (official code).
        absent_as_zeros: Absent persons and frames are zeros like any others (official code).

    Raises:
        LabanError: On options that do not fit together, and on poses that do not fit them.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        channels: int = 3,
        width: int = 128,
        depth: int = 2,
        heads: int = 8,
        head_width: int = 64,
        windows: Windows = (7, 2, 7),
        longest: int = 200,
        dropout: float = 0.2,
        level: Level = "video",
        repeat_short: bool = False,
        absent_as_zeros: bool = False,
    ) -> None:
        super().__init__()
        check_words("hi-trs", level=(level, Level))
        if len(windows) != 3 or min(windows) < 1:
            raise LabanError(
                f"hi-trs: windows is {tuple(windows)}, give three numbers of 1 or more: (7, 2, 7)"
            )
        check_counts("hi-trs", width=width, depth=depth, longest=longest)
        check_counts("hi-trs", heads=heads, head_width=head_width)
        check_shares("hi-trs", dropout=dropout)
        self.channels, self.joints, self.level = channels, len(skeleton), level
        self.windows, self.longest = windows, longest
        self.repeat_short, self.absent_as_zeros = repeat_short, absent_as_zeros
        layers = {"depth": depth, "heads": heads, "head_width": head_width, "dropout": dropout}
        self.frame = FrameLevel(self.joints, channels, width, **layers)
        self.dim = width
        if level != "frame":
            self.clip = ClipLevel(windows[0], self.joints, width, **layers)
            self.dim = 2 * width
        if level == "video":
            self.whole = VideoLevel(longest, 2 * width, **layers)
            self.dim = 4 * width

    def forward(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> Features:
        """(B, M, T, V, C), (B, M, T) -> features (B, M, T', V', D) of the encoder's level.

        T' and V' are frames and joints at level ``frame``, clips and 1 at ``clip``, 1 and 1 at
        ``video``.

        Args:
            poses: The batch.
            present: Which persons and frames exist; None: all.
            joints: (K,) or (B, K) numbers of the joints to look at, -1 for none.
            frames: (B, T) numbers for the place of clips in the video where frames were dropped.
        """
        x = self.frames(poses, present, joints)
        if self.level == "frame":
            return x
        numbers, exists = self.cut(x)
        x = self.clips(x, numbers, exists, joints)
        if self.level == "clip":
            return x
        hop = self.windows[2]
        return self.video(x, None if frames is None else window_places(frames, numbers, hop))

    def from_clips(
        self, clips: Tensor, present: Tensor | None = None, joints: Tensor | None = None
    ) -> Features:
        """Clips already cut (B, M, K, w, V, C), (B, M, K) -> features as `forward`'s.

        Args:
            clips: Windows of w frames, zeros of the margins included.
            present: Which clips of which persons exist; None: all.
            joints: As in `forward`.
        """
        count, size = clips.shape[2:4]
        if size != self.windows[0]:
            raise LabanError(
                f"clips have {size} frames but this hi-trs was made for windows of "
                f"{self.windows[0]}: cut them again or give windows"
            )
        there = None if present is None else present.repeat_interleave(size, 2)
        x = self.frames(clips.flatten(2, 3), there, joints)
        if self.level == "frame":
            return x
        numbers = torch.arange(count * size, device=clips.device).view(1, count, size)
        exists = clips.new_ones(clips.shape[0], count, dtype=torch.bool)
        if present is not None:
            exists = present.any(1)
        x = self.clips(x, numbers.expand(clips.shape[0], -1, -1), exists, joints)
        return x if self.level == "clip" else self.video(x)

    def frames(
        self, poses: Tensor, present: Tensor | None = None, joints: Tensor | None = None
    ) -> Features:
        """F-TRS: (B, M, T, V, C), (B, M, T) -> joints of frames (B, M, T, V', D).

        Args:
            poses: The batch.
            present: As in `forward`.
            joints: As in `forward`.
        """
        poses, present, shown = self._shown(poses, present, joints)
        x = self.frame.encode(poses, present, shown)
        return present_features(x, joints_there(present, shown, poses.shape[3]))

    def cut(self, frames: Features) -> tuple[Tensor, Tensor]:
        """F-TRS's features -> frame numbers of windows (B, K, w) and which exist (B, K).

        A clip ends with the last frame in which anybody is; -1 is a frame of zeros.
        """
        there = frames.present.any(3)
        return sliding_windows(
            lengths_of(there), there.shape[2], self.windows, repeat_short=self.repeat_short
        )

    def clips(
        self, frames: Features, numbers: Tensor, exists: Tensor, joints: Tensor | None = None
    ) -> Features:
        """C-TRS: joints of frames (B, M, T, V', D) -> clips (B, M, K, 1, D').

        Args:
            frames: From `frames`.
            numbers: (B, K, w) frames of each window, as `cut` gives them.
            exists: (B, K) which windows exist.
            joints: As in `forward`.
        """
        persons, _, columns = frames.present.shape[1:]
        shown = None if joints is None else joints.view(-1, columns)
        margin = (numbers < 0)[:, None]  # (B, 1, K, w)
        index = numbers.clamp(min=0).flatten(1)[:, None].expand(-1, persons, -1)
        there = frames.present.any(3).gather(2, index).unflatten(2, numbers.shape[1:])
        present = exists[:, None].expand(there.shape[:3])
        if not self.absent_as_zeros:
            present = present & (there & ~margin).any(3)
        zeros = self.frame.of_zeros(shown).to(frames.values.dtype)
        x = self.clip.encode(frames.values, zeros, numbers, there | margin, present, shown)
        return present_features(x[..., None, :], present[..., None])

    def video(self, clips: Features, places: Tensor | None = None) -> Features:
        """V-TRS: clips (B, M, K, 1, D) -> the whole (B, M, 1, 1, D').

        Args:
            clips: From `clips`, or some of them in another order.
            places: (B, K) numbers of the clips, fractions allowed; None: 0, 1, 2, ...
        """
        count = clips.present.shape[2]
        if count > self.longest:
            raise LabanError(
                f"these poses make {count} clips but this hi-trs knows {self.longest} places: cut "
                "the recording, or train with a larger 'longest'"
            )
        there = clips.present[..., 0]
        x = self.whole.encode(clips.values[:, :, :, 0], there, places)
        return present_features(x[:, :, None, None], there.any(2)[..., None, None])

    @property
    def attention_layers(self) -> tuple[str, ...]:
        """F-TRS's; C-TRS and V-TRS look at other frames and at clips."""
        return tuple(f"F-TRS {number}" for number in range(1, len(self.frame.blocks) + 1))

    def attention_maps(
        self,
        poses: Tensor,
        present: Tensor | None = None,
        joints: Tensor | None = None,
        frames: Tensor | None = None,
    ) -> list[Tensor]:
        """As `forward` -> F-TRS's maps between joints (B, M, H, V', V'), layer by layer."""
        return self.frame.mean_maps(*self._shown(poses, present, joints))

    def _shown(
        self, poses: Tensor, present: Tensor | None, joints: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """The chosen columns of the poses, zeros where nobody is; who is; the columns' joints."""
        check_shape("hi-trs", poses, joints=self.joints, channels=self.channels)
        if present is None:
            present = poses.new_ones(poses.shape[:3], dtype=torch.bool)
        else:
            poses = poses.masked_fill(~present[..., None, None], 0)
        if self.absent_as_zeros:
            inside = (
                torch.arange(present.shape[2], device=poses.device) < lengths_of(present)[:, None]
            )
            present = inside[:, None].expand_as(present)
        shown = joints
        if joints is not None:
            shown = joints.view(-1, joints.shape[-1])  # (1 or B, V')
            index = shown.clamp(min=0)[:, None, None, :, None]
            poses = torch.take_along_dim(poses, index, 3)
            present = present & (shown >= 0).any(1)[:, None, None]
        return poses, present, shown
