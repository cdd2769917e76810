"""Laban recognises human actions in skeleton sequences.

>>> import laban
>>> laban.Skeleton  # doctest: +ELLIPSIS
<class 'laban.skeletons.skeleton.Skeleton'>
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Clip", "LabanError", "Segment", "Skeleton", "Store", "Stream", "load", "map_clip"]

if TYPE_CHECKING:
    from laban.clip import Clip, Segment
    from laban.errors import LabanError
    from laban.live import Stream
    from laban.loading import load
    from laban.mapping import map_clip
    from laban.skeletons import Skeleton
    from laban.store import Store

# Importing the package must not import PyTorch: `laban --help` answers at once.
_HOMES = {
    "Clip": "laban.clip",
    "LabanError": "laban.errors",
    "Segment": "laban.clip",
    "Skeleton": "laban.skeletons",
    "Store": "laban.store",
    "Stream": "laban.live",
    "load": "laban.loading",
    "map_clip": "laban.mapping",
}
_MODULES = ("encoders", "motions", "official")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"laban.{name}")
    raise AttributeError(f"module 'laban' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES, "__version__"])
