"""Poses to features: one network a file, all on one contract.

``forward(poses (B, M, T, V, C), present (B, M, T), joints=None, frames=None)`` gives `Features`;
``dim`` is their width. An encoder knows neither labels nor losses.
"""

from torch import nn

from laban.encoders.dsta_net import DSTANet
from laban.encoders.hi_trs import HiTRS
from laban.encoders.st_gcn import STGCN
from laban.encoders.st_tr import STR, STTR1S, TTR
from laban.encoders.stst import STST

__all__ = ["ENCODERS", "STGCN", "STR", "STST", "STTR1S", "TTR", "DSTANet", "HiTRS"]

ENCODERS: dict[str, type[nn.Module]] = {
    "dsta-net": DSTANet,
    "hi-trs": HiTRS,
    "st-gcn": STGCN,
    "s-tr": STR,
    "t-tr": TTR,
    "st-tr-1s": STTR1S,
    "stst": STST,
}
