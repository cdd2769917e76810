"""Poses from video: pictures of a file or camera, an estimator, and who is who from frame to frame.

`source.py` says what a pose source is and makes one of OpenCV's pictures and an estimator;
`rtmo.py` is the estimator; `tracks.py` gives persons ids; `fitting.py` makes of its key points what
a network takes, and `VideoReader` whole clips.
"""

from laban.video.fitting import Fitting, VideoReader
from laban.video.rtmo import RTMO
from laban.video.source import SUFFIXES, Estimator, FramePoses, PoseSource, VideoPoses, clip_of
from laban.video.tracks import Tracks, matched

__all__ = [
    "RTMO",
    "SUFFIXES",
    "Estimator",
    "Fitting",
    "FramePoses",
    "PoseSource",
    "Tracks",
    "VideoPoses",
    "VideoReader",
    "clip_of",
    "matched",
]
