"""What all loaders need: do these tensors fit, and if not, which ones do not."""

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn

from laban.errors import LabanError
from laban.skeletons import SKELETONS, Skeleton

__all__ = ["check_names", "fill", "skeleton_of"]


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
        tensor = convert(ours, tensors[official])
        if tensor.shape != weights[ours].shape:
            wrong.append(f"{official} {list(tensors[official].shape)}")
        weights[ours] = tensor
    if wrong:
        raise LabanError(
            f"{network}: shapes do not fit the rest of the tensors: {', '.join(wrong)}"
        )
    module.load_state_dict(weights)


def skeleton_of(joints: int) -> Skeleton:
    """A built-in layout with so many joints, else one whose joints have numbers for names."""
    for skeleton in SKELETONS.values():
        if len(skeleton) == joints:
            return skeleton
    names = tuple(f"joint-{j}" for j in range(joints))
    return Skeleton(f"unnamed-{joints}", names, parents=(0,) * joints)
