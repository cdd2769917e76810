"""Moments of a forecast side by side: what was seen, then true and predicted poses in one place."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from laban.clip import Clip
from laban.plotting import PALETTE, WIDTH, blank, house_style

if TYPE_CHECKING:
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
    drawn = [_bodies(both, place, across) for place in places]
    boxes = [(dots.min(0), dots.max(0)) for dots in map(_dots, drawn)]
    half = max(float((high - low)[0]) for low, high in boxes) / 2 + 0.05
    floor, top = min(low[1] for low, _ in boxes) - 0.05, max(high[1] for _, high in boxes) + 0.05
    columns = len(moments)
    with house_style():
        shape = min(max((top - floor) / (2 * half), 0.5), 3.0)
        figure = blank(WIDTH, 0.7 + WIDTH / columns * shape)
        for number, (ms, bodies, box) in enumerate(zip(moments, drawn, boxes, strict=True)):
            axes = figure.add_subplot(1, columns, number + 1)
            for person, bones in bodies.items():
                colour = "orange" if person >= clip.persons else "blue" if ms > 0 else "muted"
                axes.plot(*bones.T, color=PALETTE[colour], lw=1.5, alpha=0.85)
            middle = (box[0][0] + box[1][0]) / 2
            axes.set_xlim(middle - half, middle + half)
            axes.set_ylim(floor, top)
            axes.set_aspect("equal")
            axes.set_axis_off()
            axes.set_title(f"{ms:+d} ms" if ms else "last seen", fontsize=8.5, loc="center")
        figure.suptitle(f"{clip.name}: seen grey, true blue, predicted orange", fontsize=10)
    return figure


def _across(clip: Clip, places: Sequence[float]) -> int:
    """The horizontal axis, x or z, along which somebody moves more between the moments."""
    first, last = int(places[0]), int(places[-1])
    moved = clip.poses[:, last] - clip.poses[:, first]
    there = clip.present[:, first] & clip.present[:, last]
    x, _, z = np.abs(moved[there].mean(1)).max(0) if there.any() else (0, 0, 0)
    return 2 if z > x else 0


def _bodies(clip: Clip, place: float, across: int) -> dict[int, np.ndarray]:
    """Everybody's bones at one moment, between two frames where need be: ``-> (3 bones, 2)`` each.

    Both ends of each bone, and a row that is not a number, which lifts the pen.
    """
    low, share = int(place), place - int(place)
    high = min(low + (share > 1e-6), clip.frames - 1)
    poses = (1 - share) * clip.poses[:, low] + share * clip.poses[:, high]
    bodies = {}
    for person in np.flatnonzero(clip.present[:, low] & clip.present[:, high]):
        points, known = poses[person][:, [across, 1]], (clip.poses[person, low] != 0).any(-1)
        bones = [pair for pair in clip.skeleton.bones if known[list(pair)].all()]
        ends = np.full((len(bones), 3, 2), np.nan)
        ends[:, :2] = points[np.array(bones, int).reshape(-1, 2)]
        bodies[int(person)] = ends.reshape(-1, 2)
    return bodies


def _dots(bodies: dict[int, np.ndarray]) -> np.ndarray:
    """All ends of bones, (n, 2), or one point where nobody is."""
    ends = np.concatenate([np.zeros((0, 2)), *bodies.values()])
    ends = ends[np.isfinite(ends).all(1)]
    return ends if len(ends) else np.zeros((1, 2))
