"""The rotation that makes one vector parallel to another.

In NumPy, as everything that prepares a clip: an exported network runs where PyTorch is not.
"""

import numpy as np

__all__ = ["rotation_between"]


def rotation_between(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The shortest rotation that makes source parallel to target: ``(3,), (3,) -> (3, 3)``.

    Applied as ``x @ R.T`` (see `laban.geometry`). A zero vector asks for no turn and gets the
    identity; opposite vectors turn by half about an axis across them.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    length = np.linalg.norm(source) * np.linalg.norm(target)
    if length <= 1e-12:
        return np.eye(3)
    cross = np.cross(source, target)
    cos, sin = source @ target / length, np.linalg.norm(cross) / length
    # Where the two lie on one line, any axis across it; best from the one it leans on least.
    axis = cross if sin > 1e-6 else np.cross(source, np.eye(3)[np.abs(source).argmin()])
    x, y, z = axis / max(np.linalg.norm(axis), 1e-12)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + sin * skew + (1 - cos) * (skew @ skew)  # Rodrigues
