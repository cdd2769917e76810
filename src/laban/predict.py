"""``laban predict``: a run or an exported file names the actions of recordings."""

import sys
from collections.abc import Iterator
from pathlib import Path

from laban.clip import Clip
from laban.errors import LabanError
from laban.loading import load
from laban.recordings import Skipped, recordings
from laban.result import Result
from laban.video import SUFFIXES, VideoReader

__all__ = ["predict"]


def predict(run: Path, source: list[Path], *, estimator: Path | None = None) -> Result:
    """The actions of recordings: raw files of any known format, folders, zips, stores or videos.

    Args:
        run: The run folder, or an .onnx file that 'laban export' wrote, which needs no PyTorch.
        source: Recordings.
        estimator: What finds poses in videos: an RTMO network as ONNX.
    """
    predictor = load(run)
    skipped = Skipped()
    videos = VideoReader(predictor.card, estimator)

    def found_in(path: Path) -> Iterator[Clip]:
        if path.suffix.lower() not in SUFFIXES:
            yield from recordings(path, skip=skipped.add)
            return
        try:
            yield videos.read(path)
        except LabanError as error:
            skipped.add(str(error))

    def fitting() -> Iterator[Clip]:
        for path in source:
            for clip in found_in(path):
                try:
                    predictor.card.check_clip(clip)
                except LabanError as error:
                    skipped.add(str(error), clip.name)
                    continue
                yield clip

    found = predictor.predict(fitting())
    lines = skipped.lines()
    if not found:
        raise LabanError(lines[0] if lines else f"{source[0]} holds no recording")
    for line in lines:
        sys.stderr.write(f"skipped {line}\n")
    value = [prediction.to_json() for prediction in found]
    lines = [f"{p['clip']}: {p['label']} ({100 * p['probability']:.1f} %)" for p in value]
    return Result(value, "\n".join(lines))
