"""``laban forecast``: what people in a recording do next, as poses and as a drawing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from laban.afterimage import afterimage, joined
from laban.clip import Clip
from laban.errors import unknown_name
from laban.forecaster import METHODS, Forecaster
from laban.plotting import png
from laban.recordings import recordings
from laban.render import render
from laban.result import Result
from laban.run import Run

__all__ = ["forecast"]


def forecast(
    run: Path,
    source: Path,
    *,
    clip: str | None = None,
    at: float | None = None,
    out: Path | None = None,
) -> Result:
    """What people in a recording do next, in metres.

    Args:
        run: The folder of a forecasting run.
        source: A recording of any known format, or a store.
        clip: Which recording, by name; the first by default.
        at: Seconds of the recording that may be seen, up to all of it. By default so many that
            what is predicted ends with the recording and is drawn beside what happened.
        out: A drawing of seen, true and predicted poses: png, moments side by side; gif, mp4 or
            html, moving, with the predicted people in other colours.
    """
    forecaster = Forecaster(Run.open(run))
    recording = _chosen(source, clip)
    forecaster.check(recording)
    objective, fps = forecaster.objective, recording.fps
    end = recording.frames - objective.ahead if at is None else round(at * fps)
    if at is None:
        end = max(end, objective.seen)
    shown = forecaster.shown(recording)
    predicted = forecaster.forecast(shown, end)
    value: dict[str, Any] = {
        "clip": recording.name,
        "fps": fps,
        "units": "m",
        "start": end,
        "poses": predicted.poses.round(5).tolist(),
        "present": predicted.present.all(1).tolist(),
    }
    what = f"{predicted.frames} frames predicted behind frame {end - 1}"
    lines = [f"{recording.name}: {what} ({end / fps:.2f} s)"]
    happened = end + objective.ahead <= shown.frames
    # None are left where nobody stays to be compared with.
    for errors in forecaster.errors(shown, [end - objective.seen]) if happened else ():
        columns = [*map(str, objective.horizons), "mean"]
        for name, row in zip(METHODS, errors, strict=True):
            told = [round(float(mm), 2) for mm in row]
            value[name] = dict(zip(columns, told, strict=True))
            said = ", ".join(f"{mm:.1f}" for mm in told)
            lines.append(f"  {name.replace('_', ' ')}: {said} mm")
        lines.insert(1, f"  at {', '.join(map(str, objective.horizons))} ms and on average")
    if out is not None:
        if out.suffix.lower() == ".png":
            png(afterimage(shown, predicted, end, horizons=objective.horizons), out)
        else:
            frames = slice(end - objective.seen, end + objective.ahead)
            window = replace(shown, poses=shown.poses[:, frames], present=shown.present[:, frames])
            render(joined(window, predicted, objective.seen), out)
        lines.append(f"  {out}")
    return Result(value, "\n".join(lines))


def _chosen(source: Path, name: str | None) -> Clip:
    """The recording of that name, or the first."""
    names = []
    for clip in recordings(source):
        if name in (None, clip.name):
            return clip
        names.append(clip.name)
    raise unknown_name(f"clip of {source}", name or "", names)
