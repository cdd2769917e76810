"""MSR-Action3D: Action Recognition Based on a Bag of 3D Points, world coordinates.

Li, Zhang and Liu, CVPR workshops 2010, https://doi.org/10.1109/CVPRW.2010.5543273; skeletons of
Wang and others, CVPR 2012, https://sites.google.com/view/wanqingli/data-sets/msr-action3d. 567
clips, 20 actions by 10 subjects, up to three times each, a depth camera at about 15 frames a
second; subjects face it and use the right arm or leg where an action takes one.

One clip is ``aAA_sSS_eEE_skeleton3D.txt`` (action, subject, trial): a joint a line, 20 lines a
frame, x y z in metres in the camera's frame and a confidence, such as
``-0.366164 0.358310 2.570806 1.000000``. The joints are those of the Kinect v1 in an order of their
own, `_ORDER`; clips have them in the Kinect's order.

Known defects: frames of zeros, in which nobody is present (``a13_s09_e02`` has no other and is an
error), and ten clips "whose skeletons are
either missing or too erroneous", among them ``a13_s09_e03`` of 936 frames. The archive's
``files_used_in_cvpr12_paper.txt`` leaves these out; clips that it does not name get the fact
``skeleton: faulty``, and the benchmarks pass over them, as papers since have done.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from einops import rearrange

from laban.classes import MSR_ACTIONS
from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.source import Entry, Source, distinct, named
from laban.readers.text import number_rows
from laban.skeletons import SKELETONS

__all__ = ["MsrAction3D"]

_FILE = re.compile(r"(?:^|/)(a(\d+)_s(\d+)_e(\d+))_skeleton3D\.txt$")
_LIST = "files_used_in_cvpr12_paper.txt"
_ORDER = (
    "shoulder-left shoulder-right shoulder-centre spine hip-left hip-right hip-centre elbow-left "
    "elbow-right wrist-left wrist-right hand-left hand-right knee-left knee-right ankle-left "
    "ankle-right foot-left foot-right head"
).split()


@dataclass(frozen=True)
class MsrAction3D:
    """Reader of MSR-Action3D clips."""

    name = "msr-action3d"
    about = "MSR-Action3D (20 joints): aAA_sSS_eEE_skeleton3D.txt"
    layout = "aAA_sSS_eEE_skeleton3D.txt"
    skeleton = SKELETONS["kinect-v1"]
    fps = 15.0

    def matches(self, source: Source) -> bool:
        """Whether the source has files named as this format's."""
        return any(_FILE.search(name) for name in source.names())

    def find(self, source: Source) -> list[Entry]:
        """All clips by their names; where the list of usable ones is there, others are marked."""
        names = source.names()
        lists = named(names, _LIST)
        usable = {clip for name in lists for clip in _listed(source, name)}
        found = (match for match in map(_FILE.search, names) if match)
        return distinct(_entry(match, usable) for match in found)

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (1, T, 20, 3) in metres."""
        rows = number_rows(source.read(entry.path), entry.path, 4)
        joints = len(_ORDER)
        if len(rows) % joints:
            raise LabanError(
                f"{entry.path} has {len(rows)} lines, no multiple of {joints} joints: the file is "
                "damaged, copy it again"
            )
        frames = rearrange(rows, "(t v) c -> 1 t v c", v=joints)
        frames = frames[:, :, [_ORDER.index(joint) for joint in self.skeleton.joints]]
        if not frames[..., :3].any():
            raise LabanError(f"{entry.path} has no body in any frame: leave the file out")
        return Clip(
            name=entry.name,
            poses=frames[..., :3],
            skeleton=self.skeleton,
            confidence=frames[..., 3],
            fps=self.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )


def _entry(match: re.Match[str], usable: set[str]) -> Entry:
    action, subject, trial = map(int, match.groups()[1:])
    facts = {"subject": str(subject), "trial": str(trial)}
    if usable and match[1] not in usable:
        facts["skeleton"] = "faulty"
    label = MSR_ACTIONS[action - 1] if 1 <= action <= len(MSR_ACTIONS) else None
    return Entry(name=match[1], path=match.string, facts=facts, label=label)


def _listed(source: Source, name: str) -> Iterator[str]:
    """The clips that the list of usable ones names."""
    for number, line in enumerate(source.read(name).decode("utf-8", "replace").split("\n"), 1):
        word = line.strip()
        if word and not re.fullmatch(r"a\d+_s\d+_e\d+", word):
            raise LabanError(f"{name}, line {number}: {word[:40]!r} is no clip such as a01_s01_e01")
        if word:
            yield word
