"""Made-up MediaPipe landmarks in JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def write_mediapipe(
    folder: Path, clips: Sequence[str], *, frames: int = 3, joints: int = 33, fps: float = 25
) -> dict[str, np.ndarray]:
    """Write `CLIP_landmarks.json` of one person; the values (frames, joints, 4) by clip."""
    rng = np.random.default_rng(joints)
    folder.mkdir(parents=True, exist_ok=True)
    field = "pose_world_landmarks" if joints == 33 else "hand_world_landmarks"
    values = {}
    for clip in clips:
        values[clip] = rng.uniform(0.01, 1, (frames, joints, 4))
        rows = [
            {field: [[dict(zip(("x", "y", "z", "visibility"), v, strict=True)) for v in pose]]}
            for pose in values[clip].tolist()
        ]
        (folder / f"{clip}_landmarks.json").write_text(json.dumps({"fps": fps, "frames": rows}))
    return values
