"""Forward and inverse kinematics: channels of a score to the 25 joints of Kinect version 2.

A person's own frame is right-handed, in metres: x to the person's left, y up from the floor, z
forward. The pelvis is the root, as in Kinect's own tree
(https://arxiv.org/abs/1604.02808); wrists and ankles go to their targets by two-bone
inverse kinematics, so feet stay planted while the pelvis moves. Bones keep their length.
"""

import numpy as np

from laban.motions.performers import Performer
from laban.motions.score import INDEX
from laban.skeletons import SKELETONS

__all__ = ["HIERARCHY", "axes", "mirrored", "pose_body", "two_bones"]

HIERARCHY: dict[str, str] = {
    "spine-mid": "spine-base",
    "spine-shoulder": "spine-mid",
    "neck": "spine-shoulder",
    "head": "neck",
    **{f"hip-{s}": "spine-base" for s in ("left", "right")},
    **{f"knee-{s}": f"hip-{s}" for s in ("left", "right")},
    **{f"ankle-{s}": f"knee-{s}" for s in ("left", "right")},
    **{f"foot-{s}": f"ankle-{s}" for s in ("left", "right")},
    **{f"shoulder-{s}": "spine-shoulder" for s in ("left", "right")},
    **{f"elbow-{s}": f"shoulder-{s}" for s in ("left", "right")},
    **{f"wrist-{s}": f"elbow-{s}" for s in ("left", "right")},
    **{f"hand-{s}": f"wrist-{s}" for s in ("left", "right")},
    **{f"hand-tip-{s}": f"hand-{s}" for s in ("left", "right")},
    **{f"thumb-{s}": f"hand-{s}" for s in ("left", "right")},
}
"""Child to parent of the moving body; the graph that networks use hangs from elsewhere."""

_KINECT = SKELETONS["kinect-v2"]
_J = {joint: j for j, joint in enumerate(_KINECT.joints)}
_SIDES = (("r", "right", -1.0), ("l", "left", 1.0))


def axes(yaw: np.ndarray, pitch: np.ndarray, roll: np.ndarray) -> np.ndarray:
    """Angles (T,) each -> (T, 3, 3) whose columns are left, up, forward: R = Ry Rx Rz.

    Positive yaw turns to the person's left, pitch leans forward, roll leans to the right.
    """
    cy, sy = np.cos(yaw), np.sin(yaw)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    turned = np.empty((*np.shape(yaw), 3, 3))
    turned[..., 0, 0] = cy * cr + sy * sp * sr
    turned[..., 0, 1] = sy * sp * cr - cy * sr
    turned[..., 0, 2] = sy * cp
    turned[..., 1, 0] = cp * sr
    turned[..., 1, 1] = cp * cr
    turned[..., 1, 2] = -sp
    turned[..., 2, 0] = cy * sp * sr - sy * cr
    turned[..., 2, 1] = sy * sr + cy * sp * cr
    turned[..., 2, 2] = cy * cp
    return turned


def _length(v: np.ndarray) -> np.ndarray:
    return np.sqrt((v * v).sum(-1, keepdims=True))


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(_length(v), 1e-9)


def two_bones(
    root: np.ndarray, target: np.ndarray, pole: np.ndarray, upper: float, lower: float
) -> tuple[np.ndarray, np.ndarray]:
    """Root, target, pole (T, 3) -> middle and end joint (T, 3) of two bones, bent towards pole.

    A target out of reach is approached as far as the bones go; joints fold to 35 degrees at most.
    """
    way = target - root
    along = _unit(way)
    far = np.clip(_length(way), 0.3 * (upper + lower), 0.998 * (upper + lower))
    cosine = (upper * upper + far * far - lower * lower) / (2 * upper * far)
    across = _unit(pole - (pole * along).sum(-1, keepdims=True) * along)
    middle = root + upper * (along * cosine + across * np.sqrt(1 - cosine * cosine))
    return middle, root + along * far


