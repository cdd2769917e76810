"""Made-up Kinetics-Skeleton files in the layout of the real ones."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def person(rng: np.random.Generator) -> dict:
    """One person of one frame."""
    pose, score = rng.random(36).round(3), rng.random(18).round(3)
    return {"pose": pose.tolist(), "score": score.tolist()}


def kinetics_value(people: Sequence[int], label: str | None, *, seed: int = 0) -> dict:
    """The JSON value of a clip with so many persons in each frame, which count from 1."""
    rng = np.random.default_rng(seed)
    data = [
        {"frame_index": number, "skeleton": [person(rng) for _ in range(count)]}
        for number, count in enumerate(people, 1)
    ]
    return {"data": data, "label": label, "label_index": 1}


def write_kinetics(
    folder: Path, clips: Mapping[str, tuple[str, str]], *, people: Sequence[int] = (1, 0, 3, 2)
) -> dict[str, dict]:
    """Write clips, name to (train or val, label), and the lists of labels; the values by name."""
    values, lists = {}, {"train": {}, "val": {}}
    for number, (name, (part, label)) in enumerate(clips.items()):
        values[name] = kinetics_value(people, label, seed=number)
        place = folder / f"kinetics_{part}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.json").write_text(json.dumps(values[name]))
        lists[part][name] = {"has_skeleton": True, "label": label, "label_index": 1}
    for part, value in lists.items():
        (folder / f"kinetics_{part}_label.json").write_text(json.dumps(value))
    return values
