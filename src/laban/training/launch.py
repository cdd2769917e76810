"""Where a training runs and how exactly it computes: Lightning Fabric's devices and precision."""

import logging
import os
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import precision as plugins

from laban.training.settings import Precision

__all__ = ["definite", "launch", "multiplies_bfloat16"]


class _FullInput(plugins.MixedPrecision):
    """Mixed precision that leaves the batch alone: views are computed on full coordinates."""

    def convert_input(self, data: Any) -> Any:
        """The batch as it is."""
        return data


def launch(precision: Precision) -> Fabric:
    """Fabric on what is there: one process, or as many as torchrun started, on any machines.

    Args:
        precision: A `definite` word.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    local = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    nodes = int(os.environ.get("WORLD_SIZE", 1)) // local
    several = local * nodes > 1
    fabric = Fabric(
        devices=local,
        num_nodes=nodes,
        strategy="ddp" if several else "auto",
        plugins=_plugin(precision),
    )
    fabric.launch()
    return fabric


def definite(precision: Precision) -> Precision:
    """A precision's word for this machine: ``auto`` becomes one, the others stay as they are."""
    if precision != "auto":
        return precision
    return "bf16-mixed" if multiplies_bfloat16() else "32-true"


def multiplies_bfloat16() -> bool:
    """Whether the device that trains has bfloat16 products of its own.

    Where it has not they are imitated: on a CPU with AVX2 alone, 50 times as slow as float32.
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if not hasattr(torch.cpu, "get_capabilities"):  # PyTorch before it told them
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())
    has = torch.cpu.get_capabilities()
    return any(has.get(word, False) for word in ("avx512_bf16", "amx_bf16", "bf16"))


def _plugin(word: Precision) -> plugins.Precision:
    """Fabric's plugin of a definite precision's word."""
    if word == "32-true":
        return plugins.Precision()
    if word == "64-true":
        return plugins.DoublePrecision()
    return _FullInput(word, "cuda" if torch.cuda.is_available() else "cpu")  # type: ignore[arg-type]