def _pelvis(c: np.ndarray, performer: Performer, hips_yaw: np.ndarray) -> np.ndarray:
    """Channels (T, K), heading (T,) -> pelvis (T, 3), never higher than the planted feet allow."""
    size, lengths = performer.stature, performer.lengths
    leg = lengths["thigh"] + lengths["shin"]
    drop = 0.4 * lengths["hip"]
    place = np.empty((len(c), 3))
    place[:, 0] = c[:, INDEX["px"]] * size
    place[:, 2] = c[:, INDEX["pz"]] * size
    standing = lengths["ankle"] + 0.985 * leg + drop
    height = c[:, INDEX["h"]] * standing + c[:, INDEX["lift"]] * size
    for side, _, sign in _SIDES:
        foot = c[:, [INDEX[side + axis] for axis in ("fx", "fy", "fz")]] * size
        hip_x = place[:, 0] + sign * lengths["hip"] * np.cos(hips_yaw)
        hip_z = place[:, 2] - sign * lengths["hip"] * np.sin(hips_yaw)
        flat = (foot[:, 0] - hip_x) ** 2 + (foot[:, 2] - hip_z) ** 2
        upright = np.sqrt(np.maximum((0.992 * leg) ** 2 - flat, 0.05))
        height = np.minimum(height, foot[:, 1] + lengths["ankle"] + upright + drop)
    place[:, 1] = height
    return place


def _arm(c: np.ndarray, performer: Performer, side: str) -> tuple[np.ndarray, ...]:
    """Channels (T, K) -> wrist target, hand bend, thumb (T, 3) in trunk axes, of one side."""
    sign = -1.0 if side == "r" else 1.0
    first = INDEX[side + "x"]
    flip = np.array([sign, 1.0, 1.0])
    wrist = c[:, first : first + 3] * flip * performer.stature
    bend, thumb = c[:, first + 4 : first + 7] * flip, c[:, first + 7 : first + 10] * flip
    return wrist, bend, thumb


def _elbow_pole(way: np.ndarray, chest: np.ndarray, swing: np.ndarray, sign: float) -> np.ndarray:
    """Shoulder to wrist (T, 3), trunk (T, 3, 3), 0 to 1 (T,) -> where the elbow points (T, 3).

    Back for a hanging arm, down for one held forward, forward for one held up, turned outward by
    swing; the small constant part decides for an arm held sideways, where all that says nothing.
    """
    way = _unit(way)
    across = chest[:, :, 0]
    outward = sign * across
    outward = outward - (outward * way).sum(-1, keepdims=True) * way
    angle = swing[:, None] * (np.pi / 2)
    constant = -0.35 * chest[:, :, 1] - 0.1 * chest[:, :, 2]
    return np.cos(angle) * np.cross(across, way) + np.sin(angle) * outward + constant


