"""Made-up PRECOG recordings in the layout of the real ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

NAMES = (
    "HipCenter Spine ShoulderCenter Head ShoulderLeft ElbowLeft WristLeft HandLeft ShoulderRight "
    "ElbowRight WristRight HandRight HipLeft KneeLeft AnkleLeft FootLeft HipRight KneeRight "
    "AnkleRight FootRight"
).split()


def write_precog(
    folder: Path, labels: Mapping[str, Sequence[int]], *, seed: int = 0
) -> dict[str, np.ndarray]:
    """Write `Dataset/CSV/NAME.csv` from the frames' labels; the joints (T, 20, 3) by name."""
    rng = np.random.default_rng(seed)
    (folder / "Dataset/CSV").mkdir(parents=True, exist_ok=True)
    joints = {}
    for name, numbers in labels.items():
        joints[name] = rng.normal(0, 1, (len(numbers), 20, 3)).astype(np.float32)
        lines = ["; ".join(NAMES)]
        for pose, label in zip(joints[name], numbers, strict=True):
            lines.append(";".join(" ".join(f"{v:.9g}" for v in joint) for joint in pose))
            lines[-1] += f";{label}"
        (folder / f"Dataset/CSV/{name}.csv").write_text("\n".join(lines) + "\n")
    return joints
