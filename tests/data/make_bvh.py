"""Made-up BVH files: a small hierarchy in random motion."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

# name, parent, offset, channels
RIG: list[tuple[str, str, tuple[float, float, float], str]] = [
    ("Hips", "", (3.0, 90.0, -2.0), "Xposition Yposition Zposition Zrotation Xrotation Yrotation"),
    ("Neck", "Hips", (0.0, 50.0, 1.0), "Zrotation Yrotation Xrotation"),
    ("LeftArm", "Neck", (20.0, 0.0, 0.0), "Yposition Xrotation Zrotation"),
    ("LeftArm-end", "LeftArm", (25.0, 0.0, 0.0), ""),
    ("RightArm", "Neck", (-20.0, 0.0, 0.0), "Xrotation"),
    ("RightArm-end", "RightArm", (0.0, 0.0, 0.0), ""),
]


def hierarchy(parent: str = "", depth: int = 0) -> list[str]:
    """The lines of the tree below a joint."""
    lines = []
    for name, above, offset, channels in RIG:
        if above != parent:
            continue
        end = name.endswith("-end")
        head = "End Site" if end else f"{'JOINT' if depth else 'ROOT'} {name}"
        inner = [f"OFFSET {' '.join(map(str, offset))}"]
        if not end:
            inner.append(f"CHANNELS {len(channels.split())} {channels} ")
            inner += hierarchy(name, depth + 1)
        lines += [head, "{", *("\t" + line for line in inner), "}"]
    return lines


def write_bvh(
    folder: Path, names: Sequence[str], *, frames: int = 4, seed: int = 0
) -> dict[str, np.ndarray]:
    """Write `NAME.bvh` for each name; the channels' values (frames, K) by name."""
    rng = np.random.default_rng(seed)
    values = {}
    for name in names:
        count = sum(len(channels.split()) for *_, channels in RIG)
        values[name] = rng.uniform(-90, 90, (frames, count)).round(4)
        rows = [" ".join(f"{v:.4f}" for v in row) + " " for row in values[name]]
        head = ["MOTION", f"Frames:\t{frames}", "Frame Time:\t0.0333333"]
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = "\r\n".join(["HIERARCHY", *hierarchy(), *head, *rows, ""])
        (folder / f"{name}.bvh").write_bytes(text.encode())
    return values
