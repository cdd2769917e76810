"""The official ST-TR's tensors, https://github.com/Chiaraplizz/ST-TR, in our S-TR, T-TR and both.

The official maps have columns that take from rows, ours are the other way about: learned maps are
transposed. Where the graph is adaptive, the official code overwrites the skeleton's maps with the
start of the learned ones, 1e-6, and so does ``graph="adaptive-bare"``.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor

from laban.errors import LabanError
from laban.nn import Classifier
from laban.official.matching import (
    check_names,
    fill,
    graph_of,
    new_encoder,
    refuse_shapes,
    size_of,
)
from laban.official.st_tr_names import (
    UNUSED,
    Unit,
    converted,
    graph_word,
    stacked,
    tensor_names,
    units_named,
)
from laban.skeletons import Skeleton

__all__ = ["st_tr", "st_tr_options"]

COMPUTED = re.compile(r"\.num_batches_tracked$")
# What the shipped configuration gives windows of attention over time, by a layer's width.
WINDOWS = {64: 10, 128: 30, 256: 75}
ENCODERS = {"joints": "s-tr", "frames": "t-tr", "both": "st-tr-1s"}


def st_tr(
    over: str,
    tensors: Mapping[str, Tensor],
    *,
    heads: int = 8,
    strides: Sequence[int] | None = None,
    window: int | None = None,
    dropout: float = 0.5,
    drop_attention: float = 0.5,
    use_data_bn: bool = True,
    data_normalization: bool | None = None,
    skip_conn: bool = True,
    skeleton: Skeleton | None = None,
) -> Classifier:
    """The official S-TR or T-TR from its tensors: poses (B, M, T, V, C) -> scores (B, K).

    Args:
        over: ``joints`` or ``frames``, which attention there must be; both are taken as well.
        tensors: By official name.
        heads: Of each attention.
        strides: Of each layer of the backbone. None: what kernels and residuals over time say;
            where these say nothing, 2 where the width grows, as in the shipped configuration.
        window: Frames that attention over time sees in layers of the first width, where all layers
            attend. None: the shipped 10, 30 or 75 for 64, 128 or 256 channels.
        dropout: What training drops before convolutions over time; the shipped 0.5 of NTU.
        drop_attention: Share of keys that training drops.
        use_data_bn: Whether the poses are normalised; no tensor tells it, the shipped True.
        data_normalization: Whether what an attention looks at is normalised. None: what attention
            over frames tells, else the shipped True.
        skip_conn: Whether there is a residual around each attention; no tensor tells it, the
            shipped True.
        skeleton: The graph. None: the built-in layout with as many joints.
    """
    network = f"st-tr-{'spatial' if over == 'joints' else 'temporal'}"
    weights = {name: tensor for name, tensor in tensors.items() if not COMPUTED.search(name)}
    options, joints = st_tr_options(network, weights, strides=strides, window=window)
    units = _expected(network, weights, options["layers"])
    told = [unit.normalises_frames for unit in units if unit.over_frames]
    if data_normalization is None:
        data_normalization = all(told)
    elif told and data_normalization != all(told):
        raise LabanError(
            f"{network}: data_normalization is given as {data_normalization}, but these tensors "
            f"say {all(told)}"
        )
    built_in = {
        "input-norm": use_data_bn,
        "attention-norm": data_normalization,
        "attention-residual": skip_conn,
    }
    options["without"] = [part for part, there in built_in.items() if not there]
    attends = {"joints": any(u.over_joints for u in units)}
    attends["frames"] = any(u.over_frames for u in units)
    if not attends[over]:
        raise LabanError(f"{network}: these tensors have no attention over {over}: check the name")
    encoder = new_encoder(
        ENCODERS["both" if all(attends.values()) else over],
        skeleton or graph_of(network, joints),
        options | {"heads": heads, "dropout": dropout, "drop_attention": drop_attention},
    )
    classifier = Classifier(encoder, size_of(network, weights, "fcn.weight"))
    own = {name: weights[name].shape for name in UNUSED}
    wrong = [f"{name} {list(shape)}" for name, shape in own.items() if shape != (encoder.dim,)]
    refuse_shapes(network, wrong)
    together, ours = stacked(network, weights, tensor_names(units, options["graph"]))
    built = classifier.state_dict()
    places = {  # the official class builds these where it skips them, too
        "input-norm": "encoder.norm.",
        "attention-norm": ".before.",
        "attention-residual": ".temporal.shortcut.",
    }
    idle = [places[part] for part in options["without"]]
    ours = {
        name: own
        for name, own in ours.items()
        if own in built or not any(part in own for part in idle)
    }
    fill(network, classifier, together, ours, partial(converted, joints))
    return classifier


def st_tr_options(
    network: str,
    tensors: Mapping[str, Tensor],
    *,
    strides: Sequence[int] | None = None,
    window: int | None = None,
) -> tuple[dict[str, Any], int]:
    """The options of our encoder that fit these official weights, and the number of joints.

    Args:
        network: The word for errors.
        tensors: By official name.
        strides: As in `st_tr`.
        window: As in `st_tr`.
    """
    units, graph = units_named(tensors), graph_word(tensors)
    check_names(network, tensors, [*tensor_names(units, graph), *UNUSED])
    sizes = [_size(network, tensors, unit) for unit in units]
    channels, widths = sizes[0][0], [width for _, width in sizes]
    every = _strides(network, tensors, units, sizes, strides)
    window = _window(network, units, widths[0], window)
    joins = [i for i in range(1, len(units)) if sizes[i][0] == widths[i - 1] + channels]
    layers = [
        (width, stride, _kind(unit, width, widths[0], window))
        for unit, width, stride in zip(units, widths, every, strict=True)
    ]
    joints = _joints(network, tensors, units, sizes)
    shares = [
        share
        for unit, width in zip(units, widths, strict=True)
        for share in _shares(network, tensors, unit, width)
    ]
    keys = max((keys for _, keys, _ in shares), default=0.25)
    beside = {over: values for over, _, values in shares if values < 1}
    options = {
        "channels": channels,
        "layers": layers,
        "poses_at": joins[0] if joins else None,
        "keys": keys,
        "augment": (beside.get("joints"), beside.get("frames")) if beside else None,
        "graph": graph,
        "persons": _divided(network, tensors, "data_bn.weight", joints * channels),
        "absent_as_zeros": True,
    }
    return options, joints


def _size(network: str, tensors: Mapping[str, Tensor], unit: Unit) -> tuple[int, int]:
    """Channels of a layer's input and output."""
    name = "conv_list.0" if unit.joints + "conv_list.0.weight" in tensors else "conv_d.0"
    name = "attention_conv.qkv_conv" if unit.over_joints else name
    inputs = size_of(network, tensors, f"{unit.joints}{name}.weight", 1)
    return inputs, size_of(network, tensors, unit.joints + "bn.weight")


