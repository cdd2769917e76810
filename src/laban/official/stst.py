"""The official STST's tensors, https://github.com/HanzoZY/STST, in our encoder.

What its names and tensors mean: `laban.official.graph_layers`. Because its maps have their inputs
as columns, what it calls forward takes from the future and is our backward.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from laban.errors import LabanError
from laban.nn import Classifier, check_words
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

__all__ = ["stst", "stst_options"]

# What the official class computes when it is made: counters, zero maps and losses, masks, codes.
COMPUTED = re.compile(r"(\.(num_batches_tracked|atts|backward_mask)|^pet\.pe|^\w+loss_init)$")
# The heads of its self-supervised tasks, which it always has and which give no scores.
HEADS = re.compile(r"^SSL_(mask|JigsawT|JointP|ReverseT|Contra)\.")
# Tensors of a block with an axis that is its number of frames.
LENGTHS = {"backward_mask": -1}
CONVOLUTION = {"out_nett_extend": "convolution.project", "downtTCN": "convolution.shortcut"}
# The official words: projecting each frame and averaging, or the other way about, is one thing.
WORDS = {"free": "free", "context": "context", "context_new": "context", "avg": "average"}

Attention = Literal["free", "context", "context_new", "avg"]


def stst(
    tensors: Mapping[str, Tensor],
    *,
    S_atten: Attention = "free",
    T_atten: Attention = "context_new",
    parallel: bool | None = None,
    directed: bool | None = None,
    TCN: bool | None = None,
    use_pet: bool | None = None,
    strides: Sequence[int] | None = None,
    skeleton: Skeleton | None = None,
) -> Classifier:
    """The official STST from its tensors: poses (B, M, T, V, C) -> scores (B, K).

    The options have the names of the official configuration; those that tensors tell are compared
    with them.

    Args:
        tensors: By official name.
        S_atten: How frames make maps between joints; no tensor tells it, ``free`` is shipped.
        T_atten: How joints make maps between frames; no tensor tells it, ``context_new`` is
            shipped. (With ``free`` the official code runs with one head a direction only.)
        parallel: Whether both blocks take the input. None: what the widths say; where no block
            changes the width, True, as shipped, unless a stride forbids it.
        directed: Whether maps between frames look one way. None: what the alphas say.
        TCN: Whether a convolution follows each block. None: whether it is there.
        use_pet: Whether the temporal code is added. None: whether its buffer is stored; True where
            no buffer is.
        strides: Of each block. None: what the lengths of the stored masks say; where there are
            none, and in the last block, 1 as in the shipped configuration, but 2 where residuals
            have linear layers without changing the width.
        skeleton: The joints. None: a built-in layout with as many joints, else an unnamed one.
    """
    options = stst_options(
        tensors,
        S_atten=S_atten,
        T_atten=T_atten,
        parallel=parallel,
        directed=directed,
        TCN=TCN,
        use_pet=use_pet,
        strides=strides,
    )
    skeleton = skeleton or skeleton_of(_joints(tensors))
    network = Classifier(new_encoder("stst", skeleton, options), len(tensors["fc.weight"]))
    widths = [options["stem"], *(width for width, _, _ in options["layers"])]
    changed = {
        b
        for b, (width, _, stride) in enumerate(options["layers"])
        if width != widths[b] or stride != 1
    }
    names = _names(tensors, changed)
    check_names("stst", _weights(tensors), names)
    both_ways = _is_directed(tensors)
    if both_ways:
        tensors, names = _with_one_alpha(tensors, names)
    fill("stst", network, tensors, names, partial(_converted, both_ways=both_ways))
    return network


def stst_options(
    tensors: Mapping[str, Tensor],
    *,
    S_atten: Attention = "free",
    T_atten: Attention = "context_new",
    parallel: bool | None = None,
    directed: bool | None = None,
    TCN: bool | None = None,
    use_pet: bool | None = None,
    strides: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The options of `laban.encoders.STST`, its skeleton apart, that fit these official tensors.

    Args:
        tensors: By official name.
        S_atten: As in `stst`, and so are the others.
        T_atten: As there.
        parallel: As there.
        directed: As there.
        TCN: As there.
        use_pet: As there.
        strides: As there.
    """
    check_words("the official stst", S_atten=(S_atten, Attention), T_atten=(T_atten, Attention))
    check_names("stst", _weights(tensors), _names(tensors, changed_blocks(tensors)))
    check_axes("stst", tensors)
    blocks = [f"graph_layers.{b}." for b in range(depth(tensors))]
    steps = read_strides("stst", tensors, LENGTHS, strides, usual=1, follows=False)
    directed = _told("directed", read=_is_directed(tensors), given=directed)
    parallel = _told("parallel", read=_is_parallel(tensors, steps), given=parallel)
    convolved = _told("TCN", read=_is_convolved(tensors), given=TCN)
    has_code = _told("use_pet", read=_has_code(tensors), given=use_pet)
    heads = tensors["graph_layers.0.alphas"].numel()
    alpha = "alphat_f" if directed else "alphat"
    tokens = {"semantic": "pes.PE" in tensors, "temporal": has_code}
    return {
        "channels": tensors["input_map.0.weight"].shape[1],
        "stem": len(tensors["input_map.0.weight"]),
        "heads": (heads, tensors[f"graph_layers.0.{alpha}"].numel()),
        "layers": [
            (
                len(tensors[block + "out_nets.0.weight"]),
                len(tensors[block + "in_nets.bias"]) // (2 * heads),
                stride,
            )
            for block, stride in zip(blocks, steps, strict=True)
        ],
        "spatial": WORDS[S_atten],
        "temporal": "directed-" * directed + WORDS[T_atten],
        "tokens": "+".join(word for word, there in tokens.items() if there) or "none",
        "attention": "tanh+map" if any_ends(tensors, "attention0s") else "tanh",
        "blocks": ("parallel" if parallel else "serial") + "+convolution" * convolved,
        "values": "input" if directed else "feed",
        "absent_as_zeros": True,
    }


