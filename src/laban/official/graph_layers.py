"""What the official DSTA-Net and STST share: blocks ``graph_layers.N`` of the same modules.

A name's last letter says over what a layer attends, s (space, joints) or t (time, frames). The
official maps have keys as rows and their inputs as columns, ours are the papers': queries and keys
change places, and shared maps are transposed.
"""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from laban.errors import LabanError
from laban.official.matching import refuse_shapes

__all__ = [
    "SPATIAL",
    "TEMPORAL",
    "any_ends",
    "changed_blocks",
    "check_axes",
    "converted",
    "depth",
    "linear_norm",
    "module_names",
    "read_strides",
    "stored_size",
]

NORM = ("weight", "bias", "running_mean", "running_var")
# Our names of an attention module's layers.
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


def depth(tensors: Mapping[str, Tensor]) -> int:
    """The number of blocks."""
    numbers = re.findall(r"\bgraph_layers\.(\d+)\.", " ".join(tensors))
    return 1 + max(map(int, numbers), default=0)


def any_ends(tensors: Mapping[str, Tensor], ending: str) -> bool:
    """Whether a tensor's last words are these."""
    return any(name.endswith("." + ending) for name in tensors)


def changed_blocks(tensors: Mapping[str, Tensor]) -> set[int]:
    """Numbers of the blocks whose residuals have linear layers."""
    return {b for b in range(depth(tensors)) if any(f"graph_layers.{b}.down" in t for t in tensors)}


def check_axes(network: str, tensors: Mapping[str, Tensor]) -> None:
    """Refuses tensors without the axes that sizes are read off.

    Raises:
        LabanError: Naming them.
    """
    least = {
        r"(^input_map|\.(out|ff)_net[st]\w*|\.down\w+)\.0\.weight$": 2,
        r"\.in_net[st]\.weight$|^fc\.weight$": 2,
        r"\.in_net[st]\.bias$|\.alpha\w+$": 1,
        r"\.(attention0|att)[st]$|\.pe[st]\.pe$": 3,
    }
    wrong = [
        f"{name} {list(tensor.shape)}"
        for pattern, axes in least.items()
        for name, tensor in tensors.items()
        if re.search(pattern, name) and (tensor.dim() < axes or not tensor.numel())
    ]
    refuse_shapes(network, wrong)


def stored_size(tensors: Mapping[str, Tensor], block: int, sizes: Mapping[str, int]) -> int | None:
    """The size at an axis of the first of these tensors that the block has; None: it has none."""
    for name, axis in sizes.items():
        tensor = tensors.get(f"graph_layers.{block}.{name}")
        if tensor is not None:
            return tensor.shape[axis]
    return None


def read_strides(
    network: str,
    tensors: Mapping[str, Tensor],
    sizes: Mapping[str, int],
    given: Sequence[int] | None,
    *,
    usual: int,
    follows: bool,
) -> list[int]:
    """The stride of each block: given, or read off the lengths of what is stored for it.

    Args:
        network: The word for errors.
        tensors: By official name.
        sizes: Tensors of a block with an axis that is its number of frames.
        given: What the strides must be; None: what the tensors say.
        usual: The stride of a block whose residuals have linear layers, where nothing tells it.
            (A stored length tells that of the block before it, so never the last one's.)
        follows: Whether it is rather that of the last block before it with such layers.
    """
    blocks = depth(tensors)
    if given is not None and len(given) != blocks:
        raise LabanError(f"{network}: {len(given)} strides are given for {blocks} blocks")
    changed = changed_blocks(tensors)
    lengths = [stored_size(tensors, block, sizes) for block in range(blocks)] + [None]
    strides = []
    for block, (before, after) in enumerate(zip(lengths, lengths[1:], strict=False)):
        if before and after:
            stride = round(before / after)
            if given is not None and given[block] != stride:
                raise LabanError(
                    f"{network}: strides say {given[block]} for block {block}, but its tensors "
                    f"have {before} frames and the next one's {after}"
                )
        else:
            stride = usual if block in changed else 1
        if block in changed:
            usual = stride if follows else usual
            # Nothing but a stride calls for such layers where the width stays.
            weight = tensors[f"graph_layers.{block}.downs1.0.weight"]
            stride = 2 if stride == 1 and weight.shape[0] == weight.shape[1] else stride
        strides.append(stride)
    return strides if given is None else list(given)


def module_names(
    theirs: str, ours: str, modules: Mapping[str, str], *, changed: bool, kind: str = "linear"
) -> dict[str, str]:
    """Official name: ours, of one module of a block.

    Args:
        theirs: What stands before the official names.
        ours: What stands before our names.
        modules: Official layer: ours.
        changed: Whether the residuals have linear layers.
        kind: Our word for the first layer, ``linear`` or ``conv``.
    """
    names: dict[str, str] = {}
    for name, place in modules.items():
        if name.startswith("in_net"):
            names |= {f"{theirs}{name}.{end}": f"{ours}{place}.{end}" for end in NORM[:2]}
        elif changed or not name.startswith("down"):
            word = kind if name.startswith("out_net") else "linear"
            names |= linear_norm(theirs + name, ours + place, word)
    return names


def linear_norm(theirs: str, ours: str, kind: str = "linear") -> dict[str, str]:
    """The names of a linear layer or convolution and of the normalisation behind it."""
    names = {f"{theirs}.0.{end}": f"{ours}.{kind}.{end}" for end in NORM[:2]}
    return names | {f"{theirs}.1.{end}": f"{ours}.norm.{end}" for end in NORM}


def converted(ours: str, tensor: Tensor) -> Tensor:
    """An official tensor in the shape and order of ours."""
    if ".embed." in ours:
        tensor = torch.cat(tensor.chunk(2)[::-1])  # queries and keys change places
    if ours.endswith((".embed.weight", ".linear.weight")):
        return tensor.flatten(1)
    if ours.endswith(".alpha"):
        return tensor.flatten()
    return tensor.squeeze(0).transpose(-1, -2) if ours.endswith(".shared") else tensor