def _turn(frame: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Frames (T, 3, 3), vectors (T, 3) -> (T, 3)."""
    return (frame @ v[:, :, None])[:, :, 0]


def _set_arm(
    joints: np.ndarray, c: np.ndarray, performer: Performer, chest: np.ndarray, contacts: list
) -> None:
    """Write both arms into joints (T, 25, 3); contacts hold (side, weight (T,), point (T, 3))."""
    lengths, top = performer.lengths, joints[:, _J["spine-shoulder"]]
    for side, word, sign in _SIDES:
        wrist, bend, thumb = (_turn(chest, v) for v in _arm(c, performer, side))
        target = top + wrist
        for touching, weight, point in contacts:
            if touching == side:
                target = target + weight[:, None] * (point - target)
        across, drop = sign * lengths["shoulder"] * chest[:, :, 0], -0.02 * performer.stature
        shoulder = top + across + drop * chest[:, :, 1]
        swing = c[:, INDEX[side + "elbow"]]
        pole = _elbow_pole(target - shoulder, chest, swing, sign)
        elbow, end = two_bones(shoulder, target, pole, lengths["upper-arm"], lengths["forearm"])
        pointing = _unit(_unit(end - elbow) + bend)
        side_on = _unit(thumb - (thumb * pointing).sum(-1, keepdims=True) * pointing)
        palm = sign * np.cross(pointing, side_on)
        curl = c[:, INDEX[side + "grip"], None] * 1.4
        hand = end + lengths["hand"] * pointing
        tip = hand + lengths["tip"] * (np.cos(curl) * pointing + np.sin(curl) * palm)
        thumb_end = hand + lengths["thumb"] * _unit(side_on + 0.35 * pointing)
        names = ("shoulder", "elbow", "wrist", "hand", "hand-tip", "thumb")
        for name, place in zip(names, (shoulder, elbow, end, hand, tip, thumb_end), strict=True):
            joints[:, _J[f"{name}-{word}"]] = place


def _set_legs(
    joints: np.ndarray, c: np.ndarray, performer: Performer, pelvis: np.ndarray, yaw: np.ndarray
) -> None:
    """Write both legs into joints (T, 25, 3), knees bent forward and a little outward."""
    lengths, base = performer.lengths, joints[:, _J["spine-base"]]
    for side, word, sign in _SIDES:
        hip = (
            base + sign * lengths["hip"] * pelvis[:, :, 0] - 0.4 * lengths["hip"] * pelvis[:, :, 1]
        )
        first = INDEX[side + "fx"]
        ankle = c[:, first : first + 3] * performer.stature
        ankle[:, 1] += lengths["ankle"]
        heading = c[:, first + 3]
        ahead = 0.5 * (heading + yaw) + sign * 0.08
        pole = np.stack([np.sin(ahead), np.full(len(c), 0.15), np.cos(ahead)], -1)
        knee, end = two_bones(hip, ankle, pole, lengths["thigh"], lengths["shin"])
        down = 0.33 + c[:, first + 4]
        level = np.cos(down)
        toe = np.stack([np.sin(heading) * level, -np.sin(down), np.cos(heading) * level], -1)
        places = (hip, knee, end, end + lengths["foot"] * toe)
        for name, place in zip(("hip", "knee", "ankle", "foot"), places, strict=True):
            joints[:, _J[f"{name}-{word}"]] = place


def pose_body(
    performer: Performer, controls: np.ndarray, contacts: list | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Channels (T, K) -> joints (T, 25, 3) and trunk axes (T, 3, 3) in the person's own frame.

    Args:
        performer: Whose proportions.
        controls: As `Score.controls` gives them.
        contacts: Triples (side, weight (T,) in 0 to 1, point (T, 3)) that draw a wrist away.
    """
    c, lengths = controls, performer.lengths
    pitch, roll = c[:, INDEX["pitch"]], c[:, INDEX["roll"]]
    yaw, twist = c[:, INDEX["yaw"]], c[:, INDEX["twist"]]
    joints = np.empty((len(c), len(_KINECT), 3))
    hips_yaw = yaw + 0.25 * twist
    pelvis = axes(hips_yaw, 0.35 * pitch, 0.3 * roll)
    belly = axes(yaw + 0.6 * twist, 0.8 * pitch, 0.7 * roll)
    chest = axes(yaw + twist, 1.1 * pitch, roll)
    turn = yaw + 0.8 * twist + c[:, INDEX["turn"]]
    head = axes(turn, 0.85 * pitch + c[:, INDEX["nod"]], 0.6 * roll + c[:, INDEX["tilt"]])
    base = _pelvis(c, performer, hips_yaw)
    middle = base + lengths["belly"] * belly[:, :, 1]
    top = middle + lengths["chest"] * chest[:, :, 1]
    neck = top + lengths["neck"] * (0.97 * chest[:, :, 1] + 0.24 * chest[:, :, 2])
    skull = neck + lengths["head"] * (0.97 * head[:, :, 1] + 0.24 * head[:, :, 2])
    for name, place in zip(
        ("spine-base", "spine-mid", "spine-shoulder", "neck", "head"),
        (base, middle, top, neck, skull),
        strict=True,
    ):
        joints[:, _J[name]] = place
    _set_legs(joints, c, performer, pelvis, hips_yaw)
    _set_arm(joints, c, performer, chest, contacts or [])
    return joints, chest


def mirrored(joints: np.ndarray) -> np.ndarray:
    """(..., 25, 3) -> (..., 25, 3): left and right exchanged in a person's own frame."""
    return joints[..., list(_KINECT.mirror), :] * np.array([-1.0, 1.0, 1.0])
