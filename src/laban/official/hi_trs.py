"""The official Hi-TRS's tensors, https://github.com/yuxiaochen1103/Hi-TRS, in our encoder.

A name's first letter is the level: s (frame), c (clip), v (video). Queries, keys and values are
three linear layers there and one here. The heads of pre-training are accepted and left out.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from laban.encoders.hi_trs import HiTRS
from laban.errors import LabanError
from laban.nn import Classifier, masked_mean
from laban.official.matching import check_names, fill, skeleton_of
from laban.skeletons import Skeleton

__all__ = ["HiTRSClassifier", "hi_trs", "hi_trs_options"]

LEVELS = {"s": "frame", "c": "clip", "v": "whole"}
PRETRAINING = [
    f"{head}.{end}"
    for head in ("s_pose_reg", "c_motion_cls", "v_motion_cls", "v_ft_reg")
    for end in ("weight", "bias")
]
BLOCK = {
    "self_attn_norm.weight": "attention_norm.weight",
    "self_attn_norm.bias": "attention_norm.bias",
    "slf_attn.w_qs.weight": "project.weight",
    "slf_attn.w_ks.weight": "project.weight",
    "slf_attn.w_vs.weight": "project.weight",
    "slf_attn.fc.weight": "merge.weight",
    "pff_norm.weight": "feed_norm.weight",
    "pff_norm.bias": "feed_norm.bias",
    "pos_ffn.w_1.weight": "feed.0.weight",
    "pos_ffn.w_1.bias": "feed.0.bias",
    "pos_ffn.w_2.weight": "feed.2.weight",
    "pos_ffn.w_2.bias": "feed.2.bias",
}


class HiTRSClassifier(Classifier):
    """Hi-TRS and its class scores, of poses or of clips already cut."""

    def from_clips(self, clips: Tensor, present: Tensor | None = None) -> Tensor:
        """(B, M, clips, w, V, C), (B, M, clips) -> (B, K) scores before the softmax.

        Args:
            clips: The windows, with the zeros that the official loader puts around a sequence.
            present: Which of them exist; None: all.
        """
        assert isinstance(self.encoder, HiTRS)
        return self.head(masked_mean(self.encoder.from_clips(clips, present)))


def hi_trs(
    tensors: Mapping[str, Tensor],
    *,
    heads: int = 8,
    dilation: int = 2,
    hop: int = 7,
    repeat_short: bool = True,
    classes: int | None = None,
    skeleton: Skeleton | None = None,
) -> HiTRSClassifier:
    """The official Hi-TRS from its tensors: poses (B, M, T, V, C) -> scores (B, K).

    It has ``from_clips`` too, for clips already cut, (B, M, clips, w, V, C) -> (B, K).

    Args:
        tensors: By official name.
        heads: Attention heads; the tensors tell only heads times the width of one.
        dilation: Frames from one frame of a clip to the next.
        hop: Frames from one clip to the next.
        repeat_short: Whether a last window that is too long stands there twice.
        classes: Of a fresh class head, for a checkpoint of pre-training, which has none.
        skeleton: The joints. None: a built-in layout with as many joints, else an unnamed one.
    """
    options = hi_trs_options(
        tensors, heads=heads, dilation=dilation, hop=hop, repeat_short=repeat_short, classes=classes
    )
    names = _names(tensors, headless=classes is not None)
    skeleton = skeleton or skeleton_of(len(tensors["s_pe.pe"]))
    known = tensors.get("v_cls.weight")
    network = HiTRSClassifier(
        HiTRS(skeleton, **options), len(known) if known is not None else classes or 0
    )
    fill("hi-trs", network, tensors, names, _converted)
    return network


def hi_trs_options(
    tensors: Mapping[str, Tensor],
    *,
    heads: int = 8,
    dilation: int = 2,
    hop: int = 7,
    repeat_short: bool = True,
    classes: int | None = None,
) -> dict[str, Any]:
    """The options of `HiTRS`, its skeleton apart, that fit these official tensors.

    Args:
        tensors: By official name.
        heads: As in `hi_trs`.
        dilation: As in `hi_trs`.
        hop: As in `hi_trs`.
        repeat_short: As in `hi_trs`.
        classes: As in `hi_trs`.
    """
    names = _names(tensors, headless=classes is not None)
    heads_there = any(name in tensors for name in PRETRAINING)
    check_names("hi-trs", tensors, [*names, *(PRETRAINING if heads_there else [])])
    known = tensors.get("v_cls.weight")
    if classes is not None and known is not None and len(known) != classes:
        raise LabanError(f"hi-trs: classes is {classes} but v_cls.weight has {len(known)} of them")
    inner = len(tensors["s_enc.layer_stack.0.slf_attn.w_qs.weight"])
    if heads < 1 or inner % heads:
        raise LabanError(
            f"hi-trs: heads is {heads} but queries have {inner} channels, give a divisor of {inner}"
        )
    if tensors["c_pe.pe"].dim() != 3:
        raise LabanError(
            f"hi-trs: c_pe.pe has shape {list(tensors['c_pe.pe'].shape)}, three axes are expected"
        )
    width, channels = tensors["s_input_map.0.weight"].shape
    return {
        "channels": channels,
        "width": width,
        "depth": _depth(tensors),
        "heads": heads,
        "head_width": inner // heads,
        "windows": (len(tensors["c_pe.pe"]), dilation, hop),
        "longest": len(tensors["v_pe.pe"]),
        "repeat_short": repeat_short,
        "absent_as_zeros": True,
    }


def _depth(tensors: Mapping[str, Tensor]) -> int:
    numbers = re.findall(r"\b[scv]_enc\.layer_stack\.(\d+)\.", " ".join(tensors))
    return 1 + max(map(int, numbers), default=0)


def _names(tensors: Mapping[str, Tensor], *, headless: bool) -> dict[str, str]:
    """Official name: ours, of a network as deep as these tensors; ``headless`` needs no class head."""
    names = {
        "clip_fuse_token": "encoder.clip.token",
        "video_fuse_token": "encoder.whole.token",
        "s_input_map.2.weight": "encoder.frame.read.2.weight",
        "s_input_map.2.bias": "encoder.frame.read.2.bias",
    }
    for end in ("weight", "bias"):
        names[f"s_input_map.0.{end}"] = f"encoder.frame.read.0.{end}"
        names[f"c_input_map.{end}"] = f"encoder.clip.read.{end}"
        names[f"v_input_map.{end}"] = f"encoder.whole.read.{end}"
        if not headless or "v_cls.weight" in tensors:
            names[f"v_cls.{end}"] = f"head.{end}"
    for letter, level in LEVELS.items():
        names[f"{letter}_pe.pe"] = f"encoder.{level}.code"
        for layer in range(_depth(tensors)):
            theirs, ours = f"{letter}_enc.layer_stack.{layer}.", f"encoder.{level}.blocks.{layer}."
            names |= {theirs + name: ours + place for name, place in BLOCK.items()}
    return names


def _converted(ours: str, tensor: Tensor) -> Tensor:
    """An official tensor in the shape of ours."""
    return tensor.flatten() if ours.endswith(".token") else tensor
