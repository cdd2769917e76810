"""Northwestern-UCLA Multiview Action3D, as the JSON files that skeleton papers share.

Wang and others, Cross-view Action Modeling, Learning and Recognition, CVPR 2014,
https://arxiv.org/abs/1405.2941. 1,484 clips, 10 actions by 10 subjects, three Kinect v1 at 30
frames a second; usual split: cameras 1 and 2 train, camera 3 tests.

One clip is ``aAA_sSS_eEE_vVV.json`` (action, subject, trial, camera): an object whose
``skeletons`` is a list of frames, each a list of 20 joints, each ``[x, y, z]`` in metres in the
camera's frame, such as ``{"file_name": "a01_s01_e00_v01", "skeletons": [[[0.04, 0.44, 2.49], ...``.

Known defect of these files: for *pick up with two hands* and *drop trash* the clips of camera 3
repeat those of camera 2, joint for joint, so 95 of the 464 test clips of the usual split have their
double among the training clips, and every accuracy on it, published ones too, is the higher for it.

Unusual here: the action numbers have gaps (1 2 3 4 5 6 8 9 11 12); labels are the names, and the
key ``label`` that the files have as well (1 to 10) is not read.
"""

import re
from dataclasses import dataclass

import numpy as np

from laban.classes import NW_UCLA_ACTIONS
from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.json_file import LARGEST_JSON, parse_json
from laban.readers.source import Entry, Source, distinct
from laban.skeletons import SKELETONS

__all__ = ["NwUcla"]

_FILE = re.compile(r"(?:^|/)(a(\d+)_s(\d+)_e(\d+)_v(\d+))\.json$")


@dataclass(frozen=True)
class NwUcla:
    """Reader of Northwestern-UCLA clips."""

    name = "nw-ucla"
    about = "Northwestern-UCLA Multiview Action3D (20 joints): aAA_sSS_eEE_vVV.json"
    layout = "aAA_sSS_eEE_vVV.json"
    skeleton = SKELETONS["kinect-v1"]
    fps = 30.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips, by their names alone."""
        return distinct(_entry(match) for match in map(_FILE.search, source.names()) if match)

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (1, T, 20, 3) in metres."""
        if (size := source.size(entry.path)) > LARGEST_JSON:
            raise LabanError(f"{entry.path} has {size:,} bytes, too many for a clip: leave it out")
        return Clip(
            name=entry.name,
            poses=_poses(source.read(entry.path), entry.path, len(self.skeleton)),
            skeleton=self.skeleton,
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def _entry(match: re.Match[str]) -> Entry:
    action, subject, trial, camera = map(int, match.groups()[1:])
    facts = {"subject": str(subject), "trial": str(trial), "camera": str(camera)}
    label = NW_UCLA_ACTIONS.get(action)
    return Entry(name=match[1], path=match.string, facts=facts, label=label)


def _poses(data: bytes, name: str, joints: int) -> np.ndarray:
    """JSON -> (T, V, 3) float32; LabanError with the file and what is wrong with it."""
    value = parse_json(data, name)
    if not isinstance(value, dict) or not isinstance(value.get("skeletons"), list):
        raise LabanError(f"{name}: there is no list 'skeletons' in it, is this NW-UCLA's JSON?")
    frames = value["skeletons"]
    if not frames:
        raise LabanError(f"{name} has 0 frames: leave the file out")
    try:
        poses = np.array(frames)
    except (ValueError, OverflowError):
        poses = np.empty(0)
    if poses.dtype.kind not in "iuf" or poses.shape[1:] != (joints, 3):
        raise LabanError(
            f"{name}, frame {_odd_frame(frames, joints)}: give {joints} joints of 3 numbers each"
        )
    with np.errstate(over="ignore"):
        poses = poses.astype(np.float32)
    if not np.isfinite(poses).all():
        frame, joint, _ = np.argwhere(~np.isfinite(poses))[0]
        raise LabanError(
            f"{name}, frame {frame}: joint {SKELETONS['kinect-v1'].joints[joint]} has a "
            "coordinate that is not finite, mend it or leave the file out"
        )
    return poses


def _odd_frame(frames: list, joints: int) -> int:
    """The number of the first frame, from 0, that is not joints x 3 numbers."""
    for number, frame in enumerate(frames):
        try:
            pose = np.array(frame)
        except (ValueError, OverflowError):
            return number
        if pose.dtype.kind not in "iuf" or pose.shape != (joints, 3):
            return number
    return 0
