"""The official Hi-TRS's tensors, https://github.com/yuxiaochen1103/Hi-TRS, in our encoder.

A name's first letter is the level: s (frame), c (clip), v (video). Queries, keys and values are
three linear layers there and one here. The heads of pre-training are accepted and left out.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from laban.encoders.hi_trs import HiTRS
from laban.errors import LabanError
from laban.nn import Classifier, masked_mean
from laban.official.matching import check_names, fill, new_encoder, skeleton_of
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
    skeleton = skeleton or skeleton_of(_shape(tensors, "s_pe.pe", 2)[0])
    if classes is None:
        classes, _ = _shape(tensors, "v_cls.weight", 2)
    network = HiTRSClassifier(new_encoder("hi-trs", skeleton, options), classes)
    parts = {name for name in names if name.endswith(("w_ks.weight", "w_vs.weight"))}
    names = {theirs: ours for theirs, ours in names.items() if theirs not in parts}
    fill("hi-trs", network, _joined(tensors), names, _converted)
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
    inner, _ = _shape(tensors, "s_enc.layer_stack.0.slf_attn.w_qs.weight", 2)
    if heads < 1 or inner % heads:
        raise LabanError(
            f"hi-trs: heads is {heads} but queries have {inner} channels, give a divisor of {inner}"
        )
    width, channels = _shape(tensors, "s_input_map.0.weight", 2)
    return {
        "channels": channels,
        "width": width,
        "depth": _depth(tensors),
        "heads": heads,
        "head_width": inner // heads,
        "windows": (_shape(tensors, "c_pe.pe", 3)[0], dilation, hop),
        "longest": _shape(tensors, "v_pe.pe", 2)[0],
        "repeat_short": repeat_short,
        "absent_as_zeros": True,
    }


def _shape(tensors: Mapping[str, Tensor], name: str, axes: int) -> torch.Size:
    """A tensor's shape; an error that names it where it has another number of axes."""
    shape = tensors[name].shape
    if len(shape) != axes:
        raise LabanError(f"hi-trs: {name} has shape {list(shape)}, {axes} axes are expected")
    return shape


def _joined(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, with those of queries, keys and values as one under the queries' name."""
    joined = dict(tensors)
    for name, tensor in tensors.items():
        if name.endswith("w_qs.weight"):
            others = [name.replace("w_qs", letter) for letter in ("w_ks", "w_vs")]
            odd = [other for other in others if tensors[other].shape != tensor.shape]
            if odd:
                raise LabanError(
                    f"hi-trs: shapes do not fit the rest of the tensors: {', '.join(odd)} beside "
                    f"{name} {list(tensor.shape)}"
                )
            joined[name] = torch.cat([tensor, *(tensors[other] for other in others)])
    return joined


def _depth(tensors: Mapping[str, Tensor]) -> int:
    numbers = re.findall(r"\b[scv]_enc\.layer_stack\.(\d+)\.", " ".join(tensors))
    return 1 + max(map(int, numbers), default=0)


def _names(tensors: Mapping[str, Tensor], *, headless: bool) -> dict[str, str]:
    """Official name: ours, of a network as deep as these tensors, with or without a class head."""
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
