"""A clip as the page draws it: what it is as JSON, its streams as arrays.

Poses go out as they are kept (y up, nothing mirrored), so the page looks from where the camera
stood: in Kinect's frame, x to the sensor's left and z away from it, which is right-handed.
"""

from typing import Any

import numpy as np

from laban.card import Card
from laban.clip import Clip
from laban.errors import LabanError
from laban.skeletons import Skeleton
from laban.viewer.network import OverTime

__all__ = ["described", "over_time", "stream_values"]

SHOWN = 6  # classes whose probabilities are drawn


def described(clip: Clip, card: Card) -> dict[str, Any]:
    """What a clip is, without its poses."""
    return {
        "name": clip.name,
        "label": clip.label,
        "facts": dict(clip.facts),
        "frames": clip.frames,
        "persons": clip.persons,
        "fps": clip.fps,
        "skeleton": _layout(clip.skeleton),
        "segments": [[s.label, s.start, s.end] for s in clip.segments],
        "stream": card.stream,
    }


def _layout(skeleton: Skeleton) -> dict[str, Any]:
    """Joints, bones, and of each joint its body part and its side."""
    part = [""] * len(skeleton)
    for name, joints in skeleton.parts.items():
        for joint in joints:
            part[joint] = name
    sides = ["left" if "left" in p else "right" if "right" in p else "middle" for p in part]
    return {
        "name": skeleton.name,
        "joints": list(skeleton.joints),
        "parents": list(skeleton.parents),
        "bones": [list(bone) for bone in skeleton.bones],
        "parts": list(skeleton.parts),
        "part": part,
        "side": sides,
        "sided": any(side != "middle" for side in sides),
    }


def stream_values(clip: Clip, name: str) -> np.ndarray:
    """A stream of a clip's own poses, float32: ``-> (M, T', V, C')``, NaN where nobody is.

    Raises:
        LabanError: Where the word is no stream, or PyTorch is not there.
    """
    if name == "joint":  # needs no PyTorch; a joint of zeros was not seen
        poses = np.array(clip.poses, np.float32)
        poses[~((poses != 0).any(-1) & clip.present[..., None])] = np.nan
        return poses
    try:
        import torch
    except ImportError:
        raise LabanError("streams but 'joint' need PyTorch: install torch") from None
    from laban.streams import stream_named

    flow = stream_named(name)
    given = torch.from_numpy(np.array(clip.poses)), torch.from_numpy(np.array(clip.present))
    values, there = flow(given[0][None], given[1][None], clip.skeleton)
    return values[0].masked_fill(~there[0, ..., None, None], torch.nan).numpy()


def over_time(clip: Clip, found: OverTime, card: Card, label: int | None) -> dict[str, Any]:
    """Probabilities of the classes that matter: the likeliest, and the true one."""
    names = [*card.classes, "background"][: found.shares.shape[1]]
    peaks = np.nanmax(np.nan_to_num(found.shares[:, : len(card.classes)]), axis=0)
    order = [int(k) for k in np.argsort(-peaks, kind="stable")[:SHOWN]]
    if label is not None and label not in order:
        order[-1] = label
    if len(names) > len(card.classes):
        order.append(len(card.classes))
    whole = found.whole
    return {
        "frames": found.frames.tolist(),
        "classes": [names[k] for k in order],
        "shares": [[_share(value) for value in found.shares[:, k]] for k in order],
        "truth": None if label is None else card.classes[label],
        "whole": None if whole is None else whole.to_json(),
        "right": None if whole is None or label is None else whole.index == label,
        "truths": [[s.label, s.start, s.end] for s in clip.segments],
        "segments": [[s.label, s.start, s.end, round(s.confidence, 4)] for s in found.segments],
    }


def _share(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
