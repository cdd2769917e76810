"""``laban watch``: the current action in a camera's pictures, or a video's, as it changes."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from laban.errors import LabanError
from laban.live import Stream
from laban.loading import load
from laban.result import Result
from laban.video import Fitting, FramePoses, PoseSource, VideoPoses
from laban.video.fitting import estimator_at

__all__ = ["changes", "watch"]


def watch(
    run: Path,
    *,
    camera: int | None = None,
    video: Path | None = None,
    estimator: Path | None = None,
    window: float = 2.0,
    fps: float = 30.0,
    each: bool = False,
) -> Iterator[Result]:
    """The current action in a camera's pictures or a video's, a line whenever it changes.

    It ends with the video, or by Ctrl-C.

    Args:
        run: The run folder, or an .onnx file that 'laban export' wrote, which needs no PyTorch.
        camera: The number of a camera, from 0.
        video: A video file in place of a camera; it is not slowed down to its own pace.
        estimator: What finds poses in pictures: an RTMO network as ONNX.
        window: Seconds that the network looks at.
        fps: Frames a second at which it looks: those of the recordings it learned from.
        each: Name the action of every person apart.
    """
    if (camera is None) == (video is None):
        raise LabanError("laban watch needs --camera NUMBER or --video FILE, one of them")
    predictor = load(run)
    stream = Stream(predictor, window=window, fps=fps, each=each)
    origin = video if camera is None else camera
    assert origin is not None
    finder = estimator_at(estimator)
    fitting = Fitting(predictor.card, finder.skeleton)
    with VideoPoses(origin, finder) as source:
        if fitting.mapping is not None:
            sys.stderr.write(f"{fitting.mapping}\n")
        try:
            yield from changes(_fitted(source, fitting), stream)
        except KeyboardInterrupt:  # how a camera is left
            return


def _fitted(source: PoseSource, fitting: Fitting) -> Iterator[FramePoses]:
    """The frames of a source as the network takes them.

    Raises:
        LabanError: At the end, where nobody was in any.
    """
    frames, someone = 0, False
    for frame in source:
        frames, someone = frames + 1, someone or bool(frame.ids)
        yield fitting.frame(frame, source.skeleton, source.size)
    if not someone:
        raise LabanError(f"no person was found in {frames} frames: show one whole, and well lit")


def changes(frames: Iterable[FramePoses], stream: Stream) -> Iterator[Result]:
    """What is new of the current action, or of each person's.

    Args:
        frames: As the stream takes them.
        stream: It judges them.
    """
    shown: dict[Any, str | None] = {}
    for frame in frames:
        answers = stream.push(
            frame.poses, time=frame.time, ids=frame.ids, confidence=frame.confidence
        )
        told = {answer.person: (answer.label, answer.probability) for answer in answers}
        for person, label in shown.items():  # who has left the window has no answer any more
            if label is not None and person not in told and not stream.clip(person).persons:
                told[person] = (None, 0.0)
        for person, (label, probability) in told.items():
            if label != shown.get(person):
                shown[person] = label
                yield _line(frame.time, person, label, probability)


def _line(time: float, person: Any, label: str | None, probability: float) -> Result:
    """One change, for a program and for a person."""
    value = {"time": round(time, 3), "person": person, "label": label}
    value["probability"] = round(probability, 6) if label is not None else None
    who = "" if person is None else f"person {person}: "
    what = "-" if label is None else f"{label} ({100 * probability:.1f} %)"
    return Result(value, f"{time:8.2f} s  {who}{what}")
