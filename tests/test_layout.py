"""The layout of a store: plain columns that do not change unnoticed, batches of bounded size."""

import tracemalloc
import zlib

import numpy as np
import pyarrow as pa
import pytest

import laban.layout
from laban.clip import Clip, Segment
from laban.errors import LabanError
from laban.layout import FORMAT, SCALARS, SCHEMA, check_clip, write_file
from laban.skeletons import Skeleton

PAIR = Skeleton("pair", ("a", "b"), (0, 0))


def clip(name: str, frames: int, **rest) -> Clip:
    poses = np.random.default_rng(frames).standard_normal((1, frames, 2, 3))
    return Clip(name, poses, PAIR, **rest)


def written(tmp_path, clips) -> pa.ipc.RecordBatchFileReader:
    part = tmp_path / "part"
    write_file(part, tmp_path / "s.arrow", iter(clips), {})
    return pa.ipc.open_file(part)


def test_the_columns_of_format_1():
    """Whoever changes a column raises FORMAT, so that an older version can say what is wrong."""
    assert FORMAT == 1
    types = {field.name: str(field.type) for field in SCHEMA}
    text = "name label subject camera setup trial split facts".split()
    shape = "persons frames joints channels".split()
    assert types == {
        **dict.fromkeys(text, "string"),
        "fps": "double",
        **dict.fromkeys(shape, "int32"),
        "poses": "list<item: float>",
        "present": "list<item: uint8>",
        "confidence": "list<item: float>",
        "segments": "list<item: struct<label: string, start: int64, end: int64>>",
        "checksum": "uint32",
    }
    assert list(SCALARS) == [*text, "fps", *shape, "checksum"]


def test_batches_close_when_they_are_full(tmp_path, monkeypatch):
    clips = [clip(f"c{i}", 10) for i in range(7)]
    row = clips[0].poses.nbytes + laban.layout.ROW_BYTES
    monkeypatch.setattr(laban.layout, "BATCH_BYTES", 3 * row)
    reader = written(tmp_path, clips)
    sizes = [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)]
    assert sizes == [3, 3, 1]


def test_values_of_a_row(tmp_path):
    one = clip("a", 3, confidence=np.full((1, 3, 2), 0.5), segments=(Segment("wave", 0, 2),))
    first, second = written(tmp_path, [one, clip("b", 0)]).read_all().to_pylist()
    assert first["poses"] == one.poses.ravel().tolist()
    assert first["present"] == [1, 1, 1]
    assert first["confidence"] == [0.5] * 6
    assert first["segments"] == [{"label": "wave", "start": 0, "end": 2}]
    assert first["checksum"] == zlib.crc32(one.poses.tobytes())
    assert second["poses"] == second["present"] == second["segments"] == []
    assert second["confidence"] is None
    assert (second["persons"], second["frames"], second["joints"]) == (1, 0, 2)


def test_strided_poses_are_written_in_order(tmp_path):
    turned = np.arange(36, dtype="f4").reshape(3, 2, 6, 1).T  # (1, 6, 2, 3), not contiguous
    row = written(tmp_path, [Clip("a", turned, PAIR)]).read_all().to_pylist()[0]
    assert row["poses"] == turned.ravel().tolist()


def test_a_sound_clip_passes():
    check_clip(clip("ü", 4, label="走る", facts={"subject": "1"}))


def test_a_long_recording_is_checked_in_little_memory():
    long = clip("long", 300_000)
    tracemalloc.start()
    check_clip(long)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < long.poses.size / 10  # a flag a number would be ten times as much
    long.poses[0, 50_000, 1, 2] = np.nan
    with pytest.raises(LabanError, match="person 0 has a coordinate in frame 50000"):
        check_clip(long)


@pytest.mark.parametrize("place", [None, "3", 1.5, float("nan"), True, 2**70])
def test_segments_of_no_frame_numbers_are_refused(place):
    with pytest.raises(LabanError, match=r"segment 2 \(b\) goes from .*, give whole numbers"):
        check_clip(clip("x", 4, segments=(Segment("a", 0, 2), Segment("b", place, 3))))


@pytest.mark.parametrize("fps", [float("inf"), float("nan"), 0.0, -1.0])
def test_a_rate_that_is_none_is_refused(fps):
    with pytest.raises(LabanError, match="give frames a second above 0"):
        clip("x", 4, fps=fps)
