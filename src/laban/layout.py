"""The layout of a store: its columns, what a clip must fulfil, and the writing of the file.

Format: https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format

A row a clip, record batches of about 16 MiB so that writing needs bounded memory, no compression
so that a clip read is a view of the file. Unusual here: shapes are columns of their own and arrays
are flat lists, because nested or fixed-shape lists and extension types are not read everywhere.

====================  =============  ==========================================================
column                type           what it holds
====================  =============  ==========================================================
name                  string         identity, unique in the store
label                 string         class name, null where there is none
subject ... split     string         subject, camera, setup, trial, split; null where not known
facts                 string         all other facts as a JSON object, null where there is none
fps                   float64        frames a second
persons ... channels  int32          persons, frames, joints, channels: the shape of the poses
poses                 list<float32>  (M, T, V, C) flattened, last axis fastest
present               list<uint8>    (M, T) flattened, 0 or 1
confidence            list<float32>  (M, T, V) flattened, null where the source has none
segments              list<struct>   label (string), start, end (int64; frames, end exclusive)
checksum              uint32         CRC-32 of the poses' little-endian bytes
====================  =============  ==========================================================

The schema's metadata holds under ``laban`` a JSON object: format (the version of this layout),
skeleton (all clips share one), channels, info (where the clips came from).
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from laban.clip import Clip
from laban.errors import LabanError

__all__ = [
    "FORMAT",
    "NAMED_FACTS",
    "SCALARS",
    "SCHEMA",
    "Batches",
    "check_clip",
    "whole_batches",
    "write_file",
]

FORMAT = 1
BATCH_BYTES = 16 * 2**20
ROW_BYTES = 256  # What a clip takes beside its poses, so that clips without frames count too.
MOST_VALUES = 2**30  # The lists' offsets are int32.
FRAMES_AT_ONCE = 4096  # that are looked at for odd numbers
NAMED_FACTS = ("subject", "camera", "setup", "trial", "split")
SHAPE = ("persons", "frames", "joints", "channels")
SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        *(pa.field(fact, pa.string()) for fact in NAMED_FACTS),
        pa.field("facts", pa.string()),
        pa.field("fps", pa.float64(), nullable=False),
        *(pa.field(axis, pa.int32(), nullable=False) for axis in SHAPE),
        pa.field("poses", pa.list_(pa.float32())),
        pa.field("present", pa.list_(pa.uint8())),
        pa.field("confidence", pa.list_(pa.float32())),
        pa.field(
            "segments",
            pa.list_(pa.struct({"label": pa.string(), "start": pa.int64(), "end": pa.int64()})),
        ),
        pa.field("checksum", pa.uint32(), nullable=False),
    ]
)
Batches = tuple[pa.Schema, list[pa.RecordBatch]]
SCALARS = tuple(field.name for field in SCHEMA if not pa.types.is_nested(field.type))


def check_clip(clip: Clip) -> None:
    """Raise a LabanError where a clip alone cannot go into a store: words or numbers at fault."""
    words = [("name", clip.name), *clip.facts.items(), *(("fact name", f) for f in clip.facts)]
    words += [("label", clip.label)] if clip.label is not None else []
    words += [("segment label", segment.label) for segment in clip.segments]
    for what, word in words:
        if not isinstance(word, str) or not _encodes(word):
            raise LabanError(f"clip {clip.name!r}: {what} is {word!r}, give it as Unicode text")
    for number, segment in enumerate(clip.segments, 1):
        for end in (segment.start, segment.end):
            if isinstance(end, bool) or not isinstance(end, int | np.integer) or abs(end) >= 2**31:
                raise LabanError(
                    f"clip {clip.name}: segment {number} ({segment.label}) goes from "
                    f"{segment.start!r} to {segment.end!r}, give whole numbers of frames"
                )
    if clip.poses.size > MOST_VALUES:
        raise LabanError(f"clip {clip.name}: {clip.frames} frames are too many, cut it into parts")
    if place := _not_finite(clip.poses):
        person, frame = place
        raise LabanError(
            f"clip {clip.name}: person {person} has a coordinate in frame {frame} that is not a "
            "finite number, set the joint to zero or leave the clip out"
        )
    if clip.confidence is not None and (place := _not_finite(clip.confidence)):
        _, frame = place
        raise LabanError(
            f"clip {clip.name}: a confidence in frame {frame} is not a finite number, "
            "set it to zero or leave the clip out"
        )


def _not_finite(values: np.ndarray) -> tuple[int, int] | None:
    """Person and frame of a number that is not finite: ``(M, T, ...) ->``; hours take no memory."""
    for start in range(0, values.shape[1], FRAMES_AT_ONCE):
        finite = np.isfinite(values[:, start : start + FRAMES_AT_ONCE])
        if not finite.all():
            person, frame = np.argwhere(~finite)[0, :2]
            return int(person), start + int(frame)
    return None


def _encodes(word: str) -> bool:
    """Whether a word has a UTF-8 form; a file name with bytes of another encoding has none."""
    return not any("\ud800" <= letter <= "\udfff" for letter in word)


def write_file(part: Path, path: Path, clips: Iterable[Clip], info: dict[str, Any]) -> None:
    """Check the clips one by one and write them to ``part``, which is to become ``path``."""
    rows: list[Clip] = []
    names: set[str] = set()
    size = 0
    first: Clip | None = None
    writer = None
    with pa.OSFile(str(part), "wb") as sink:
        for clip in clips:
            check_clip(clip)
            if first is None or writer is None:
                first = clip
                writer = pa.ipc.new_file(sink, _schema(clip, info))
            _check_among(clip, first, names)
            names.add(clip.name)
            rows.append(clip)
            size += clip.poses.nbytes + ROW_BYTES
            if size >= BATCH_BYTES:
                writer.write_batch(_batch(rows))
                rows, size = [], 0
        if writer is None:
            raise LabanError(f"no clip for {path}: check the source")
        if rows:
            writer.write_batch(_batch(rows))
        writer.close()


def whole_batches(part: Path) -> Batches:
    """The schema and the record batches that are whole in a file whose writing was cut off.

    Without any where not even the schema is whole.
    """
    batches: list[pa.RecordBatch] = []
    schema = SCHEMA
    try:
        file = pa.memory_map(str(part))
        file.seek(8)  # Arrow's magic word, padded
        reader = pa.ipc.open_stream(file)
        schema = reader.schema
        batches.extend(reader)
    except (pa.ArrowException, OSError):  # the end of what is whole
        pass
    return schema, batches


def _schema(clip: Clip, info: dict[str, Any]) -> pa.Schema:
    """The columns with the metadata of a store whose first clip this is."""
    meta = {
        "format": FORMAT,
        "skeleton": clip.skeleton.to_json(),
        "channels": clip.poses.shape[3],
        "info": info,
    }
    return SCHEMA.with_metadata({"laban": json.dumps(meta)})


def _check_among(clip: Clip, first: Clip, names: set[str]) -> None:
    """Refuse a clip that does not fit to those before it."""
    if clip.name in names:
        raise LabanError(f"clip {clip.name} comes twice: names in a store must differ, rename one")
    if clip.skeleton is not first.skeleton and clip.skeleton != first.skeleton:
        raise LabanError(
            f"clip {clip.name} has the skeleton {clip.skeleton.name}, the clips before it "
            f"{first.skeleton.name}: write a store for each"
        )
    if clip.poses.shape[3] != first.poses.shape[3]:
        raise LabanError(
            f"clip {clip.name} has {clip.poses.shape[3]} channels, the clips before it "
            f"{first.poses.shape[3]}: write a store for each"
        )


def _batch(clips: list[Clip]) -> pa.RecordBatch:
    """The record batch of some clips."""
    poses = [np.ascontiguousarray(clip.poses).reshape(-1) for clip in clips]
    others = [{k: v for k, v in clip.facts.items() if k not in NAMED_FACTS} for clip in clips]
    columns: dict[str, Any] = {
        "name": [clip.name for clip in clips],
        "label": [clip.label for clip in clips],
        **{fact: [clip.facts.get(fact) for clip in clips] for fact in NAMED_FACTS},
        "facts": [json.dumps(facts, ensure_ascii=False) if facts else None for facts in others],
        "fps": [clip.fps for clip in clips],
        **{axis: [clip.poses.shape[i] for clip in clips] for i, axis in enumerate(SHAPE)},
        "poses": _lists(poses, pa.float32()),
        "present": _lists(
            [clip.present.astype(np.uint8).reshape(-1) for clip in clips], pa.uint8()
        ),
        "confidence": _lists(
            [None if c.confidence is None else c.confidence.reshape(-1) for c in clips],
            pa.float32(),
        ),
        "segments": [[vars(segment) for segment in clip.segments] for clip in clips],
        "checksum": [zlib.crc32(values.data) for values in poses],
    }
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, SCHEMA.field(name).type)
        for name, column in columns.items()
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _lists(arrays: Sequence[np.ndarray | None], kind: pa.DataType) -> pa.ListArray:
    """A list column from flat arrays, null where there is None."""
    lengths = [0 if array is None else array.size for array in arrays]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    there = [array for array in arrays if array is not None]
    values = np.concatenate(there) if there else np.empty(0)
    mask = pa.array([array is None for array in arrays])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values, kind), mask=mask)
