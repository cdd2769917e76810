"""Joint layouts as data: the only place with joint numbers; elsewhere joints are named.

`skeleton.py` says what a layout is; the built-in ones lie beside it, by what records them. To add
one, write it in the file it belongs to and into `SKELETONS`.

>>> skeleton = SKELETONS["kinect-v2"]
>>> skeleton.index("spine-shoulder")
20
>>> skeleton.joints[skeleton.parents[5]]
'shoulder-left'
>>> skeleton.joints[skeleton.mirror[4]]
'shoulder-right'
"""

from laban.errors import unknown_name
from laban.skeletons.hands import HAND_20, HAND_21, HAND_22
from laban.skeletons.kinect import KINECT_V1, KINECT_V2, SBU_15
from laban.skeletons.pictures import COCO_17, MEDIAPIPE_33, OPENPOSE_18, OPENPOSE_25
from laban.skeletons.skeleton import Skeleton

__all__ = ["SKELETONS", "Skeleton", "skeleton_named"]

SKELETONS: dict[str, Skeleton] = {
    layout.name: layout
    for layout in (
        KINECT_V2,
        KINECT_V1,
        HAND_22,
        HAND_21,
        HAND_20,
        SBU_15,
        OPENPOSE_18,
        OPENPOSE_25,
        COCO_17,
        MEDIAPIPE_33,
    )
}


def skeleton_named(name: str) -> Skeleton:
    """The built-in skeleton of that name; the error lists the nearest ones."""
    if name not in SKELETONS:
        raise unknown_name("skeleton", name, SKELETONS)
    return SKELETONS[name]
