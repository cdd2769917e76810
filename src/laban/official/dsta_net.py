"""The official DSTA-Net's tensors, https://github.com/lshiwjx/DSTA-Net, in our encoder.

Its blocks are ``graph_layers.N``; a name's last letter says over what a layer attends, s (space,
joints) or t (time, frames). The official maps have keys as rows and their inputs as columns, ours
are the paper's: queries and keys change places, and shared maps are transposed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from laban.encoders.dsta_net import DSTANet
from laban.errors import LabanError
from laban.nn import Classifier, Position
from laban.official.matching import check_names, fill, skeleton_of
from laban.skeletons import Skeleton

__all__ = ["dsta_net", "dsta_net_options"]

# What the official class computes when it is made: counters, zero maps, position codes.
COMPUTED = re.compile(r"\.(num_batches_tracked|att[st]|pe[st]\.pe)$")
NORM = ("weight", "bias", "running_mean", "running_var")
# Our names of what a block always has.
SPATIAL = {
    "in_nets": "spatial.maps.embed",
    "out_nets": "spatial.project",
    "ff_nets": "spatial.feed",
    "downs1": "spatial.first_shortcut",
    "downs2": "spatial.second_shortcut",
}
TEMPORAL = {
    "in_nett": "temporal.maps.embed",
    "out_nett": "temporal.project",
    "ff_nett": "temporal.feed",
    "downt1": "temporal.first_shortcut",
    "downt2": "temporal.second_shortcut",
}
CONVOLUTION = {"out_nett": "temporal.project", "downt2": "temporal.shortcut"}


def dsta_net(
    tensors: Mapping[str, Tensor],
    *,
    strides: Sequence[int] | None = None,
    position: Position | None = None,
    skeleton: Skeleton | None = None,
) -> Classifier:
    """The official DSTA-Net from its tensors: poses (B, M, T, V, C) -> scores (B, K).

    Args:
        tensors: By official name.
        strides: Of each block. None: what the lengths of the stored position codes say; where
            there are none, as in the shipped configuration, 2 in blocks whose residuals have
            linear layers and 1 elsewhere. The last block's is taken to be that of the one before
            it that has such layers.
        position: Which position codes are added. None: those whose buffers are stored; both where
            no buffer is.
        skeleton: The joints. None: a built-in layout with as many joints, else an unnamed one.
    """
    options = dsta_net_options(tensors, strides=strides, position=position)
    if skeleton is None:
        skeleton = skeleton_of(_joints(tensors))
    network = Classifier(DSTANet(skeleton, **options), len(tensors["fc.weight"]))
    widths = [options["stem"], *(width for width, _, _ in options["layers"])]
    changed = {
        b
        for b, (width, _, stride) in enumerate(options["layers"])
        if width != widths[b] or stride != 1
    }
    names = _names(tensors, changed)
    check_names("dsta-net", _weights(tensors), names)
    fill("dsta-net", network, tensors, names, _converted)
    return network


def dsta_net_options(
    tensors: Mapping[str, Tensor],
    *,
    strides: Sequence[int] | None = None,
    position: Position | None = None,
) -> dict[str, Any]:
    """The options of `DSTANet`, its skeleton apart, that fit these official tensors.

    Args:
        tensors: By official name.
        strides: As in `dsta_net`.
        position: As in `dsta_net`.
    """
    changed = {
        b for b in range(_depth(tensors)) if any(f"graph_layers.{b}.down" in t for t in tensors)
    }
    check_names("dsta-net", _weights(tensors), _names(tensors, changed))
    layers = [f"graph_layers.{b}." for b in range(_depth(tensors))]
    heads = tensors["graph_layers.0.alphas"].numel()
    ends = {"spatial": "attention0s", "temporal": "attention0t"}
    learned = [word for word, end in ends.items() if _any_ends(tensors, end)]
    first = tensors.get("graph_layers.0.attention0t")
    return {
        "channels": tensors["input_map.0.weight"].shape[1],
        "stem": len(tensors["input_map.0.weight"]),
        "heads": heads,
        "layers": [
            (
                len(tensors[layer + "out_nets.0.weight"]),
                len(tensors[layer + "in_nets.bias"]) // (2 * heads),
                stride,
            )
            for layer, stride in zip(layers, _strides(tensors, changed, strides), strict=True)
        ],
        "frames": None if first is None else first.shape[-1],
        "position": position or _position(tensors),
        "regularisation": "-".join(learned) or "none",
        "temporal": "attention" if _attends_to_frames(tensors) else "convolution",
        "alpha": "attention",
        "absent_as_zeros": True,
    }


def _weights(tensors: Mapping[str, Tensor]) -> list[str]:
    return [name for name in tensors if not COMPUTED.search(name)]


def _depth(tensors: Mapping[str, Tensor]) -> int:
    numbers = re.findall(r"\bgraph_layers\.(\d+)\.", " ".join(tensors))
    return 1 + max(map(int, numbers), default=0)


def _attends_to_frames(tensors: Mapping[str, Tensor]) -> bool:
    return any(re.search(r"\.(in_nett|ff_nett)\.", name) for name in tensors)


def _position(tensors: Mapping[str, Tensor]) -> Position:
    spatial, temporal = _any_ends(tensors, "pes.pe"), _any_ends(tensors, "pet.pe")
    stored = _any_ends(tensors, "atts") or _any_ends(tensors, "attt")
    if spatial == temporal:
        return "none" if stored and not spatial else "decoupled"
    return "joint" if spatial else "frame"


def _stored_size(tensors: Mapping[str, Tensor], block: int, sizes: Mapping[str, int]) -> int | None:
    """The size at an axis of the first of these tensors that the block has."""
    for name, axis in sizes.items():
        tensor = tensors.get(f"graph_layers.{block}.{name}")
        if tensor is not None:
            return tensor.shape[axis]
    return None


def _joints(tensors: Mapping[str, Tensor]) -> int:
    sizes = {"attention0s": -1, "atts": -1, "pes.pe": -1, "pet.pe": -1}
    joints = _stored_size(tensors, 0, sizes)
    if joints is None:
        raise LabanError("dsta-net: these tensors do not tell the number of joints: give skeleton")
    return joints


def _strides(
    tensors: Mapping[str, Tensor], changed: set[int], given: Sequence[int] | None
) -> list[int]:
    """The stride of each block: given, or read off the lengths of what is stored for it."""
    depth = _depth(tensors)
    if given is not None and len(given) != depth:
        raise LabanError(f"dsta-net: {len(given)} strides are given for {depth} blocks")
    sizes = {"pes.pe": 2, "pet.pe": 2, "attt": -1, "attention0t": -1}
    lengths = [_stored_size(tensors, block, sizes) for block in range(depth)] + [None]
    strides, usual = [], 2
    for block, (before, after) in enumerate(zip(lengths, lengths[1:], strict=False)):
        if before and after:
            stride = round(before / after)
            if given is not None and given[block] != stride:
                raise LabanError(
                    f"dsta-net: strides say {given[block]} for block {block}, but its tensors "
                    f"have {before} frames and the next one's {after}"
                )
        else:
            stride = usual if block in changed else 1
        # Nothing stored tells the last stride: it is taken to be that of the block before it whose
        # residuals have linear layers too, unless nothing but a stride can have called for them.
        if block in changed:
            weight = tensors[f"graph_layers.{block}.downs1.0.weight"]
            usual = stride
            stride = 2 if stride == 1 and weight.shape[0] == weight.shape[1] else stride
        strides.append(stride)
    return strides if given is None else list(given)


def _names(tensors: Mapping[str, Tensor], changed: set[int]) -> dict[str, str]:
    """Official name: ours, of a network with these blocks whose residuals have linear layers."""
    attends = _attends_to_frames(tensors)
    names = {f"fc.{end}": f"head.{end}" for end in ("weight", "bias")}
    names |= _linear_norm("input_map", "encoder.stem")
    maps = {
        theirs: ours
        for theirs, ours, there in (
            ("alphas", "spatial.maps.alpha", True),
            ("attention0s", "spatial.maps.shared", _any_ends(tensors, "attention0s")),
            ("alphat", "temporal.maps.alpha", attends),
            ("attention0t", "temporal.maps.shared", _any_ends(tensors, "attention0t")),
        )
        if there
    }
    for block in range(_depth(tensors)):
        theirs, ours = f"graph_layers.{block}.", f"encoder.blocks.{block}."
        names |= {theirs + name: ours + maps[name] for name in maps}
        for name, place in (SPATIAL | (TEMPORAL if attends else CONVOLUTION)).items():
            if name.startswith("in_net"):
                names |= {f"{theirs}{name}.{end}": f"{ours}{place}.{end}" for end in NORM[:2]}
            elif block in changed or not name.startswith("down"):
                kind = "conv" if name == "out_nett" and not attends else "linear"
                names |= _linear_norm(theirs + name, ours + place, kind)
    return names


def _any_ends(tensors: Mapping[str, Tensor], ending: str) -> bool:
    return any(name.endswith("." + ending) for name in tensors)


def _linear_norm(theirs: str, ours: str, kind: str = "linear") -> dict[str, str]:
    """The names of a linear layer or convolution and of the normalisation behind it."""
    names = {f"{theirs}.0.{end}": f"{ours}.{kind}.{end}" for end in NORM[:2]}
    return names | {f"{theirs}.1.{end}": f"{ours}.norm.{end}" for end in NORM}


def _converted(ours: str, tensor: Tensor) -> Tensor:
    """An official tensor in the shape and order of ours."""
    if ".embed." in ours:
        tensor = torch.cat(tensor.chunk(2)[::-1])  # queries and keys change places
    if ours.endswith((".embed.weight", ".linear.weight")):
        return tensor.flatten(1)
    if ours.endswith(".alpha"):
        return tensor.flatten()
    return tensor.squeeze(0).transpose(-1, -2) if ours.endswith(".shared") else tensor
