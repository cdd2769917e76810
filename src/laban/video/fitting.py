"""From key points in a picture to what a network takes.

A network that takes x y z is refused: nothing here guesses depth. Another joint layout is mapped by
names (`laban.mapping`). Networks of Kinetics-Skeleton, whose poses are shares of the picture, get
shares; all others get pixels, as PYSKL's and OpenPose's files hold them.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from laban.card import Card
from laban.clip import Clip
from laban.errors import LabanError
from laban.mapping import apply_mapping, mapping_between
from laban.skeletons import Skeleton
from laban.video.rtmo import RTMO
from laban.video.source import Estimator, FramePoses, VideoPoses, clip_of

__all__ = ["Fitting", "VideoReader", "estimator_at"]

_WITH_SHARES = ("kinetics",)  # benchmarks whose poses are shares of the picture


class Fitting:
    """A pose source's poses as a network takes them.

    Args:
        card: The network's.
        skeleton: The source's joint layout.

    Raises:
        LabanError: Where the network takes another number of channels, or no joint of the layout.
    """

    def __init__(self, card: Card, skeleton: Skeleton) -> None:
        if card.channels != 2:
            raise LabanError(
                f"a video gives x and y of {skeleton.name}, this run takes {card.channels} channels"
                f" of {card.skeleton.name}: use one trained on poses in pictures"
            )
        same = skeleton.joints == card.skeleton.joints
        self.mapping = None if same else mapping_between(skeleton, card.skeleton)
        self.in_shares = card.benchmark.name in _WITH_SHARES

    def clip(self, clip: Clip, size: tuple[int, int]) -> Clip:
        """A clip in pixels of a picture of that width and height, (M, T, V, 2) -> (M, T, V', 2)."""
        if self.in_shares:
            clip = replace(clip, poses=clip.poses / np.array(size, np.float32))
        return clip if self.mapping is None else apply_mapping(self.mapping, clip)

    def frame(self, frame: FramePoses, skeleton: Skeleton, size: tuple[int, int]) -> FramePoses:
        """One frame, (P, V, 2) -> (P, V', 2)."""
        one = Clip("", frame.poses[:, None], skeleton, confidence=frame.confidence[:, None])
        one = self.clip(one, size)
        sure = np.zeros(one.poses.shape[:3]) if one.confidence is None else one.confidence
        return replace(frame, poses=one.poses[:, 0], confidence=sure[:, 0])


def estimator_at(path: Path | None) -> Estimator:
    """The estimator of a file.

    Raises:
        LabanError: Where none is named, or it cannot be used.
    """
    if path is None:
        raise LabanError(
            "a video needs --estimator FILE, a network that finds poses: RTMO as ONNX, from "
            "https://github.com/Tau-J/rtmlib#model-zoo"
        )
    return RTMO(path)


class VideoReader:
    """Video files as clips for a network; the estimator is loaded once, when it is needed.

    Args:
        card: The network's.
        estimator: The estimator's file.
    """

    def __init__(self, card: Card, estimator: Path | None) -> None:
        self.card, self._path = card, estimator
        self._estimator: Estimator | None = None

    def read(self, path: Path) -> Clip:
        """A video as a clip, named after its file.

        Raises:
            LabanError: Where it cannot be read, has nobody in it, or the network takes no such
                poses.
        """
        from laban.progress import progress_bar  # where no video is read, rich is not needed

        fitting = Fitting(self.card, RTMO.skeleton)
        if self._estimator is None:
            self._estimator = estimator_at(self._path)
        with VideoPoses(path, self._estimator) as source, progress_bar() as bar:
            frames = list(bar.track(source, total=source.frames, description=path.name))
            clip = clip_of(frames, source.skeleton, fps=source.fps, name=path.stem)
            return fitting.clip(clip, source.size)
