"""Draws clips as stick figures: a moving GIF or MP4, a sheet of moments, or a page to play with.

Any skeleton and any number of persons; an absent person is not drawn. The picture is a photograph
from a little above the sensor: it looks along z, y is up, and x, which grows to the sensor's left
in the right-handed axes that all clips have, runs to the left. One scale holds for a whole clip.
A person's left is drawn cool, the right warm; the second person has other hues.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from laban.clip import Clip
from laban.errors import LabanError
from laban.render_page import page
from laban.skeletons import Skeleton

__all__ = ["SUFFIXES", "bone_colours", "contact_sheet", "draw_frame", "render"]

SUFFIXES: tuple[str, ...] = (".gif", ".mp4", ".png", ".html")

_PAPER, _GRID, _INK, _FAINT = "#fbfaf7", "#dfdcd3", "#26251f", "#8a877c"
_MIDDLE = ("#3d3f46", "#5a4a63", "#5d6b52", "#6b5d4a")
_LEFT = (("#1f6fd6", "#174f9c"), ("#0e9488", "#0a6a62"), ("#5d8a1f", "#456817"), ("#6f6f6f",) * 2)
_RIGHT = (("#e0562b", "#a83d1c"), ("#b73fa8", "#852c7a"), ("#c99412", "#966d0a"), ("#8c8c8c",) * 2)
_FINGERS = ("#3d3f46", "#d9480f", "#c99412", "#2b8a3e", "#1f6fd6", "#9c36b5")
_FINE = 2  # pictures are drawn this much larger and scaled down, which smooths the edges
_HEADROOM = 0.82  # share of the picture that the clip's extent takes


@lru_cache(maxsize=64)
def bone_colours(skeleton: Skeleton, person: int) -> tuple[str, ...]:
    """For each joint the colour of the bone that leads to it, as #rrggbb, for the n-th person."""
    hue = person % len(_MIDDLE)
    sided = any("left" in part for part in skeleton.parts)
    colours = [_MIDDLE[hue]] * len(skeleton)
    for k, (part, joints) in enumerate(skeleton.parts.items()):
        if "left" in part:
            colour = _LEFT[hue]["leg" in part]
        elif "right" in part:
            colour = _RIGHT[hue]["leg" in part]
        else:
            colour = _MIDDLE[hue] if sided else _FINGERS[k % len(_FINGERS)]
        for joint in joints:
            colours[joint] = colour
    return tuple(colours)


@dataclass(frozen=True)
class _View:
    """A clip seen from one side: pixels in a unit square and what is drawn.

    Attributes:
        clip: The clip.
        points: (M, T, V, 2) in 0 to 1, y down.
        depth: (M, T) mean distance of a person, for drawing the nearer one last.
        floor: (lines, 2, 2) grid lines on the floor.
    """

    clip: Clip
    points: np.ndarray
    depth: np.ndarray
    floor: np.ndarray


def _turned(points: np.ndarray, elevation: float) -> np.ndarray:
    """(..., 3) -> (..., 3): right, up, away as seen from above by an angle in radians."""
    x, y, z = np.moveaxis(points, -1, 0)
    c, s = math.cos(elevation), math.sin(elevation)
    return np.stack([x, y * c + z * s, z * c - y * s], -1)


def _space(clip: Clip) -> np.ndarray:
    """(M, T, V, 3): the poses, finite, with a third coordinate, and x to the picture's right."""
    poses = np.nan_to_num(clip.poses.astype(np.float64), posinf=0.0, neginf=0.0)
    if poses.shape[-1] < 3:
        poses = np.pad(poses, ((0, 0), (0, 0), (0, 0), (0, 3 - poses.shape[-1])))
    return poses[..., :3] * (-1, 1, 1)


