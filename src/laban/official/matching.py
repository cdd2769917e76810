"""What all loaders need: do these tensors fit, and if not, which ones do not."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.skeletons import SKELETONS, Skeleton

__all__ = [
    "check_names",
    "fill",
    "graph_of",
    "new_encoder",
    "norm_names",
    "refuse_shapes",
    "size_of",
    "skeleton_of",
]


def new_encoder(name: str, skeleton: Skeleton, options: Mapping[str, Any]) -> nn.Module:
    """The encoder of that name, which remembers what it was made of.

    Its ``recipe`` is ``{"name": name, **options}``, as a recipe writes an encoder, and its
    ``skeleton`` the layout: who makes a run of it needs no second reading of the tensors.
    """
    encoder = ENCODERS[name](skeleton, **options)
    vars(encoder).update(recipe={"name": name, **options}, skeleton=skeleton)
    return encoder


def check_names(network: str, given: Iterable[str], expected: Iterable[str]) -> None:
    """Raises one sentence that names every tensor missing and every one left over."""
    given, expected = set(given), set(expected)
    parts = [
        f"{what} {', '.join(sorted(names))}"
        for what, names in (("missing", expected - given), ("left over", given - expected))
        if names
    ]
    if parts:
        raise LabanError(
            f"these tensors are no {network} with the options read off them or given: "
            + "; ".join(parts)
        )


def fill(
    network: str,
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    names: Mapping[str, str],
    convert: Callable[[str, Tensor], Tensor],
) -> None:
    """Copies official tensors into a module of ours.

    Args:
        network: The word for errors.
        module: Ours.
        tensors: By official name.
        names: Official name: ours.
        convert: What turns an official tensor into ours, given our name.
    """
    weights, wrong = module.state_dict(), []
    for official, ours in names.items():
        try:
            tensor = convert(ours, tensors[official])
        except (RuntimeError, IndexError, ValueError):  # of another rank, or not divisible
            tensor = None
        if tensor is None or ours not in weights or tensor.shape != weights[ours].shape:
            wrong.append(f"{official} {list(tensors[official].shape)}")
        else:
            weights[ours] = tensor
    refuse_shapes(network, wrong)
    module.load_state_dict(weights)


def refuse_shapes(network: str, wrong: list[str]) -> None:
    """Raises one sentence with every tensor whose shape does not fit; nothing where none is."""
    if wrong:
        raise LabanError(
            f"{network}: shapes do not fit the rest of the tensors: {', '.join(wrong)}"
        )


def skeleton_of(joints: int) -> Skeleton:
    """A built-in layout with so many joints, else one whose joints have numbers for names."""
    for skeleton in SKELETONS.values():
        if len(skeleton) == joints:
            return skeleton
    names = tuple(f"joint-{j}" for j in range(joints))
    return Skeleton(f"unnamed-{joints}", names, parents=(0,) * joints)


def graph_of(network: str, joints: int) -> Skeleton:
    """The built-in layout with so many joints; an error where there is none to make a graph of."""
    for skeleton in SKELETONS.values():
        if len(skeleton) == joints:
            return skeleton
    raise LabanError(f"{network}: no built-in layout has {joints} joints: give skeleton")


def size_of(network: str, tensors: Mapping[str, Tensor], name: str, axis: int = 0) -> int:
    """The size of a tensor along an axis; an error that names it where it has no such axis."""
    shape = tensors[name].shape
    if axis >= len(shape):
        raise LabanError(f"{network}: {name} {list(shape)} has no axis {axis}: check the file")
    return shape[axis]


def norm_names(theirs: str, ours: str) -> dict[str, str]:
    """The names of a batch normalisation's tensors."""
    ends = ("weight", "bias", "running_mean", "running_var")
    return {f"{theirs}.{end}": f"{ours}.{end}" for end in ends}
