"""Weights of the authors' own networks in ours: the same scores from the same poses.

``laban.official.load(NAME, state_dict, **options)`` reads sizes and options off the tensors; what
they do not tell is an option of that network's loader, which defaults to the shipped configuration.
Facts of the official code are here, none of its code.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor, nn

from laban.errors import LabanError, unknown_name
from laban.official.dsta_net import dsta_net
from laban.official.hi_trs import hi_trs
from laban.official.pstl import pstl
from laban.official.st_tr import st_tr
from laban.official.stst import stst

__all__ = ["LOADERS", "load"]

LOADERS: dict[str, Callable[..., nn.Module]] = {
    "dsta-net": dsta_net,
    "st-tr-spatial": partial(st_tr, "joints"),
    "st-tr-temporal": partial(st_tr, "frames"),
    "stst": stst,
    "pstl": pstl,
    "hi-trs": hi_trs,
}


def load(name: str, state_dict: Mapping[str, Tensor], **options: Any) -> nn.Module:
    """A module that takes poses (B, M, T, V, C) -> scores (B, K), as the official network does.

    For ``pstl``, an encoder alone, it is the pooled features (B, D).

    It is in evaluation mode. Buffers that the official class computes itself are accepted, and the
    ``module.`` that PyTorch's DataParallel puts before every name.

    Args:
        name: One of `LOADERS`.
        state_dict: The official network's tensors by their official names.
        options: What the tensors do not tell, see the loader of that name.

    Raises:
        LabanError: Where the name or an option is unknown, tensors are missing, left over or of
            another shape, or tensors and options disagree.
    """
    if name not in LOADERS:
        raise unknown_name("official network", name, LOADERS)
    known = list(inspect.signature(LOADERS[name]).parameters)[1:]
    for option in options:
        if option not in known:
            raise unknown_name(f"option of {name}", option, known)
    tensors = {}
    for key, tensor in state_dict.items():
        if not isinstance(tensor, Tensor):
            raise LabanError(
                f"{name}: entry '{key}' is no tensor: pass the state dict that holds the weights"
            )
        tensors[key.removeprefix("module.")] = tensor
    return LOADERS[name](tensors, **options).eval()
