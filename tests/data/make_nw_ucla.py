"""Made-up Northwestern-UCLA files in the layout of the real ones."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np


def write_nw_ucla(
    folder: Path, names: Iterable[str], *, frames: int = 4, seed: int = 0
) -> dict[str, np.ndarray]:
    """Write `all_sqe/NAME.json` for each name; the joints (frames, 20, 3) by name."""
    rng = np.random.default_rng(seed)
    (folder / "all_sqe").mkdir(parents=True, exist_ok=True)
    joints = {}
    for name in names:
        joints[name] = rng.normal(0, 1, (frames, 20, 3)).astype(np.float32)
        value = {"file_name": name, "skeletons": joints[name].tolist(), "label": int(name[1:3])}
        (folder / "all_sqe" / f"{name}.json").write_text(json.dumps(value))
    return joints
