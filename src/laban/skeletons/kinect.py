"""The bodies of depth sensors: both Kinects, and PrimeSense's fifteen joints."""

from laban.skeletons.skeleton import layout, tree

__all__ = ["KINECT_V1", "KINECT_V2", "SBU_15"]

# Both Kinect trees hang from the joint between the shoulders, and version 2's hand tip from the
# thumb: the graph of ST-GCN, 2s-AGCN and ST-TR (its `ntu_gen_bones.py`) and PSTL's joint degrees.
KINECT_V2 = layout(
    "kinect-v2",
    {
        "spine-base": "spine-mid",
        "spine-mid": "spine-shoulder",
        "neck": "spine-shoulder",
        "head": "neck",
        "shoulder-left": "spine-shoulder",
        "elbow-left": "shoulder-left",
        "wrist-left": "elbow-left",
        "hand-left": "wrist-left",
        "shoulder-right": "spine-shoulder",
        "elbow-right": "shoulder-right",
        "wrist-right": "elbow-right",
        "hand-right": "wrist-right",
        "hip-left": "spine-base",
        "knee-left": "hip-left",
        "ankle-left": "knee-left",
        "foot-left": "ankle-left",
        "hip-right": "spine-base",
        "knee-right": "hip-right",
        "ankle-right": "knee-right",
        "foot-right": "ankle-right",
        "spine-shoulder": "spine-shoulder",
        "hand-tip-left": "thumb-left",
        "thumb-left": "hand-left",
        "hand-tip-right": "thumb-right",
        "thumb-right": "hand-right",
    },
    {
        "trunk": "spine-base spine-mid neck head spine-shoulder",
        "arm-left": "shoulder-left elbow-left wrist-left hand-left hand-tip-left thumb-left",
        "arm-right": "shoulder-right elbow-right wrist-right hand-right hand-tip-right thumb-right",
        "leg-left": "hip-left knee-left ankle-left foot-left",
        "leg-right": "hip-right knee-right ankle-right foot-right",
    },
    spine=("spine-base", "spine-shoulder"),
    across=("shoulder-right", "shoulder-left"),
)

KINECT_V1 = layout(
    "kinect-v1",
    {
        "hip-centre": "spine",
        "spine": "shoulder-centre",
        "shoulder-centre": "shoulder-centre",
        "head": "shoulder-centre",
        "shoulder-left": "shoulder-centre",
        "elbow-left": "shoulder-left",
        "wrist-left": "elbow-left",
        "hand-left": "wrist-left",
        "shoulder-right": "shoulder-centre",
        "elbow-right": "shoulder-right",
        "wrist-right": "elbow-right",
        "hand-right": "wrist-right",
        "hip-left": "hip-centre",
        "knee-left": "hip-left",
        "ankle-left": "knee-left",
        "foot-left": "ankle-left",
        "hip-right": "hip-centre",
        "knee-right": "hip-right",
        "ankle-right": "knee-right",
        "foot-right": "ankle-right",
    },
    {
        "trunk": "hip-centre spine shoulder-centre head",
        "arm-left": "shoulder-left elbow-left wrist-left hand-left",
        "arm-right": "shoulder-right elbow-right wrist-right hand-right",
        "leg-left": "hip-left knee-left ankle-left foot-left",
        "leg-right": "hip-right knee-right ankle-right foot-right",
    },
    spine=("hip-centre", "shoulder-centre"),
    across=("shoulder-right", "shoulder-left"),
)

# PrimeSense's 15 joints; hands and feet are the ends of the limbs.
SBU_15 = layout(
    "sbu-15",
    tree(
        "head:neck neck:neck torso:neck shoulder-left:neck elbow-left:shoulder-left "
        "hand-left:elbow-left shoulder-right:neck elbow-right:shoulder-right "
        "hand-right:elbow-right hip-left:torso knee-left:hip-left foot-left:knee-left "
        "hip-right:torso knee-right:hip-right foot-right:knee-right"
    ),
    {
        "trunk": "head neck torso",
        "arm-left": "shoulder-left elbow-left hand-left",
        "arm-right": "shoulder-right elbow-right hand-right",
        "leg-left": "hip-left knee-left foot-left",
        "leg-right": "hip-right knee-right foot-right",
    },
    spine=("torso", "neck"),
    across=("shoulder-right", "shoulder-left"),
)
