"""Made-up OpenPose output: a folder of keypoint files a clip."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def write_openpose(
    folder: Path, clips: Sequence[str], people: Sequence[int] = (1, 2, 0), *, joints: int = 25
) -> dict[str, list[np.ndarray]]:
    """Write `CLIP/CLIP_N_keypoints.json` with that many people in each frame.

    Gives for each clip its frames' values (people, joints, 3): x y score.
    """
    rng = np.random.default_rng(joints)
    values: dict[str, list[np.ndarray]] = {}
    for clip in clips:
        (folder / clip).mkdir(parents=True, exist_ok=True)
        for number, count in enumerate(people):
            frame = rng.uniform(0.1, 1, (count, joints, 3)).astype(np.float32)
            frame[..., :2] *= 640
            frame[:, 3] = 0  # a joint that was not seen
            values.setdefault(clip, []).append(frame)
            persons = [
                {
                    "person_id": [-1],
                    "pose_keypoints_2d": [float(v) for v in body.ravel()],
                    "face_keypoints_2d": [],
                    "pose_keypoints_3d": [],
                }
                for body in frame
            ]
            text = json.dumps({"version": 1.3, "people": persons})
            (folder / clip / f"{clip}_{number:012d}_keypoints.json").write_text(text)
    return values
