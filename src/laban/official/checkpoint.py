"""A checkpoint file as the tensors of a network, without running anything that is in it."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from laban.errors import LabanError

__all__ = ["read_checkpoint"]

# Under what trainers put a network's state dict, beside their own counters.
PLACES = ("model", "state_dict", "model_state_dict", "net", "weights")


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The state dict of a file that ``torch.save`` wrote, on the CPU.

    It may be the file's own value or stand under one of `PLACES`. Only tensors and plain
    containers are read (``weights_only``): no code of the file is run.

    Raises:
        LabanError: Where the file cannot be read, is no checkpoint, or holds other things.
    """
    try:
        file = path.open("rb")
    except OSError as fault:
        raise LabanError(f"{path} cannot be read ({fault.strerror}): check the path") from fault
    with file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickles that are refused anyway
        try:
            value = torch.load(file, weights_only=True, map_location="cpu")
        except Exception as fault:  # noqa: BLE001 - a damaged file may raise anything
            raise LabanError(_reason(path, str(fault))) from None
    while isinstance(value, Mapping):
        inner = next((value[key] for key in PLACES if isinstance(value.get(key), Mapping)), None)
        if inner is None:
            return _tensors(path, value)
        value = inner
    raise LabanError(
        f"{path} holds one {type(value).__name__}, not the tensors of a network by name: save the "
        "network's state_dict()"
    )


def _reason(path: Path, fault: str) -> str:
    """Why weights alone could not be read, as one sentence."""
    found = re.search(r"(?:GLOBAL|unsupported class) ([\w.]*\w)", fault)
    if found:
        return (
            f"{path} holds a Python object ({found[1]}), which is not loaded, because that could "
            "run anything: where you trust the file, save the state_dict() alone in a new one"
        )
    return f"{path} is no PyTorch checkpoint, or a damaged one: get the file again"


def _tensors(path: Path, value: Mapping[Any, Any]) -> dict[str, Tensor]:
    """The state dict, each of whose entries must be a tensor with a name."""
    for key, tensor in value.items():
        if not isinstance(key, str) or not isinstance(tensor, Tensor):
            raise LabanError(
                f"{path}: entry {str(key)!r} is a {type(tensor).__name__}, not a tensor: save the "
                f"network's state_dict(), alone or under '{PLACES[0]}'"
            )
    if not value:
        raise LabanError(f"{path} holds no tensors: save the network's state_dict()")
    return dict(value)
