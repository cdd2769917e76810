"""Actions in untrimmed recordings: from scores of frames to segments, and how good these are.

Pure functions of arrays: no network, no file. Frames count from 0 and ends are exclusive, as in
`laban.clip.Segment`; where a published evaluation code measures otherwise, an option says so.
"""

from laban.detection.joining import Detection, Joining, joined_segments
from laban.detection.spans import Spans

__all__ = ["Detection", "Joining", "Spans", "joined_segments"]
