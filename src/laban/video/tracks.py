"""Who is who from frame to frame: the nearest body keeps its id.

A rule for a few people who do not change places while one hides the other: no looks are compared,
no movement is foreseen.
"""

from collections.abc import Mapping

import numpy as np

__all__ = ["Tracks", "matched"]


def matched(known: Mapping[int, np.ndarray], poses: np.ndarray, *, most: float) -> list[int | None]:
    """The ids of bodies, by where the known ones were: ``{id: (V, C)}, (P, V, C) -> P ids``.

    The distance of two bodies is the median over the joints of how far each moved, so that a joint
    that leaps does not count, in diagonals of the larger one's box. The nearest pair is matched
    first, then the nearest of the others, up to a distance of ``most``; who is left has None.
    """
    found: list[int | None] = [None] * len(poses)
    if not known or not len(poses):
        return found
    ids, old = list(known), np.stack(list(known.values()))
    moved = np.linalg.norm(old[:, None] - poses, axis=-1)  # (K, P, V)
    size = np.maximum(_diagonals(old)[:, None], _diagonals(poses))  # (K, P)
    far = np.median(moved, axis=-1) / np.maximum(size, 1e-9)
    taken = set()
    for place in np.argsort(far, axis=None, kind="stable"):
        k, p = divmod(int(place), len(poses))
        if far[k, p] > most:
            break
        if k not in taken and found[p] is None:
            found[p] = ids[k]
            taken.add(k)
    return found


def _diagonals(poses: np.ndarray) -> np.ndarray:
    """(P, V, C) -> (P,)."""
    return np.linalg.norm(np.ptp(poses, axis=1), axis=-1)


class Tracks:
    """Ids that persons keep, 0, 1, 2, ... in the order in which they come.

    Args:
        most: How far a body moves from frame to frame, in diagonals of its box.
        patience: Seconds for which somebody unseen is remembered.
    """

    def __init__(self, *, most: float = 0.3, patience: float = 1.0) -> None:
        self.most, self.patience = most, patience
        self._last: dict[int, tuple[float, np.ndarray]] = {}
        self._next = 0

    def follow(self, poses: np.ndarray, time: float) -> tuple[int, ...]:
        """The ids of a frame's bodies: ``(P, V, C), seconds -> P ids``."""
        self._last = {
            name: (seen, pose)
            for name, (seen, pose) in self._last.items()
            if time - seen <= self.patience
        }
        known = {name: pose for name, (_, pose) in self._last.items()}
        ids = []
        for name, pose in zip(matched(known, poses, most=self.most), poses, strict=True):
            if name is None:
                name, self._next = self._next, self._next + 1
            ids.append(name)
            self._last[name] = (time, pose)
        return tuple(ids)
