"""The three levels of Hi-TRS, https://arxiv.org/abs/2207.09644: see `laban.encoders.hi_trs`.

Each is a Transformer that knows its tokens' position codes and who sees whom. It is told what
exists, and computes that alone. ``shown`` (1 or B, V') numbers the joints, -1 for none; None: all.
"""

from typing import Any

import torch
from torch import Tensor, nn

from laban.nn import MeanMaps, TokenTransformer, sinusoid
from laban.nn.packing import all_there, pack, per_clip, places_of, unpack
from laban.nn.transformer import with_token
from laban.nn.windows import pack_windows

__all__ = ["ClipLevel", "FrameLevel", "VideoLevel", "between_frames", "joints_there"]

LOOK = 512  # frames whose attention maps are held at once


class FrameLevel(TokenTransformer):
    """F-TRS: the joints of a frame.

    Args:
        joints: V.
        channels: Channels of the input.
        width: Channels of the output.
        layers: Depth, heads, head_width and dropout of a `TokenTransformer`.
    """

    def __init__(self, joints: int, channels: int, width: int, **layers: Any) -> None:
        read = nn.Sequential(nn.Linear(channels, width), nn.GELU(), nn.LayerNorm(width))
        code = sinusoid(torch.arange(joints), width)
        super().__init__(read, code, summed=False, hidden=width, **layers)
        self.channels = channels

    def encode(self, poses: Tensor, present: Tensor, shown: Tensor | None) -> Tensor:
        """(B, M, T, V', C), (B, M, T) -> (B, M, T, V', D)."""
        places = places_of(present.flatten())
        coded = self._coded(shown, places, present.shape[1] * present.shape[2])
        x = self(pack(poses.flatten(0, 2), places), *coded)
        return unpack(x, places, present.numel()).view(*poses.shape[:4], -1)

    def of_zeros(self, shown: Tensor | None) -> Tensor:
        """-> (1 or B, V', D): what it makes of a frame of zeros, as they stand around a clip."""
        rows, columns = (1, self.code.shape[0]) if shown is None else shown.shape
        zeros = self.code.new_zeros(rows, columns, self.channels)
        return self(zeros, *self._coded(shown, None, 1))

    def mean_maps(self, poses: Tensor, present: Tensor, shown: Tensor | None) -> list[Tensor]:
        """(B, M, T, V', C), (B, M, T) -> each layer's maps between joints (B, M, H, V', V')."""
        clips, persons, _, columns = poses.shape[:4]
        means = [MeanMaps() for _ in self.blocks]
        for part, there in zip(poses.split(LOOK, 2), present.split(LOOK, 2), strict=True):
            places = places_of(there.flatten())
            coded = self._coded(shown, places, persons * there.shape[2])
            mask = joints_there(there, shown, columns).flatten(0, 1)
            layers = self.maps(pack(part.flatten(0, 2), places), *coded)
            for mean, maps in zip(means, layers, strict=True):
                maps = unpack(maps, places, there.numel())
                mean.add(maps.unflatten(0, (clips * persons, -1)), mask)
        return [mean.mean().unflatten(0, (clips, persons)) for mean in means]

    def _coded(
        self, shown: Tensor | None, places: Tensor | None, each: int
    ) -> tuple[Tensor, Tensor | None]:
        """The position code of frames, ``each`` a clip, and which joint may be looked at."""
        if shown is None:
            return self.code, None
        of_frame = per_clip(shown, places, each)
        keys = (of_frame >= 0)[:, None, None]
        # A row without any joint sees all of them, since a softmax over nothing is not a number.
        mask = None if all_there(keys) else keys | ~keys.any(3, keepdim=True)
        return self.code[of_frame.clamp(min=0)], mask


