"""The weakest sensible model: the label of the nearest training clip, on raw poses.

A figure to stand beside: what a network knows more than this, it has learned.
"""

import numpy as np

from laban.clip import Clip
from laban.splits import Part
from laban.store import Store

__all__ = ["nearest_neighbour"]


def nearest_neighbour(
    store: Store, train: Part, test: Part, *, frames: int = 20, persons: int = 2
) -> np.ndarray:
    """Class numbers of the test clips by the nearest training clip: ``-> (N,)`` int64.

    Euclidean distance between clips of ``frames`` evenly spaced frames and the first ``persons``
    bodies, in the camera's coordinates, neither centred nor turned.
    """
    known = np.stack([_flat(store[key], frames, persons) for key in train.keys])
    asked = np.stack([_flat(store[key], frames, persons) for key in test.keys])
    squared = (known**2).sum(1) - 2 * asked @ known.T  # up to a constant of each row
    return np.array(train.labels)[squared.argmin(1)]


def _flat(clip: Clip, frames: int, persons: int) -> np.ndarray:
    """``(M, T, V, C) -> (persons * frames * V * C,)``."""
    chosen = np.linspace(0, clip.frames - 1, frames).round().astype(int)
    poses = np.zeros((persons, frames, *clip.poses.shape[2:]), np.float32)
    poses[: clip.persons] = clip.poses[:persons, chosen]
    return poses.reshape(-1)
