"""The official DSTA-Net's tensors, https://github.com/lshiwjx/DSTA-Net, in our encoder.

What its names and tensors mean: `laban.official.graph_layers`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from laban.errors import LabanError
from laban.nn import Classifier, Position
from laban.official.graph_layers import (
    SPATIAL,
    TEMPORAL,
    any_ends,
    changed_blocks,
    check_axes,
    converted,
    depth,
    linear_norm,
    module_names,
    read_strides,
    stored_size,
)
from laban.official.matching import check_names, fill, new_encoder, skeleton_of
from laban.skeletons import Skeleton

__all__ = ["dsta_net", "dsta_net_options"]

# What the official class computes when it is made: counters, zero maps, position codes.
COMPUTED = re.compile(r"\.(num_batches_tracked|att[st]|pe[st]\.pe)$")
# Tensors of a block with an axis that is its number of frames.
LENGTHS = {"pes.pe": 2, "pet.pe": 2, "attt": -1, "attention0t": -1}
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
            no buffer is. (The official class stores them with ``use_pes`` and ``use_pet`` off, too,
            which the shipped configuration does not have: say so here, ``none`` for both.)
        skeleton: The joints. None: a built-in layout with as many joints, else an unnamed one.
    """
    options = dsta_net_options(tensors, strides=strides, position=position)
    if skeleton is None:
        skeleton = skeleton_of(_joints(tensors))
    network = Classifier(new_encoder("dsta-net", skeleton, options), len(tensors["fc.weight"]))
    widths = [options["stem"], *(width for width, _, _ in options["layers"])]
    changed = {
        b
        for b, (width, _, stride) in enumerate(options["layers"])
        if width != widths[b] or stride != 1
    }
    names = _names(tensors, changed)
    check_names("dsta-net", _weights(tensors), names)
    fill("dsta-net", network, tensors, names, converted)
    return network


def dsta_net_options(
    tensors: Mapping[str, Tensor],
    *,
    strides: Sequence[int] | None = None,
    position: Position | None = None,
) -> dict[str, Any]:
    """The options of `laban.encoders.DSTANet`, its skeleton apart, that fit these official tensors.

    Args:
        tensors: By official name.
        strides: As in `dsta_net`.
        position: As in `dsta_net`.
    """
    check_names("dsta-net", _weights(tensors), _names(tensors, changed_blocks(tensors)))
    check_axes("dsta-net", tensors)
    layers = [f"graph_layers.{b}." for b in range(depth(tensors))]
    heads = tensors["graph_layers.0.alphas"].numel()
    strides = read_strides("dsta-net", tensors, LENGTHS, strides, usual=2, follows=True)
    ends = {"spatial": "attention0s", "temporal": "attention0t"}
    learned = [word for word, end in ends.items() if any_ends(tensors, end)]
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
            for layer, stride in zip(layers, strides, strict=True)
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


def _attends_to_frames(tensors: Mapping[str, Tensor]) -> bool:
    return any(re.search(r"\.(in_nett|ff_nett)\.", name) for name in tensors)


def _position(tensors: Mapping[str, Tensor]) -> Position:
    spatial, temporal = any_ends(tensors, "pes.pe"), any_ends(tensors, "pet.pe")
    stored = any_ends(tensors, "atts") or any_ends(tensors, "attt")
    if spatial == temporal:
        return "none" if stored and not spatial else "decoupled"
    return "joint" if spatial else "frame"


def _joints(tensors: Mapping[str, Tensor]) -> int:
    sizes = {"attention0s": -1, "atts": -1, "pes.pe": -1, "pet.pe": -1}
    joints = stored_size(tensors, 0, sizes)
    if joints is None:
        raise LabanError("dsta-net: these tensors do not tell the number of joints: give skeleton")
    return joints


def _names(tensors: Mapping[str, Tensor], changed: set[int]) -> dict[str, str]:
    """Official name: ours, of a network with these blocks whose residuals have linear layers."""
    attends = _attends_to_frames(tensors)
    names = {f"fc.{end}": f"head.{end}" for end in ("weight", "bias")}
    names |= linear_norm("input_map", "encoder.stem")
    maps = {
        theirs: ours
        for theirs, ours, there in (
            ("alphas", "spatial.maps.alpha", True),
            ("attention0s", "spatial.maps.shared", any_ends(tensors, "attention0s")),
            ("alphat", "temporal.maps.alpha", attends),
            ("attention0t", "temporal.maps.shared", any_ends(tensors, "attention0t")),
        )
        if there
    }
    for block in range(depth(tensors)):
        theirs, ours = f"graph_layers.{block}.", f"encoder.blocks.{block}."
        names |= {theirs + name: ours + maps[name] for name in maps}
        modules, kind = (TEMPORAL, "linear") if attends else (CONVOLUTION, "conv")
        names |= module_names(theirs, ours, SPATIAL, changed=block in changed)
        names |= module_names(theirs, ours, modules, changed=block in changed, kind=kind)
    return names