def _kind(unit: Unit, width: int, first: int, window: int | None) -> str | int:
    if not (unit.over_joints or unit.over_frames):
        return "convolution"
    return window if window and unit.over_frames and width <= first else "attention"


def _window(network: str, units: Sequence[Unit], width: int, given: int | None) -> int | None:
    """Of attention over time in layers as wide as the first; None: it sees all frames."""
    windowed = units[0].place == 0 and units[0].over_frames
    if given is not None and not windowed:
        raise LabanError(
            f"{network}: window is given, but the first layers do not attend to frames"
        )
    if windowed and given is None and width not in WINDOWS:
        raise LabanError(f"{network}: the first layer has {width} channels: give window")
    return (given or WINDOWS[width]) if windowed else None


def _strides(
    network: str,
    tensors: Mapping[str, Tensor],
    units: Sequence[Unit],
    sizes: Sequence[tuple[int, int]],
    given: Sequence[int] | None,
) -> list[int]:
    """The stride of every layer: given, or told by kernels, residuals and widths."""
    first = int(units[0].place < 0)
    if given is not None:
        if len(given) != len(units) - first:
            raise LabanError(
                f"{network}: {len(given)} strides are given for {len(units) - first} layers"
            )
        return [1] * first + list(given)
    strides = []
    for number, (unit, (inputs, width)) in enumerate(zip(units, sizes, strict=True)):
        stride = 1
        if unit.over_frames and unit.frames_shortcut:
            kernel = size_of(network, tensors, unit.frames + "qkv_conv.weight", 3)
            stride = kernel if kernel > 1 else 2
        elif not unit.over_frames and unit.shortcut and number > 0:
            stride = 2 if inputs == width or width > sizes[number - 1][1] else 1
        strides.append(stride)
    return strides


def _joints(
    network: str,
    tensors: Mapping[str, Tensor],
    units: Sequence[Unit],
    sizes: Sequence[tuple[int, int]],
) -> int:
    for unit, (inputs, width) in zip(units, sizes, strict=True):
        if unit.over_joints:
            return _divided(network, tensors, unit.joints + "data_bn.weight", inputs)
        if unit.over_frames and unit.normalises_frames:
            return _divided(network, tensors, unit.frames + "data_bn.weight", width)
    if not any(unit.over_frames for unit in units):
        raise LabanError(f"{network}: these tensors have no attention: check the file")
    for name, tensor in tensors.items():
        if name.endswith((".mask", ".PA")) and tensor.dim():
            return tensor.shape[-1]
    raise LabanError(f"{network}: these tensors do not tell the number of joints: give skeleton")


def _divided(network: str, tensors: Mapping[str, Tensor], name: str, by: int) -> int:
    """The size of a tensor divided by what it must be a multiple of."""
    count, left = divmod(size_of(network, tensors, name), by)
    if left or not count:
        raise LabanError(f"{network}: {name} {list(tensors[name].shape)} is no multiple of {by}")
    return count


def _shares(
    network: str, tensors: Mapping[str, Tensor], unit: Unit, width: int
) -> list[tuple[str, float, float]]:
    """What a layer's attentions are over, and keys and values as shares of its width."""
    places = [("joints", unit.joints + "attention_conv.")] * unit.over_joints
    places += [("frames", unit.frames)] * unit.over_frames
    found = []
    for over, place in places:
        values = size_of(network, tensors, place + "attn_out.weight")
        keys = (size_of(network, tensors, place + "qkv_conv.weight") - values) // 2
        found.append((over, keys / width, values / width))
    return found


def _expected(
    network: str, tensors: Mapping[str, Tensor], layers: Sequence[tuple[int, int, Any]]
) -> list[Unit]:
    """The layers with the residuals that their sizes and strides ask for; an error if others."""
    units, graph = [], graph_word(tensors)
    for unit, (_, stride, _) in zip(units_named(tensors), layers, strict=True):
        inputs, width = _size(network, tensors, unit)
        adaptive = graph.startswith("adaptive") and not unit.over_joints
        units.append(
            unit._replace(
                joints_shortcut=adaptive and inputs != width,
                frames_shortcut=unit.over_frames and stride != 1,
                shortcut=unit.place >= 0 and (inputs != width or stride != 1),
            )
        )
    check_names(network, tensors, [*tensor_names(units, graph), *UNUSED])
    return units
