"""Moments of a forecast side by side: what was seen, then true and predicted poses in one place."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from laban.clip import Clip
from laban.figures import PALETTE, WIDTH, _figure, _style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["afterimage", "joined"]

BEFORE = (1000, 500, 200, 0)  # milliseconds before the last seen frame


def joined(clip: Clip, predicted: Clip, end: int) -> Clip:
    """Seen and true poses, and behind them as other persons the predicted ones, as one clip.

    Args:
        clip: The people whose motion was predicted.
        predicted: What follows frame number `end` of them.
        end: Frames up to this one, exclusive, are seen.
    """
    frames = max(clip.frames, end + predicted.frames)
    poses = np.zeros((clip.persons + predicted.persons, frames, *clip.poses.shape[2:]), np.float32)
    present = np.zeros(poses.shape[:2], bool)
    behind = slice(end, end + predicted.frames)
    for first, frames_of, part in (
        (0, slice(clip.frames), clip),
        (clip.persons, behind, predicted),
    ):
        rows = slice(first, first + part.persons)
        poses[rows, frames_of], present[rows, frames_of] = part.poses, part.present
    return Clip(clip.name, poses, clip.skeleton, present, fps=clip.fps, label=clip.label)


def afterimage(clip: Clip, predicted: Clip, end: int, *, horizons: Sequence[int]) -> "Figure":
    """Four seen moments and each horizon: true poses blue, predicted ones orange.

    Seen from the front, or from the side where the people move more away from the sensor than
    across.

    Args:
        clip: The people whose motion was predicted.
        predicted: What follows frame number `end` of them.
        end: Frames up to this one, exclusive, are seen.
        horizons: Milliseconds behind the last seen frame.
    """
    both = joined(clip, predicted, end)
    moments = [-ms for ms in BEFORE if end - 1 - ms / 1000 * clip.fps >= 0] + list(horizons)
    places = [end - 1 + ms / 1000 * clip.fps for ms in moments]
    across = _across(both, places)
    near = both.poses[both.present][:, :, [across, 1]].reshape(-1, 2)
    low, high = near.min(0), near.max(0)
    wide, tall = np.maximum(high - low, 1e-6)
    columns = len(moments)
    with _style():
        figure = _figure(WIDTH, 0.9 + WIDTH / columns * min(max(tall / wide, 0.6), 3.0))
        for number, (ms, place) in enumerate(zip(moments, places, strict=True)):
            axes = figure.add_subplot(1, columns, number + 1)
            _bodies(axes, both, place, clip.persons, across, seen=ms <= 0)
            axes.set_xlim(low[0], high[0])
            axes.set_ylim(low[1], high[1])
            axes.set_aspect("equal")
            axes.set_axis_off()
            axes.set_title(f"{ms:+d} ms" if ms else "last seen", fontsize=8.5)
        figure.suptitle(f"{clip.name}: seen grey, true blue, predicted orange", fontsize=10)
    return figure


def _across(clip: Clip, places: Sequence[float]) -> int:
    """The horizontal axis, x or z, along which somebody moves more between the moments."""
    first, last = int(places[0]), int(places[-1])
    moved = clip.poses[:, last] - clip.poses[:, first]
    there = clip.present[:, first] & clip.present[:, last]
    x, _, z = np.abs(moved[there].mean(1)).max(0) if there.any() else (0, 0, 0)
    return 2 if z > x else 0


def _bodies(
    axes: "Axes", clip: Clip, place: float, persons: int, across: int, *, seen: bool
) -> None:
    """The bones of everybody at one moment, between two frames where need be."""
    low, share = int(place), place - int(place)
    high = min(low + (share > 1e-6), clip.frames - 1)
    poses = (1 - share) * clip.poses[:, low] + share * clip.poses[:, high]
    there = clip.present[:, low] & clip.present[:, high]
    for person in np.flatnonzero(there):
        colour = "orange" if person >= persons else "muted" if seen else "blue"
        points = poses[person][:, [across, 1]]
        known = (clip.poses[person, low] != 0).any(-1)
        for parent, joint in clip.skeleton.bones:
            if known[parent] and known[joint]:
                axes.plot(*points[[parent, joint]].T, color=PALETTE[colour], lw=1.6, alpha=0.85)
