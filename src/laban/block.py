"""A record batch of a store as NumPy views, and what is refused as damaged.

Format: https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from laban.clip import Clip, Segment
from laban.errors import LabanError
from laban.layout import NAMED_FACTS
from laban.skeletons import Skeleton

__all__ = ["MEND", "Block", "first_line", "validate"]

MEND = "convert the recordings again with --overwrite"


class Block:
    """One record batch as NumPy views, so that reading a clip makes no Arrow scalar of an array.

    Args:
        batch: Of the file.
        path: The file, for the sentence of an error.
        skeleton: That of all clips.
        channels: C.

    Raises:
        LabanError: Where it is damaged.
    """

    def __init__(
        self, batch: pa.RecordBatch, path: Path, skeleton: Skeleton, channels: int
    ) -> None:
        validate(path, batch)
        self.path, self.skeleton = path, skeleton
        self.joints, self.channels = len(skeleton), channels
        self.columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        self.persons = self.columns["persons"].to_numpy()
        self.frames = self.columns["frames"].to_numpy()
        self.fps = self.columns["fps"].to_numpy()
        self.poses = _ragged(self.columns["poses"])
        self.present = _ragged(self.columns["present"])
        self.confidence = _ragged(self.columns["confidence"])
        self.unsure = self.columns["confidence"].is_null().to_numpy(zero_copy_only=False)
        self.segment_offsets = self.columns["segments"].offsets.to_numpy()

    def text(self, column: str, row: int) -> str | None:
        """A word of one clip."""
        return self.columns[column][row].as_py()

    def facts(self, row: int) -> dict[str, str]:
        """The facts of one clip, without its poses."""
        facts = {fact: self.text(fact, row) for fact in NAMED_FACTS}
        found = {fact: value for fact, value in facts.items() if value is not None}
        others = self.text("facts", row)
        try:
            return found if others is None else found | json.loads(others)
        except (ValueError, TypeError) as error:
            raise LabanError(
                f"{self.path}: the facts of clip {self.text('name', row)} are damaged: {MEND}"
            ) from error

    def clip(self, row: int) -> Clip:
        """One clip; its arrays are views of the file."""
        people, frames = int(self.persons[row]), int(self.frames[row])
        shape = (people, frames, self.joints, self.channels)
        try:
            poses = _cut(self.poses, row).reshape(shape)
            present = _cut(self.present, row).view(bool).reshape(shape[:2])
            known = not self.unsure[row]
            confidence = _cut(self.confidence, row).reshape(shape[:3]) if known else None
        except ValueError as error:
            raise LabanError(
                f"{self.path}: clip {self.text('name', row)} does not have the values for its "
                f"shape {shape}: {MEND}"
            ) from error
        segments: tuple[Segment, ...] = ()
        if self.segment_offsets[row] < self.segment_offsets[row + 1]:
            segments = tuple(Segment(**part) for part in self.columns["segments"][row].as_py())
        return Clip(
            name=self.text("name", row) or "",
            poses=poses,
            skeleton=self.skeleton,
            present=present,
            confidence=confidence,
            fps=float(self.fps[row]),
            label=self.text("label", row),
            segments=segments,
            facts=self.facts(row),
        )


def validate(path: Path, part: pa.RecordBatch | pa.ChunkedArray) -> None:
    """Refuse offsets and words that are damaged, for Arrow would follow them anywhere.

    Numbers are not looked at, so the cost is small beside the poses.
    """
    try:
        part.validate(full=True)
    except pa.ArrowException as error:
        raise LabanError(f"{path} is damaged ({first_line(error)}): {MEND}") from error


def _ragged(column: pa.ListArray) -> tuple[np.ndarray, np.ndarray]:
    """A list column as (offsets, values), both views of the file."""
    return column.offsets.to_numpy(), column.values.to_numpy()


def _cut(ragged: tuple[np.ndarray, np.ndarray], row: int) -> np.ndarray:
    offsets, values = ragged
    return values[offsets[row] : offsets[row + 1]]


def first_line(error: BaseException) -> str:
    """An error in a few words."""
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
