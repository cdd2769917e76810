"""The attention of a network between the joints of a clip's persons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.viewer.network import Network

if TYPE_CHECKING:
    from laban.assembly import Parts

__all__ = ["AttentionLayers", "attention", "attention_layers"]


class AttentionLayers(NamedTuple):
    """Where a network attends between joints, see `laban.nn.joint_attention`.

    Attributes:
        names: Of the layers, in order.
        none: One sentence that says why there is none.
    """

    names: tuple[str, ...] = ()
    none: str = ""


def attention_layers(network: Network) -> AttentionLayers:
    """What a network's encoder says of itself."""
    if network.parts is None:
        return AttentionLayers(none="An exported file keeps no attention maps: serve its run.")
    encoder: Any = network.parts.encoder
    names = tuple(getattr(encoder, "attention_layers", ()))
    none = getattr(encoder, "no_attention", "This encoder shows no attention between joints.")
    return AttentionLayers(names, "" if names else none)


def attention(network: Network, clip: Clip, layer: int, frame: int) -> dict[str, Any]:
    """The maps between joints of one layer, of each person: rows take from columns.

    Args:
        network: Whose encoder is asked.
        clip: What it looks at.
        layer: From 1.
        frame: Where it looks, if it looks at windows.

    Raises:
        LabanError: Where the encoder has no such maps, or fewer layers.
    """
    parts, (names, none) = network.parts, attention_layers(network)
    if parts is None or not names:
        raise LabanError(none)
    if layer > len(names):
        raise LabanError(f"layer {layer} is asked for and the network has {len(names)}")
    seen = network.seen(clip, frame)
    maps, persons = _maps(parts, seen, network.card.stream)
    chosen = maps[layer - 1]
    if chosen.shape[-2:] != (len(clip.skeleton),) * 2:
        raise LabanError("this network's maps are not between the joints of a clip")
    who = _numbers(clip, seen)
    return {
        "layer": names[layer - 1],
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
