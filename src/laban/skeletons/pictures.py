"""The bodies that detectors find in pictures: OpenPose's two, COCO's, MediaPipe's."""

from laban.skeletons.skeleton import Skeleton, layout, tree

__all__ = ["COCO_17", "MEDIAPIPE_33", "OPENPOSE_18", "OPENPOSE_25"]

_SHOULDERS = ("shoulder-right", "shoulder-left")
_LIMBS = {
    "arm-left": "shoulder-left elbow-left wrist-left",
    "arm-right": "shoulder-right elbow-right wrist-right",
    "leg-left": "hip-left knee-left ankle-left",
    "leg-right": "hip-right knee-right ankle-right",
}


def _body(name: str, joints: str, trunk: str, spine: tuple[str, str], **ends: str) -> Skeleton:
    """A body of `_LIMBS`, each limb with further joints of its own (``arm_left=...``)."""
    more = {part.replace("_", "-"): own for part, own in ends.items()}
    limbs = {part: f"{own} {more.get(part, '')}" for part, own in _LIMBS.items()}
    return layout(name, tree(joints), {"trunk": trunk, **limbs}, spine=spine, across=_SHOULDERS)


# The joints of OpenPose's COCO model, as in Kinetics-Skeleton, whose neck lies between the
# shoulders; the tree is ST-GCN's. There is no joint at the bottom of the spine, so the left side
# of the trunk stands for it.
OPENPOSE_18 = _body(
    "openpose-18",
    "nose:neck neck:neck shoulder-right:neck elbow-right:shoulder-right "
    "wrist-right:elbow-right shoulder-left:neck elbow-left:shoulder-left "
    "wrist-left:elbow-left hip-right:shoulder-right knee-right:hip-right "
    "ankle-right:knee-right hip-left:shoulder-left knee-left:hip-left "
    "ankle-left:knee-left eye-right:nose eye-left:nose ear-right:eye-right "
    "ear-left:eye-left",
    "nose neck eye-right eye-left ear-right ear-left",
    ("hip-left", "shoulder-left"),
)

# BODY_25 of OpenPose, with its own pairs.
OPENPOSE_25 = _body(
    "openpose-25",
    "nose:neck neck:neck shoulder-right:neck elbow-right:shoulder-right "
    "wrist-right:elbow-right shoulder-left:neck elbow-left:shoulder-left "
    "wrist-left:elbow-left hip-centre:neck hip-right:hip-centre knee-right:hip-right "
    "ankle-right:knee-right hip-left:hip-centre knee-left:hip-left ankle-left:knee-left "
    "eye-right:nose eye-left:nose ear-right:eye-right ear-left:eye-left "
    "big-toe-left:ankle-left small-toe-left:big-toe-left heel-left:ankle-left "
    "big-toe-right:ankle-right small-toe-right:big-toe-right heel-right:ankle-right",
    "nose neck hip-centre eye-right eye-left ear-right ear-left",
    ("hip-centre", "neck"),
    leg_left="big-toe-left small-toe-left heel-left",
    leg_right="big-toe-right small-toe-right heel-right",
)

# COCO's 17 keypoints; the tree is PYSKL's.
COCO_17 = _body(
    "coco-17",
    "nose:nose eye-left:nose eye-right:nose ear-left:eye-left ear-right:eye-right "
    "shoulder-left:nose shoulder-right:nose elbow-left:shoulder-left "
    "elbow-right:shoulder-right wrist-left:elbow-left wrist-right:elbow-right "
    "hip-left:shoulder-left hip-right:shoulder-right knee-left:hip-left "
    "knee-right:hip-right ankle-left:knee-left ankle-right:knee-right",
    "nose eye-left eye-right ear-left ear-right",
    ("hip-left", "shoulder-left"),
)

# MediaPipe Pose; the joints between the limbs that it lacks are not made up, so the tree hangs
# from the nose as COCO's does.
MEDIAPIPE_33 = _body(
    "mediapipe-33",
    "nose:nose eye-inner-left:nose eye-left:eye-inner-left eye-outer-left:eye-left "
    "eye-inner-right:nose eye-right:eye-inner-right eye-outer-right:eye-right "
    "ear-left:eye-outer-left ear-right:eye-outer-right mouth-left:nose mouth-right:nose "
    "shoulder-left:nose shoulder-right:nose elbow-left:shoulder-left "
    "elbow-right:shoulder-right wrist-left:elbow-left wrist-right:elbow-right "
    "pinky-left:wrist-left pinky-right:wrist-right index-left:wrist-left "
    "index-right:wrist-right thumb-left:wrist-left thumb-right:wrist-right "
    "hip-left:shoulder-left hip-right:shoulder-right knee-left:hip-left "
    "knee-right:hip-right ankle-left:knee-left ankle-right:knee-right "
    "heel-left:ankle-left heel-right:ankle-right foot-index-left:heel-left "
    "foot-index-right:heel-right",
    "nose eye-inner-left eye-left eye-outer-left eye-inner-right eye-right eye-outer-right "
    "ear-left ear-right mouth-left mouth-right",
    ("hip-left", "shoulder-left"),
    arm_left="pinky-left index-left thumb-left",
    arm_right="pinky-right index-right thumb-right",
    leg_left="heel-left foot-index-left",
    leg_right="heel-right foot-index-right",
)
