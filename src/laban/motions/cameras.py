"""Three sensors round the stage, and Kinect version 2's projections.

As in NTU RGB+D (https://arxiv.org/abs/1604.02808) three cameras stand at -45, 0 and 45 degrees and
each setup has its height and distance. A camera's frame is Kinect's own, right-handed: x right in
the sensor's mirrored picture, y up, z away, metres; who faces the camera has the right hand at +x.
"""

import numpy as np

__all__ = ["from_camera", "to_colour", "to_depth"]

_ANGLES = {1: 0.0, 2: -45.0, 3: 45.0}
_HEIGHTS = (1.7, 1.4, 1.2, 0.8, 1.8, 2.2, 1.0, 2.0)
_DISTANCES = (3.5, 3.0, 2.8, 3.2, 4.0, 4.5)


def _frame(camera: int, setup: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a camera stands (3,) and its axes (3, 3), rows right, up, away."""
    rng = np.random.default_rng([seed, 2, setup, camera])
    angle = np.deg2rad(_ANGLES[camera] + rng.normal(0.0, 4.0))
    far = _DISTANCES[setup % len(_DISTANCES)] + rng.normal(0.0, 0.1)
    high = _HEIGHTS[setup % len(_HEIGHTS)] + rng.normal(0.0, 0.05)
    place = np.array([far * np.sin(angle), high, far * np.cos(angle)])
    tilt, roll = np.deg2rad(rng.normal(0.0, 2.0, 2))
    away = np.array([0.0, 0.95, 0.0]) - place
    away /= np.sqrt((away * away).sum())
    right = np.cross([0.0, 1.0, 0.0], away)
    right /= np.sqrt((right * right).sum())
    up = np.cross(away, right)
    away, up = np.cos(tilt) * away + np.sin(tilt) * up, np.cos(tilt) * up - np.sin(tilt) * away
    right, up = np.cos(roll) * right + np.sin(roll) * up, np.cos(roll) * up - np.sin(roll) * right
    return place, np.stack([right, up, away])


def from_camera(stage: np.ndarray, camera: int, *, setup: int, seed: int) -> np.ndarray:
    """Stage (..., 3) -> that camera's frame (..., 3), both metres; camera 1, 2 or 3."""
    place, rows = _frame(camera, setup, seed)
    return (stage - place) @ rows.T


def _project(points: np.ndarray, focal: float, x: float, y: float) -> np.ndarray:
    near = focal / np.maximum(points[..., 2], 0.1)
    return np.stack([x + points[..., 0] * near, y - points[..., 1] * near], -1)


def to_depth(points: np.ndarray) -> np.ndarray:
    """Camera frame (..., 3) -> pixels (..., 2) of the 512 x 424 depth picture."""
    return _project(points, 365.5, 256.7, 207.2)


def to_colour(points: np.ndarray) -> np.ndarray:
    """Camera frame (..., 3) -> pixels (..., 2) of the 1920 x 1080 colour picture, 52 mm aside."""
    return _project(points + (0.052, 0.0, 0.0), 1060.0, 959.5, 539.5)
