"""``laban detect``: the actions in untrimmed recordings, as segments and as a drawing."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from laban.clip import Clip
from laban.detection.labels import faults, overlapping
from laban.detector import Detector
from laban.errors import LabanError, unknown_name
from laban.follow import follow as followed
from laban.follow import frames_of
from laban.plotting import png
from laban.recordings import Skipped, recordings
from laban.result import Result
from laban.run import Run
from laban.timeline import timeline

__all__ = ["detect"]


def detect(
    run: Path,
    source: list[Path] | None = None,
    *,
    clip: str | None = None,
    out: Path | None = None,
    follow: bool = False,
    fps: float | None = None,
) -> Result | None:
    """The actions in untrimmed recordings: raw files of any known format, folders, zips or stores.

    Args:
        run: The folder of a detection run.
        source: Recordings.
        clip: Only the recording of that name.
        out: A folder for a drawing of each recording, NAME.png: truth, where it is known, above
            what was found.
        follow: Read frames from standard input as they come, a JSON object a line with poses
            (persons, joints, channels) and, where it is known, time in seconds; write a JSON object
            a line when an action is seen, and when it is over.
        fps: Of what is followed, frames a second; those of the training recordings by default.
    """
    detector = Detector(Run.open(run))
    if follow:
        if source or clip or out:
            raise LabanError("--follow reads standard input: give no recordings, --clip or --out")
        _follow(detector, fps)
        return None
    if not source or fps is not None:
        raise LabanError("laban detect needs recordings, or --follow; --fps is for --follow alone")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    value: list[dict[str, Any]] = []
    lines: list[str] = []
    skipped, drawn = Skipped(), set[Path]()
    for recording in _chosen(source, clip, skipped):
        try:
            notes = detector.check(recording)
        except LabanError as error:
            skipped.add(str(error), recording.name)
            continue
        notes += [sentence for _, sentence in faults(recording)]
        for note in (*notes, *overlapping(recording)):
            skipped.add(note, recording.name, note=True)
        found = detector.detect(recording)
        value.append({"clip": recording.name, "segments": [asdict(one) for one in found]})
        lines.append(f"{recording.name}: {len(found)} segments in {recording.frames} frames")
        lines += [
            f"  {one.start:>6} to {one.end:<6} {one.start / recording.fps:8.2f} s  {one.label} "
            f"({100 * one.confidence:.1f} %)"
            for one in found
        ]
        if out is not None:
            drawn.add(path := _new_path(out, recording.name, drawn))
            png(timeline(recording, found, detector.run.classes), path)
    told = skipped.lines()
    if not value:
        raise LabanError(told[0] if told else f"{source[0]} holds no recording")
    for sentence in told:
        sys.stderr.write(f"{sentence}\n")
    return Result(value, "\n".join(lines))


def _new_path(folder: Path, name: str, taken: set[Path]) -> Path:
    """Where a recording's drawing goes: what is alike as a file's name is numbered."""
    stem, number = name.replace("/", "-")[:60], 1  # of at most four bytes a letter
    while (path := folder / f"{stem}{f'-{number}' if number > 1 else ''}.png") in taken:
        number += 1
    return path


def _follow(detector: Detector, fps: float | None) -> None:
    """Lines in, lines out, until the input ends."""
    rate = detector.run.notes.get("fps", 30.0) if fps is None else fps
    if rate <= 0:
        raise LabanError(f"--fps is {rate:g}, give frames a second above 0")
    frames = frames_of(
        sys.stdin, detector, fps=rate, tell=lambda sentence: sys.stderr.write(f"{sentence}\n")
    )
    for row in followed(detector, frames):
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


def _chosen(source: list[Path], name: str | None, skipped: Skipped) -> Iterator[Clip]:
    """The recordings at the paths, or the one of a name."""
    others, some = [], False
    for path in source:
        for clip in recordings(path, skip=skipped.add):
            if name in (None, clip.name):
                some = True
                yield clip
            else:
                others.append(clip.name)
    if others and not some:
        raise unknown_name("recording", name or "", others)