class ClipLevel(TokenTransformer):
    """C-TRS: the joints of a clip, each of which sees itself, other frames, and a [CLS] token.

    Args:
        size: Frames of a clip.
        joints: V.
        width: Channels of the input; the output has twice as many.
        layers: As in `FrameLevel`.
    """

    def __init__(self, size: int, joints: int, width: int, **layers: Any) -> None:
        columns = sinusoid(torch.arange(joints), width).expand(size, -1, -1)
        rows = sinusoid(torch.arange(size), width)[:, None].expand(-1, joints, -1)
        code = torch.cat((columns, rows), -1)
        super().__init__(nn.Linear(width, 2 * width), code, summed=True, hidden=width, **layers)
        self.between: Tensor
        mask = between_frames(size, joints, code.device)
        self.register_buffer("between", mask, persistent=False)

    def encode(
        self,
        frames: Tensor,
        zeros: Tensor,
        numbers: Tensor,
        keys: Tensor,
        present: Tensor,
        shown: Tensor | None,
    ) -> Tensor:
        """(B, M, T, V', D) -> clips (B, M, K, D').

        Args:
            frames: F-TRS's joints.
            zeros: (1 or B, V', D) of a frame of zeros.
            numbers: (B, K, w) frames of each clip, -1 for one of zeros.
            keys: (B, M, K, w) which of them can be looked at.
            present: (B, M, K) which clips exist.
            shown: The joints.
        """
        places = places_of(present.flatten())
        x = pack_windows(frames, zeros, numbers, places)
        keys = pack(keys.flatten(0, 2), places)[..., None].expand(x.shape[:3])
        code = self.code.flatten(0, 1)
        if shown is not None:
            of_clip = per_clip(shown, places, present.shape[1] * present.shape[2])
            keys = keys & (of_clip >= 0)[:, None]
            code = self.code[:, of_clip.clamp(min=0)].movedim(1, 0).flatten(1, 2)
        x = self(x.flatten(1, 2), code, self._mask(keys))
        return unpack(x, places, present.numel()).view(*present.shape, -1)

    def _mask(self, keys: Tensor) -> Tensor:
        """(P, w, V') what exists -> (S, S), or (P, 1, S, S) where something does not."""
        size, columns = keys.shape[1:]
        mask = self.between
        if columns != self.code.shape[1]:
            mask = between_frames(size, columns, keys.device)
        return mask if all_there(keys) else mask & with_token(keys.flatten(1))


class VideoLevel(TokenTransformer):
    """V-TRS: the clips of a person, and a [CLS] token.

    Args:
        longest: Clips that its position code knows.
        width: Channels of the input; the output has twice as many.
        layers: As in `FrameLevel`.
    """

    def __init__(self, longest: int, width: int, **layers: Any) -> None:
        code = sinusoid(torch.arange(longest), 2 * width)
        super().__init__(nn.Linear(width, 2 * width), code, summed=True, hidden=width, **layers)

    def encode(self, clips: Tensor, present: Tensor, places: Tensor | None = None) -> Tensor:
        """(B, M, K, D), (B, M, K) -> (B, M, D').

        Args:
            clips: C-TRS's.
            present: Which exist.
            places: (B, K) their numbers, fractions allowed; None: 0, 1, 2, ...
        """
        there = present.flatten(0, 1)
        seen = there.any(1)
        rows = places_of(seen)
        code = self.code[: present.shape[2]]
        if places is not None:
            code = per_clip(self._code_at(places), rows, present.shape[1])
        keys = pack(there, rows)
        mask = None if all_there(keys) else with_token(keys)
        x = self(pack(clips.flatten(0, 1), rows), code, mask)
        return unpack(x, rows, seen.shape[0]).view(*present.shape[:2], -1)

    def _code_at(self, places: Tensor) -> Tensor:
        """(B, K) -> (B, K, D'), between two learned codes where need be."""
        last = self.code.shape[0] - 1
        places = places.to(self.code.dtype).clamp(0, last)
        low = places.floor().long()
        high = (low + 1).clamp(max=last)
        return torch.lerp(self.code[low], self.code[high], (places - low)[..., None])


def between_frames(size: int, joints: int, device: torch.device) -> Tensor:
    """-> (S, S) bool: who sees whom in C-TRS (Eq. 4), S = size x joints + 1, [CLS] as the last."""
    frame = torch.arange(size, device=device).repeat_interleave(joints)
    frame = torch.cat((frame, frame.new_full((1,), -1)))
    itself = torch.eye(len(frame), dtype=torch.bool, device=device)
    return (frame[:, None] != frame) | itself


def joints_there(present: Tensor, shown: Tensor | None, columns: int) -> Tensor:
    """(B, M, T), (1 or B, V') -> (B, M, T, V'): which joints of whom exist."""
    there = present[..., None].expand(*present.shape, columns)
    return there if shown is None else there & (shown >= 0)[:, None, None]
