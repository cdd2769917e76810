"""The names and orders of the official ST-TR's tensors, see `laban.official.st_tr`.

Its layers are ``gcn0`` with ``tcn0``, unless all layers attend, then ``backbone.N`` with a part
over joints, ``gcn1``, and one over frames, ``tcn1``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from laban.errors import LabanError
from laban.official.matching import norm_names

__all__ = ["UNUSED", "Unit", "converted", "graph_word", "stacked", "tensor_names", "units_named"]

# In every checkpoint, and used by none.
UNUSED = tuple(norm_names("person_bn", ""))
SUBSETS = range(3)
ENDS = ("weight", "bias")


class Unit(NamedTuple):
    """What the names of its tensors tell about a layer.

    Attributes:
        place: In the official backbone; -1 for ``gcn0`` with ``tcn0``.
        over_joints: It has attention over joints.
        over_frames: It has attention over frames.
        convolves_joints: There is a convolution beside the attention over joints.
        convolves_frames: There is one beside the attention over frames.
        normalises_frames: Attention over frames starts with normalisation, in all layers.
        joints_shortcut: The residual within the part over joints has a linear layer.
        frames_shortcut: That within the part over frames has one.
        shortcut: The residual of the whole has one.
    """

    place: int
    over_joints: bool
    over_frames: bool
    convolves_joints: bool
    convolves_frames: bool
    normalises_frames: bool
    joints_shortcut: bool
    frames_shortcut: bool
    shortcut: bool

    @property
    def joints(self) -> str:
        """What names in the part over joints begin with."""
        return "gcn0." if self.place < 0 else f"backbone.{self.place}.gcn1."

    @property
    def frames(self) -> str:
        """What names in the part over frames begin with."""
        return "tcn0." if self.place < 0 else f"backbone.{self.place}.tcn1."


def graph_word(names: Iterable[str]) -> str:
    """The option ``graph`` of our encoder that these names ask for."""
    text = "\n".join(names)
    if re.search(r"\.(PA$|conv_[abd]\.)", text, re.MULTILINE):
        return "adaptive-bare"
    return "weighted" if re.search(r"\.mask$", text, re.MULTILINE) else "fixed"


def units_named(names: Iterable[str]) -> list[Unit]:
    """The layers that these names speak of, at least one."""
    names = list(names)
    numbers = re.findall(r"\bbackbone\.(\d+)\.", " ".join(names))
    depth = 1 + max(map(int, numbers), default=8)

    def has(*prefixes: str) -> bool:
        return any(name.startswith(prefixes) for name in names)

    units = []
    for place in range(-1 if has("gcn0.", "tcn0.") or not numbers else 0, depth):
        unit = Unit(place, *[False] * 8)
        unit = unit._replace(joints_shortcut=has(unit.joints + "down."))
        if place >= 0:
            joints, frames = unit.joints, unit.frames
            unit = unit._replace(
                over_joints=has(joints + "attention_conv.", joints + "data_bn."),
                over_frames=has(frames + "qkv_conv.", frames + "attn_out.", frames + "data_bn."),
                convolves_joints=has(joints + "g_convolutions."),
                convolves_frames=has(frames + "tcn_conv."),
                normalises_frames=any(".tcn1.data_bn." in name for name in names),
                frames_shortcut=has(frames + "down."),
                shortcut=has(f"backbone.{place}.down1."),
            )
        units.append(unit)
    return units


def tensor_names(units: Sequence[Unit], graph: str) -> dict[str, str]:
    """Official name: ours. The tensors of the three subsets share one name of ours."""
    names = norm_names("data_bn", "encoder.norm.norm.norm") | _layer("fcn", "head")
    for number, unit in enumerate(units):
        ours = f"encoder.layers.{number}."
        names |= _over_joints(unit, graph, ours + "spatial.")
        names |= _over_frames(unit, ours + "temporal.")
        if unit.shortcut:
            names |= _unit_2d(f"backbone.{unit.place}.down1", ours + "shortcut", "linear")
    return names


def _over_joints(unit: Unit, graph: str, ours: str) -> dict[str, str]:
    theirs = unit.joints
    if unit.over_joints:
        names = norm_names(theirs + "data_bn", ours + "before.norm")
        names |= norm_names(theirs + "bn", ours + "norm")
        names |= _layer(theirs + "attention_conv.qkv_conv", ours + "attention.embed")
        names |= _layer(theirs + "attention_conv.attn_out", ours + "attention.out")
        if unit.convolves_joints:
            names |= _subsets(theirs + "g_convolutions", ours + "conv")
        return names
    names = norm_names(theirs + "bn", ours + "conv.norm")
    if not graph.startswith("adaptive"):
        names |= _subsets(theirs + "conv_list", ours + "conv.conv")
        return names | ({theirs + "mask": ours + "importance"} if graph == "weighted" else {})
    names |= {theirs + "PA": ours + "adaptive.shared"}
    names |= _subsets(theirs + "conv_a", ours + "adaptive.givers")
    names |= _subsets(theirs + "conv_b", ours + "adaptive.takers")
    names |= _subsets(theirs + "conv_d", ours + "conv.conv")
    if unit.joints_shortcut:
        names |= _layer(theirs + "down.0", ours + "shortcut.linear")
        names |= norm_names(theirs + "down.1", ours + "shortcut.norm")
    return names


def _over_frames(unit: Unit, ours: str) -> dict[str, str]:
    theirs = unit.frames
    if not unit.over_frames:
        return _unit_2d(theirs.removesuffix("."), ours + "conv")
    names = norm_names(theirs + "bn", ours + "norm")
    if unit.normalises_frames:
        names |= norm_names(theirs + "data_bn", ours + "before.norm")
    names |= _layer(theirs + "qkv_conv", ours + "attention.embed")
    names |= _layer(theirs + "attn_out", ours + "attention.out")
    if unit.convolves_frames:
        names |= _unit_2d(theirs + "tcn_conv", ours + "conv.conv")
    if unit.frames_shortcut:
        names |= _unit_2d(theirs + "down", ours + "shortcut", "linear")
    return names


def _layer(theirs: str, ours: str) -> dict[str, str]:
    return {f"{theirs}.{end}": f"{ours}.{end}" for end in ENDS}


def _subsets(theirs: str, ours: str) -> dict[str, str]:
    return {f"{theirs}.{k}.{end}": f"{ours}.{end}" for k in SUBSETS for end in ENDS}


def _unit_2d(theirs: str, ours: str, kind: str = "conv") -> dict[str, str]:
    return _layer(theirs + ".conv", f"{ours}.{kind}") | norm_names(theirs + ".bn", ours + ".norm")


def stacked(
    network: str, tensors: Mapping[str, Tensor], names: Mapping[str, str]
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and names with one entry for each of ours: the subsets' (3, ...) under the first.

    Raises:
        LabanError: Where those of one layer differ in shape.
    """
    groups: dict[str, list[str]] = {}
    for official, ours in names.items():
        groups.setdefault(ours, []).append(official)
    wrong = [
        f"{name} {list(tensors[name].shape)}"
        for group in groups.values()
        if len({tensors[name].shape for name in group}) > 1
        for name in group
    ]
    if wrong:
        raise LabanError(f"{network}: shapes of the three subsets differ: {', '.join(wrong)}")
    first = {group[0]: ours for ours, group in groups.items()}
    together = {
        group[0]: torch.stack([tensors[name] for name in group])
        if len(group) > 1
        else tensors[group[0]]
        for group in groups.values()
    }
    return together, first


def converted(joints: int, ours: str, tensor: Tensor) -> Tensor:
    """An official tensor, stacked where it has subsets, in the shape and order of ours.

    Args:
        joints: Number of joints.
        ours: Our name.
        tensor: The official one.
    """
    if ".before.norm." in ours:  # channel by channel there, joint by joint here
        return tensor.unflatten(0, (-1, joints)).T.flatten()
    if ours.endswith((".importance", ".adaptive.shared")):
        return tensor.transpose(1, 2)
    if ".adaptive.givers." in ours or ".adaptive.takers." in ours:
        return (
            tensor.flatten(0, 1).squeeze((-1, -2)) if ours.endswith("weight") else tensor.flatten()
        )
    if re.search(r"\.spatial\.conv\.(conv\.)?weight$", ours):
        return tensor.flatten(2).transpose(0, 1)  # (3, C', C, 1, 1) -> (C', 3, C)
    if ours.endswith(".embed.weight"):
        return tensor.squeeze(2).transpose(1, 2).flatten(1)  # frames together, then channels
    if ours.endswith((".out.weight", ".linear.weight", "head.weight")):
        return tensor.flatten(1)
    return tensor
