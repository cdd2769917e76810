"""``laban forecast``: what people in a recording do next, as poses and as a drawing."""

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from laban.afterimage import afterimage, joined
from laban.clip import Clip
from laban.errors import LabanError, unknown_name
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
        clip: Which recording, by name; by default the first that can be gone on with.
        at: Seconds of the recording that may be seen, up to all of it. By default so many that
            what is predicted ends with the recording and is drawn beside what happened.
        out: A drawing of seen, true and predicted poses: png, moments side by side; gif, mp4 or
            html, moving, with the predicted people in other colours.
    """
    forecaster = Forecaster(Run.open(run))
    recording, end = _chosen(source, clip, at, forecaster)
    objective, fps = forecaster.objective, recording.fps
    shown = forecaster.shown(recording)
    if note := forecaster.gaps(shown, end):
        sys.stderr.write(f"{note}\n")
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
            told = [round(float(mm), 2) if math.isfinite(mm) else None for mm in row]
            value[name] = dict(zip(columns, told, strict=True))
            said = ", ".join("-" if mm is None else f"{mm:.1f}" for mm in told)
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


def _chosen(
    source: Path, name: str | None, at: float | None, forecaster: Forecaster
) -> tuple[Clip, int]:
    """The recording of that name, or the first that fits, and the frame behind what is seen."""
    names: list[str] = []
    faults: list[str] = []
    for clip in recordings(source, skip=faults.append if name is None else None):
        names.append(clip.name)
        if name not in (None, clip.name):
            continue
        try:
            return clip, _end(clip, at, forecaster)
        except LabanError as error:
            if name is not None:
                raise
            faults.append(str(error))
    if faults:
        raise LabanError(faults[0])
    raise unknown_name(f"clip of {source}", name or "", names)


def _end(clip: Clip, at: float | None, forecaster: Forecaster) -> int:
    """The frame behind what is seen of a recording that can be gone on with from there."""
    forecaster.check(clip)
    if at is not None:
        end = forecaster.end_of(clip, at)
    else:
        end = max(clip.frames - forecaster.objective.ahead, forecaster.objective.seen)
    if not clip.present[:, end - 1].any():
        raise LabanError(f"clip {clip.name}: nobody is there in frame {end - 1} to go on with")
    return end