def _weights(tensors: Mapping[str, Tensor]) -> list[str]:
    return [name for name in tensors if not COMPUTED.search(name) and not HEADS.search(name)]


def _told(option: str, *, read: bool | None, given: bool | None) -> bool:
    """What the tensors say, else what is given, else True, as shipped."""
    if None not in (read, given) and given != read:
        raise LabanError(f"stst: {option} is given as {given}, but these tensors say {read}")
    return next((value for value in (read, given) if value is not None), True)


def _is_directed(tensors: Mapping[str, Tensor]) -> bool:
    return any_ends(tensors, "alphat_f") or any_ends(tensors, "alphat_b")


def _is_convolved(tensors: Mapping[str, Tensor]) -> bool:
    return any(".out_nett_extend." in name for name in tensors)


def _is_parallel(tensors: Mapping[str, Tensor], strides: Sequence[int]) -> bool | None:
    """Which width the temporal block takes, where the spatial one changes it; None: no telling."""
    for block in range(depth(tensors)):
        layers = (f"graph_layers.{block}.in_net{over}.weight" for over in "st")
        inputs, between = (tensors[layer].shape[1] for layer in layers)
        if inputs != len(tensors[f"graph_layers.{block}.out_nets.0.weight"]):
            return inputs == between
    # Branches of two lengths cannot be summed.
    return False if any(stride != 1 for stride in strides) else None


def _has_code(tensors: Mapping[str, Tensor]) -> bool | None:
    """Whether the temporal code's buffer is stored; None: no buffer is."""
    if "pet.pe" in tensors:
        return True
    stored = any_ends(tensors, "atts") or any_ends(tensors, "backward_mask")
    return False if stored else None


def _joints(tensors: Mapping[str, Tensor]) -> int:
    joints = stored_size(tensors, 0, {"attention0s": -1, "atts": -1})
    for name, axis in {"pes.PE": -1, "SSL_JointP.MLP.3.weight": 0}.items():
        if joints is None and name in tensors:
            joints = tensors[name].shape[axis]
    if joints is None:
        raise LabanError("stst: these tensors do not tell the number of joints: give skeleton")
    return joints


def _names(tensors: Mapping[str, Tensor], changed: set[int]) -> dict[str, str]:
    """Official name: ours, of a network with these blocks whose residuals have linear layers."""
    names = {f"fc.{end}": f"head.{end}" for end in ("weight", "bias")}
    names |= linear_norm("input_map", "encoder.tokens.coordinates")
    if "pes.PE" in tensors:
        names["pes.PE"] = "encoder.tokens.semantic"
    maps = {"alphas": "spatial.maps.alpha"}
    if any_ends(tensors, "attention0s"):
        maps["attention0s"] = "spatial.maps.shared"
    alphas = ("alphat_f", "alphat_b") if _is_directed(tensors) else ("alphat",)
    maps |= dict.fromkeys(alphas, "temporal.maps.alpha")
    for block in range(depth(tensors)):
        theirs, ours = f"graph_layers.{block}.", f"encoder.blocks.{block}."
        names |= {theirs + name: ours + maps[name] for name in maps}
        for modules in (SPATIAL, TEMPORAL):
            names |= module_names(theirs, ours, modules, changed=block in changed)
        if _is_convolved(tensors):
            known = module_names(theirs, ours, CONVOLUTION, changed=block in changed, kind="conv")
            names |= known
    return names


def _with_one_alpha(
    tensors: Mapping[str, Tensor], names: Mapping[str, str]
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and names where a block's two alphas are one, in our order of directions."""
    tensors, names = dict(tensors), dict(names)
    for name in [name for name in names if name.endswith(".alphat_b")]:
        both = name.removesuffix("_b")
        tensors[both] = torch.cat((tensors[name].flatten(), tensors[both + "_f"].flatten()))
        names[both] = names.pop(name)
        del names[both + "_f"]
    return tensors, names


def _converted(ours: str, tensor: Tensor, *, both_ways: bool) -> Tensor:
    """An official tensor in the shape and order of ours."""
    if ours.endswith(".semantic"):
        return tensor.transpose(0, 1)
    if both_ways and ".temporal.maps.embed." in ours:
        # Queries forward, backward, then keys forward, backward: all four change places.
        return torch.cat(tensor.chunk(4)[::-1]).flatten(1 if tensor.dim() > 1 else 0)
    if both_ways and ours.endswith(".temporal.project.linear.weight"):
        return torch.cat(tensor.flatten(1).chunk(2, 1)[::-1], 1)
    return converted(ours, tensor)