def _grid(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Bounds (3,) -> floor lines (N, 2, 3), eight squares a side, at the lowest height."""
    middle, half = (low + high) / 2, 0.62 * float((high - low).max())
    at = np.linspace(-half, half, 9)
    y = np.full(9, low[1] - middle[1])
    edge = np.full(9, half)
    along = np.stack([np.stack([-edge, y, at], -1), np.stack([edge, y, at], -1)], 1)
    across = np.stack([np.stack([at, y, -edge], -1), np.stack([at, y, edge], -1)], 1)
    return np.concatenate([along, across]) + middle


def _view(clip: Clip, elevation: float = 0.2) -> _View:
    poses = _space(clip)
    seen = poses[clip.present].reshape(-1, 3)
    seen = seen[(seen != 0).any(-1)]  # joints of zeros are missing and not drawn
    if not seen.size:
        raise LabanError(f"clip {clip.name}: nobody is in it, so there is nothing to draw")
    low, high = np.percentile(seen, (0.3, 99.7), axis=0)
    shown = _turned(seen, elevation)
    left, right = np.percentile(shown, (0.3, 99.7), axis=0)
    middle, extent = (left + right)[:2] / 2, max(float((right - left)[:2].max()), 1e-6)

    def to_square(points: np.ndarray) -> np.ndarray:
        flat = (_turned(points, elevation)[..., :2] - middle) * (_HEADROOM / extent)
        return np.stack([0.5 + flat[..., 0], 0.52 - flat[..., 1]], -1)

    depth = _turned(poses, elevation)[..., 2].mean(-1)
    return _View(clip, to_square(poses), depth, to_square(_grid(low, high)))


@lru_cache(maxsize=16)
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    import matplotlib

    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", pixels)


def _draw_body(draw: ImageDraw.ImageDraw, view: _View, person: int, frame: int, side: int) -> None:
    """Bones as round-ended strokes, joints as dots; a joint of zeros is missing and left out."""
    skeleton = view.clip.skeleton
    colours = bone_colours(skeleton, person)
    points = view.points[person, frame] * side
    there = (view.clip.poses[person, frame] != 0).any(-1)
    width = max(2, round(side * (0.011 if len(skeleton) > 15 else 0.014)))
    for parent, joint in skeleton.bones:
        if there[parent] and there[joint]:
            ends = [tuple(points[parent]), tuple(points[joint])]
            draw.line(ends, fill=colours[joint], width=width)
    for joint, (x, y) in enumerate(points):
        if there[joint]:
            head = "head" in skeleton.joints[joint].lower()
            r = width * (1.9 if head else 0.72)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colours[joint])


def _draw(view: _View, frame: int, size: int, title: str, note: str) -> Image.Image:
    """One picture of size x size pixels."""
    side = size * _FINE
    picture = Image.new("RGB", (side, side), _PAPER)
    draw = ImageDraw.Draw(picture)
    for start, end in view.floor * side:
        draw.line([tuple(start), tuple(end)], fill=_GRID, width=_FINE)
    for person in np.argsort(-view.depth[:, frame]):
        if view.clip.present[person, frame]:
            _draw_body(draw, view, int(person), frame, side)
    letters = max(9, side // 30)
    margin = letters // 2
    if title:
        draw.text((margin, margin), title, fill=_INK, font=_font(letters))
    draw.text((margin, side - margin), note, fill=_FAINT, font=_font(letters), anchor="ls")
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def _heading(clip: Clip, title: str | None) -> str:
    if title is None:
        title = clip.name if clip.label is None else f"{clip.label} - {clip.name}"
    return title if len(title) <= 60 else title[:57] + "..."


def draw_frame(clip: Clip, frame: int, *, title: str | None = None, size: int = 480) -> Image.Image:
    """One frame of a clip as a square picture; the title defaults to the label and the name."""
    note = f"frame {frame + 1} of {clip.frames}"
    return _draw(_view(clip), frame, size, _heading(clip, title), note)


def contact_sheet(
    clip: Clip, *, moments: int = 8, size: int = 240, title: str | None = None
) -> Image.Image:
    """Moments spread evenly over a clip, in rows of four, each size x size pixels.

    Args:
        clip: What to draw.
        moments: How many pictures; fewer where the clip has fewer frames.
        size: Pixels of each.
        title: On the first picture; by default the label and the name, "" for none.

    Raises:
        LabanError: Where nobody is in the clip.
    """
    view = _view(clip)
    frames = np.unique(
        np.linspace(0, clip.frames - 1, min(moments, clip.frames)).round().astype(int)
    )
    columns = min(4, len(frames))
    rows = math.ceil(len(frames) / columns)
    head = size // 10
    sheet = Image.new("RGB", (columns * size, rows * size + head), _PAPER)
    letters = max(9, size // 16)
    pen = ImageDraw.Draw(sheet)
    pen.text((letters // 2, head // 2), _heading(clip, title), _INK, _font(letters), anchor="lm")
    for k, frame in enumerate(frames):
        picture = _draw(view, int(frame), size, "", f"{frame / clip.fps:.1f} s")
        sheet.paste(picture, ((k % columns) * size, head + (k // columns) * size))
    return sheet


def _write_gif(view: _View, out: Path, title: str, fps: float, size: int) -> None:
    """Frames are thinned to at most 20 a second, as viewers do not show more."""
    step = math.ceil(fps / 20)
    frames = range(0, view.clip.frames, step)
    total = view.clip.frames
    pictures = [_draw(view, t, size, title, f"{t + 1} / {total}") for t in frames]
    fullest = view.clip.present[:, ::step].sum(0)  # a person who comes late has colours too
    middle_first = np.argsort(np.abs(np.arange(len(pictures)) - len(pictures) // 2), kind="stable")
    palette = pictures[max(middle_first, key=lambda t: fullest[t])].quantize(96)
    flat = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    pause = max(20, round(100 * step / fps) * 10)
    flat[0].save(out, save_all=True, append_images=flat[1:], duration=pause, loop=0, optimize=False)


def _write_mp4(view: _View, out: Path, title: str, fps: float, size: int) -> None:
    try:
        import imageio.v2 as imageio
        import imageio_ffmpeg  # noqa: F401
    except ImportError as error:
        raise LabanError(
            f'{out}: MP4 needs imageio with ffmpeg, pip install "laban[video]" or write a .gif'
        ) from error
    size += size % 2
    with imageio.get_writer(out, fps=fps, macro_block_size=2) as writer:
        for t in range(view.clip.frames):
            note = f"{t + 1} / {view.clip.frames}"
            writer.append_data(np.asarray(_draw(view, t, size, title, note)))


def render(
    clip: Clip,
    out: Path | str,
    *,
    title: str | None = None,
    fps: float | None = None,
    size: int = 480,
) -> None:
    """Draw a clip into a file whose suffix says how.

    Args:
        clip: What to draw.
        out: ``.gif`` or ``.mp4`` moves, ``.png`` is a sheet of eight moments, ``.html`` is a page
            of its own with a player that turns the figure.
        title: A line above; by default the label and the name.
        fps: Playing speed, by default the clip's own.
        size: Pixels of a side of one picture.

    Raises:
        LabanError: For another suffix, a clip with nobody in it, or MP4 without imageio.
    """
    out = Path(out)
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise LabanError(f"{out}: cannot render as '{out.suffix}', choose " + ", ".join(SUFFIXES))
    view, heading = _view(clip), _heading(clip, title)
    if suffix == ".gif":
        _write_gif(view, out, heading, fps or clip.fps, size)
    elif suffix == ".mp4":
        _write_mp4(view, out, heading, fps or clip.fps, size)
    elif suffix == ".png":
        contact_sheet(clip, size=size // 2, title=heading).save(out)
    else:
        colours = [bone_colours(clip.skeleton, person) for person in range(clip.persons)]
        text = page(clip, _space(clip), colours, title=heading, fps=fps or clip.fps, size=size)
        out.write_text(text, encoding="utf-8")
