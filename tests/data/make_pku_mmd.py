"""Made-up PKU-MMD files in the layout of the real ones."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

Action = tuple[int, int, int]


def write_pku_mmd(
    folder: Path,
    actions: Mapping[str, Iterable[Action]],
    *,
    train: Iterable[str] = (),
    test: Iterable[str] = (),
    frames: int = 12,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Write recordings with their actions (class, first, last) and the cross-subject list.

    The second body comes half-way. Gives the joints (frames, 2, 25, 3) by name.
    """
    rng = np.random.default_rng(seed)
    for name in ("skeleton", "label"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    joints = {}
    for name, rows in actions.items():
        poses = rng.normal(0, 0.4, (frames, 2, 25, 3)).astype(np.float32)
        poses[: frames // 2, 1] = 0
        joints[name] = poses
        lines = [" ".join(f"{v:.9g}" for v in frame.ravel()) for frame in poses]
        (folder / "skeleton" / f"{name}.txt").write_text("\n".join(lines) + "\n")
        labels = "".join(f"{action},{first},{last},2\n" for action, first, last in rows)
        (folder / "label" / f"{name}.txt").write_text(labels)
    lists = ("Training videos: ", ", ".join(train), "Validataion videos: ", ", ".join(test))
    (folder / "cross-subject.txt").write_text("\n".join(lists) + "\n")
    return joints
