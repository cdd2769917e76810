"""What exists, side by side: a network works on that alone, and its answer goes back to its places.

While PyTorch compiles or exports, shapes must not hang on the data: then nothing is left out, and
masks alone keep absent things apart.
"""

import torch
from torch import Tensor

__all__ = ["all_there", "pack", "per_clip", "places_of", "unpack"]


def all_there(facts: Tensor) -> bool:
    """Whether all are true; not asked while compiling, where an answer would break the graph."""
    return not torch.compiler.is_compiling() and bool(facts.all())


def places_of(there: Tensor) -> Tensor | None:
    """(N,) bool -> (P,) numbers of what exists; None: all of it, or it must not be asked.

    Where nothing exists the first place is given, so that no layer meets an empty tensor.
    """
    if torch.compiler.is_compiling() or all_there(there):
        return None
    return there.nonzero()[:, 0] if bool(there.any()) else there.new_zeros(1, dtype=torch.long)


def pack(x: Tensor, places: Tensor | None) -> Tensor:
    """(N, ...) -> (P, ...)."""
    return x if places is None else x[places]


def unpack(x: Tensor, places: Tensor | None, size: int) -> Tensor:
    """(P, ...) -> (N, ...): zeros elsewhere.

    Args:
        x: What was made of the packed.
        places: As `places_of` gave them.
        size: N.
    """
    if places is None:
        return x
    return x.new_zeros(size, *x.shape[1:]).index_copy(0, places, x)


def per_clip(x: Tensor, places: Tensor | None, each: int) -> Tensor:
    """(1 or B, ...) -> (1 or P, ...): a row of each clip for the ``each`` things that it has."""
    if len(x) == 1:
        return x
    return x.repeat_interleave(each, 0) if places is None else x[places // each]
