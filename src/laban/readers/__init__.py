"""Readers: one raw format each to clips, a file at a time.

A reader never normalises, filters or pads. It lists the clips of a source by names and list files
(`find`), and turns one of them into a `Clip` (`read`); a file that cannot be read is a LabanError
of one sentence. To add one, write a file beside these and a line in `READERS`; the data sheet of
each dataset, with its address (such as https://rose1.ntu.edu.sg/dataset/actionRecognition/ for
NTU), heads its file.
"""

from typing import Protocol

from laban.clip import Clip
from laban.readers.agcn import Agcn
from laban.readers.bvh import Bvh
from laban.readers.ctr_gcn import CtrGcn
from laban.readers.dhg import Dhg
from laban.readers.fpha import Fpha
from laban.readers.kinetics import Kinetics
from laban.readers.mediapipe import MediaPipe
from laban.readers.msr_action3d import MsrAction3D
from laban.readers.ntu import Ntu
from laban.readers.nw_ucla import NwUcla
from laban.readers.openpose import OpenPose
from laban.readers.pku_mmd import PkuMmd
from laban.readers.precog import Precog
from laban.readers.pyskl import Pyskl
from laban.readers.sbu import Sbu
from laban.readers.sfinge import Sfinge
from laban.readers.shrec17 import Shrec17
from laban.readers.source import Entry, Source
from laban.readers.table import Table
from laban.skeletons import Skeleton

__all__ = ["READERS", "Entry", "Reader", "Source", "detect_format"]


class Reader(Protocol):
    """What every reader has.

    Attributes:
        name: The format's word on the command line.
        about: One line for help.
        layout: How its files are named, for errors.
        skeleton: The joint layout of its clips, None where each source has its own.
        fps: Frames a second, None where the source tells.
    """

    name: str
    about: str
    layout: str

    @property
    def skeleton(self) -> Skeleton | None: ...  # noqa: D102

    @property
    def fps(self) -> float | None: ...  # noqa: D102

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""

    def find(self, source: Source) -> list[Entry]:
        """All clips of a source by names and list files; cheap, no recording is read."""

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry; raises LabanError with one sentence where it is faulty."""


READERS: dict[str, Reader] = {
    "ntu": Ntu(),
    "shrec17": Shrec17(),
    "dhg": Dhg(),
    "fpha": Fpha(),
    "nw-ucla": NwUcla(),
    "pku-mmd": PkuMmd(),
    "kinetics": Kinetics(),
    "msr-action3d": MsrAction3D(),
    "sbu": Sbu(),
    "precog": Precog(),
    "sfinge": Sfinge(),
    "bvh": Bvh(),
    "openpose": OpenPose(),
    "mediapipe": MediaPipe(),
    "table": Table(),
    "agcn": Agcn(),
    "ctr-gcn": CtrGcn(),
    "pyskl": Pyskl(),
}


def detect_format(source: Source) -> str | None:
    """The format whose file names the source has, or None."""
    return next((name for name, reader in READERS.items() if reader.matches(source)), None)
