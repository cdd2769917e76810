"""A clip as the page draws it: what it is as JSON, its streams as arrays, attention as maps.

Poses go out as they are kept (y up, nothing mirrored), so the page looks from where the camera
stood: in Kinect's frame, x to the sensor's left and z away from it, which is right-handed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from laban.card import Card
from laban.clip import Clip
from laban.errors import LabanError
from laban.skeletons import Skeleton
from laban.viewer.network import Network, OverTime

if TYPE_CHECKING:
    from laban.assembly import Parts

__all__ = ["attention", "described", "over_time", "stream_values"]

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


def attention(network: Network, clip: Clip, layer: int, frame: int) -> dict[str, Any]:
    """The maps between joints of one layer, of each person: rows take from columns.

    Args:
        network: Whose encoder is asked.
        clip: What it looks at.
        layer: From 1.
        frame: Where it looks, if it looks at windows.

    Raises:
        LabanError: Where the encoder keeps no such maps, or has fewer layers.
    """
    parts = network.parts
    if parts is None or not hasattr(parts.encoder, "attention_maps"):
        raise LabanError("this network keeps no attention maps between joints")
    seen = network.seen(clip, frame)
    maps, persons = _maps(parts, seen, network.card.stream)
    if layer > len(maps):
        raise LabanError(f"layer {layer} is asked for and the network has {len(maps)}")
    chosen = maps[layer - 1]
    if chosen.shape[-2:] != (len(clip.skeleton),) * 2:
        raise LabanError("this network's maps are not between the joints of a clip")
    who = _numbers(clip, seen)
    return {
        "layer": layer,
        "layers": len(maps),
        "heads": int(chosen.shape[1]),
        "persons": [int(who[number]) for number in persons],
        "maps": [
            [np.round(head.astype(float), 4).ravel().tolist() for head in chosen[row]]
            for row in range(len(persons))
        ],
    }


def _maps(parts: Parts, clip: Clip, stream: str) -> tuple[list[np.ndarray], list[int]]:
    """(M', H, V, V) of every layer, and which of the clip's persons each of the M' is."""
    import torch

    from laban.batch import collate
    from laban.pipelines import View

    encoder: Any = parts.encoder
    prepared = parts.pipeline.prepare(clip)
    batch = collate([prepared], [-1], [0]).to(next(encoder.parameters()).device)
    with torch.inference_mode():
        maps = encoder.attention_maps(*View(parts.pipeline, stream)(batch))
    same = _same_persons(clip, prepared)
    rows = min(len(same), maps[0].shape[1])
    return [one[0, :rows].cpu().numpy() for one in maps], same[:rows]


def _same_persons(clip: Clip, prepared: Clip) -> list[int]:
    """For each prepared person the clip's person whose joints lie most alike.

    Pipelines choose and sort people, turn, move and scale them; the distances between joints, seen
    as one direction, stay.
    """
    given, made = _shapes(clip), _shapes(prepared)
    alike = made @ given.T
    found: list[int] = []
    for row in alike:
        row[found] = -np.inf
        found.append(int(row.argmax()))
        if len(found) == clip.persons:
            break
    return found


def _shapes(clip: Clip) -> np.ndarray:
    """(M, V V) mean distances between joints, of length 1."""
    rows = []
    for poses, there in zip(clip.poses, clip.present, strict=True):
        few = poses[there][:: max(1, int(there.sum()) // 64)].astype(np.float64)
        apart = np.linalg.norm(few[:, :, None] - few[:, None], axis=-1)
        mean = apart.mean(0).ravel() if len(few) else np.zeros(poses.shape[1] ** 2)
        rows.append(mean / max(float(np.linalg.norm(mean)), 1e-12))
    return np.stack(rows)


def _numbers(clip: Clip, seen: Clip) -> np.ndarray:
    """Which of the clip's persons those of a window are."""
    if seen.persons == clip.persons:
        return np.arange(clip.persons)
    return np.array(_same_persons(clip, seen))
