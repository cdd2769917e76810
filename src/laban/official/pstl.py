"""The official PSTL's tensors, https://github.com/YujieOuO/PSTL, in our ST-GCN.

Its blocks are ``st_gcn_networks.N``. The official maps have columns that take from rows, ours are
the other way about: learned factors of edges are transposed.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from laban.errors import LabanError
from laban.nn import Pooled
from laban.official.matching import check_names, fill, graph_of, new_encoder, norm_names, size_of
from laban.skeletons import Skeleton

__all__ = ["pstl", "pstl_options"]

# What the official class computes when it is made: the graph, and counters.
COMPUTED = re.compile(r"(^A|\.num_batches_tracked)$")
STRIDES = (1,) * 4 + (2, 1, 1, 2, 1, 1)


def pstl(
    tensors: Mapping[str, Tensor],
    *,
    strides: Sequence[int] | None = None,
    dropout: float = 0.5,
    skeleton: Skeleton | None = None,
) -> Pooled:
    """PSTL's official encoder from its tensors: poses (B, M, T, V, C) -> features (B, D).

    The features are what its linear evaluation starts from: the mean over joints, frames and
    persons, 256 numbers in the shipped configuration.

    Args:
        tensors: By official name.
        strides: Of each block. None: 2 in the fifth and eighth of ten, as in the official class.
        dropout: What training drops behind temporal convolutions; the shipped 0.5.
        skeleton: The graph. None: the built-in layout with as many joints.
    """
    options = pstl_options(tensors, strides=strides, dropout=dropout)
    joints, left = divmod(size_of("pstl", tensors, "data_bn.weight"), options["channels"])
    if left:
        raise LabanError(
            f"pstl: data_bn.weight {list(tensors['data_bn.weight'].shape)} is no number of joints "
            f"times {options['channels']} channels"
        )
    skeleton = skeleton or graph_of("pstl", joints)
    encoder = new_encoder("st-gcn", skeleton, options)
    _check_graph(tensors.get("A"), encoder.get_buffer("maps"), skeleton)
    network = Pooled(encoder)
    fill("pstl", network, tensors, _names(tensors), _converted)
    return network


def pstl_options(
    tensors: Mapping[str, Tensor], *, strides: Sequence[int] | None = None, dropout: float = 0.5
) -> dict[str, Any]:
    """The options of `laban.encoders.STGCN`, its skeleton apart, that fit these official tensors.

    Args:
        tensors: By official name.
        strides: As in `pstl`.
        dropout: As in `pstl`.
    """
    depth = _depth(tensors)
    if strides is None:
        if depth != len(STRIDES) and depth > 0:
            raise LabanError(f"pstl: these tensors have {depth} blocks, not 10: give strides")
        strides = STRIDES
    elif len(strides) != depth:
        raise LabanError(f"pstl: {len(strides)} strides are given for {depth} blocks")
    named = [name for name in tensors if not COMPUTED.search(name)]
    check_names("pstl", named, _names(tensors))
    blocks = [f"st_gcn_networks.{block}." for block in range(depth)]
    size = partial(size_of, "pstl", tensors)
    widths = [size(block + "tcn.0.weight") for block in blocks]
    for block, width in zip(blocks, widths, strict=True):
        if size(block + "gcn.conv.weight") != 3 * width:
            raise LabanError(
                f"pstl: {block}gcn.conv.weight {list(tensors[block + 'gcn.conv.weight'].shape)} "
                f"is not made for 3 subsets and {width} channels, as spatial partitioning is"
            )
    changed = [
        number
        for number in range(1, depth)
        if widths[number] != widths[number - 1] or strides[number] != 1
    ]
    check_names("pstl", named, _names(tensors, changed))
    return {
        "channels": size(blocks[0] + "gcn.conv.weight", 1),
        "layers": list(zip(widths, strides, strict=True)),
        "kernel": size(blocks[0] + "tcn.2.weight", 2),
        "dropout": dropout,
        "importance": _weighs_edges(tensors),
        "partition": "truncated",
        "absent_as_zeros": True,
    }


def _check_graph(theirs: Tensor | None, ours: Tensor, skeleton: Skeleton) -> None:
    """Refuses tensors of another graph, where theirs (3, V, V) is among them and is one.

    The official class makes its own, so a file may hold anything there.
    """
    if theirs is None or theirs.shape != ours.shape:
        return
    known = theirs.transpose(-1, -2).to(ours)
    total = known.sum((0, 2))  # what a joint takes from all, of a normalised graph
    is_graph = bool((known >= 0).all() and torch.allclose(total, torch.ones_like(total), atol=1e-4))
    if is_graph and not torch.allclose(known, ours, atol=1e-5):
        raise LabanError(
            f"pstl: A {list(theirs.shape)} is not the spatial partition of {skeleton.name}: give "
            "the skeleton that it was made of, and no other labelling is taken"
        )


def _depth(tensors: Mapping[str, Tensor]) -> int:
    numbers = re.findall(r"\bst_gcn_networks\.(\d+)\.", " ".join(tensors))
    return 1 + max(map(int, numbers), default=len(STRIDES) - 1)


def _weighs_edges(tensors: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("edge_importance.") for name in tensors)


def _names(tensors: Mapping[str, Tensor], changed: Sequence[int] | None = None) -> dict[str, str]:
    """Official name: ours, of a network with these blocks whose residuals have linear layers.

    Args:
        tensors: By official name.
        changed: Numbers of those blocks; None: those that have any tensor of it.
    """
    names = norm_names("data_bn", "encoder.norm.norm.norm")
    for block in range(_depth(tensors)):
        theirs, ours = f"st_gcn_networks.{block}.", f"encoder.blocks.{block}."
        if changed is None:
            has_linear = any(name.startswith(theirs + "residual.") for name in tensors)
        else:
            has_linear = block in changed
        for name, place in (
            ("gcn.conv", "spatial.conv"),
            ("tcn.2", "temporal.conv"),
            *([("residual.0", "shortcut.linear")] if has_linear else []),
        ):
            names |= {f"{theirs}{name}.{end}": f"{ours}{place}.{end}" for end in ("weight", "bias")}
        names |= norm_names(theirs + "tcn.0", ours + "spatial.norm")
        names |= norm_names(theirs + "tcn.3", ours + "temporal.norm")
        if has_linear:
            names |= norm_names(theirs + "residual.1", ours + "shortcut.norm")
        if _weighs_edges(tensors):
            names[f"edge_importance.{block}"] = f"encoder.importance.{block}"
    return names


def _converted(ours: str, tensor: Tensor) -> Tensor:
    """An official tensor in the shape and order of ours."""
    if ours.endswith("spatial.conv.weight"):
        return tensor.flatten(1).unflatten(0, (3, -1)).transpose(0, 1)  # (C', subsets, C)
    if ours.endswith("spatial.conv.bias"):
        return tensor.unflatten(0, (3, -1))
    if ".importance." in ours:
        return tensor.transpose(-1, -2)
    return tensor.flatten(1) if ours.endswith("linear.weight") else tensor
