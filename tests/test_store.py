"""The store: exact round trip, views of the file, atomic replacement, a sentence for bad files."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import laban.layout
from laban.clip import Clip, Segment
from laban.errors import LabanError
from laban.skeletons import SKELETONS, Skeleton
from laban.store import Store

CHAIN = Skeleton("chain", ("a", "b", "c"), (0, 0, 1), spine=("a", "b"))
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


def made(name: str, frames: int = 4, *, seed: int = 0, persons: int = 1, **rest) -> Clip:
    poses = np.random.default_rng(seed).standard_normal((persons, frames, 3, 3), np.float32)
    return Clip(name, poses, CHAIN, **rest)


def assert_same(one: Clip, two: Clip) -> None:
    for field in ("name", "fps", "label", "segments", "skeleton"):
        assert getattr(one, field) == getattr(two, field), field
    assert dict(one.facts) == dict(two.facts)
    for field in ("poses", "present", "confidence"):
        a, b = getattr(one, field), getattr(two, field)
        assert (a is None) == (b is None), field
        if a is not None:
            assert a.dtype == b.dtype and a.shape == b.shape
            assert a.tobytes() == b.tobytes()


@st.composite
def any_clips(draw: st.DrawFn) -> list[Clip]:
    channels = draw(st.integers(1, 4))
    clips = []
    for name in draw(st.lists(TEXT, min_size=1, max_size=4, unique=True)):
        shape = (draw(st.integers(0, 3)), draw(st.integers(0, 5)), 3, channels)
        finite = hnp.from_dtype(np.dtype("f4"), allow_nan=False, allow_infinity=False)
        clips.append(
            Clip(
                name,
                draw(hnp.arrays("f4", shape, elements=finite)),
                CHAIN,
                present=draw(hnp.arrays(bool, shape[:2])),
                confidence=draw(st.none() | hnp.arrays("f4", shape[:3], elements=finite)),
                fps=draw(st.floats(1, 240)),
                label=draw(st.none() | TEXT),
                segments=tuple(draw(st.lists(st.builds(Segment, TEXT, *[st.integers(0, 9)] * 2)))),
                facts=draw(st.dictionaries(st.sampled_from(["subject", "split", "x"]), TEXT)),
            )
        )
    return clips


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clips=any_clips())
def test_round_trip_is_exact(clips, tmp_path):
    store = Store.write(tmp_path / "s.arrow", clips, overwrite=True)
    assert len(store) == len(clips)
    for one, two in zip(clips, store, strict=True):
        assert_same(one, two)
    for i, clip in enumerate(clips):
        assert store.facts(i) == dict(clip.facts)
        assert store.index(clip.name) == i
    assert store.labels.tolist() == [clip.label for clip in clips]
    assert store.frames.tolist() == [clip.frames for clip in clips]


def test_many_batches_keep_order_and_count(tmp_path, monkeypatch):
    monkeypatch.setattr(laban.layout, "BATCH_BYTES", 1000)
    clips = [made(f"c{i}", i % 9, seed=i, facts={"subject": str(i % 3)}) for i in range(60)]
    store = Store.write(tmp_path / "s.arrow", iter(clips))
    assert len(pa.ipc.open_file(store.path).schema) == len(store._batches[0].schema)
    assert len(store._batches) > 5
    assert_same(store[-1], clips[-1])
    assert_same(store[np.int64(31)], clips[31])
    assert store.column("subject").tolist() == [clip.facts["subject"] for clip in clips]
    for beyond in (60, -61):
        with pytest.raises(IndexError):
            store[beyond]


def test_arrays_are_read_only_views_of_the_file(tmp_path):
    made_clip = made("c", 10_000, confidence=np.ones((1, 10_000, 3)))
    store = Store.write(tmp_path / "s.arrow", [made_clip])
    low = pa.total_allocated_bytes()
    one, two = store[0], store[0]
    assert pa.total_allocated_bytes() < low + 1000
    for field in ("poses", "present", "confidence"):
        array = getattr(one, field)
        assert np.shares_memory(array, getattr(two, field))
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_plain_arrow_reads_the_columns(tmp_path):
    clips = [made("a", label="wave"), made("b", 2, persons=2, facts={"camera": "2", "x": "y"})]
    Store.write(tmp_path / "s.arrow", clips, info={"format": "ntu"})
    table = pa.ipc.open_file(tmp_path / "s.arrow").read_all()
    assert table["name"].to_pylist() == ["a", "b"]
    assert table["label"].to_pylist() == ["wave", None]
    assert table["camera"].to_pylist() == [None, "2"]
    assert table["facts"].to_pylist() == [None, '{"x": "y"}']
    row = table.slice(1).to_pylist()[0]
    shape = [row[axis] for axis in ("persons", "frames", "joints", "channels")]
    assert np.array_equal(np.array(row["poses"], "f4").reshape(shape), clips[1].poses)
    assert not any(isinstance(f.type, pa.BaseExtensionType) for f in table.schema)
    assert json.loads(table.schema.metadata[b"laban"])["info"] == {"format": "ntu"}


def test_pickle_opens_the_file_again_and_carries_no_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store.write("s.arrow", [made(f"c{i}", 500) for i in range(3)])
    pickled = pickle.dumps(store)
    assert len(pickled) < 500
    monkeypatch.chdir("/")
    assert_same(pickle.loads(pickled)[2], store[2])  # noqa: S301 (made here)


def test_digest_is_of_the_content(tmp_path):
    clips = [made("a", label="x"), made("b", facts={"z": "1"})]
    first = Store.write(tmp_path / "1.arrow", clips, info={"when": "now"}).digest
    assert Store.write(tmp_path / "2.arrow", clips).digest == first
    other = clips[1].poses.copy()
    other[0, 0, 0, 0] += 1
    for changed in (
        clips[::-1],
        [clips[0], replace(clips[1], poses=other)],
        [clips[0], replace(clips[1], facts={"z": "2"})],
        [replace(clips[0], label="y"), clips[1]],
    ):
        assert Store.write(tmp_path / "3.arrow", changed, overwrite=True).digest != first


def with_value(clip: Clip, value: float, at: tuple) -> Clip:
    poses = clip.poses.copy()
    poses[at] = value
    return replace(clip, poses=poses)


NARROW = Clip("flat", np.ones((1, 2, 3, 2), "f4"), CHAIN)
OTHER = Clip("kinect", np.ones((1, 2, 25, 3), "f4"), SKELETONS["kinect-v2"])


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([], "no clip for"),
        ([made("a"), made("b"), made("a")], "clip a comes twice"),
        ([made("a"), OTHER], "clip kinect has the skeleton kinect-v2, .* chain"),
        ([made("a"), NARROW], "clip flat has 2 channels, the clips before it 3"),
        ([made("a"), with_value(made("n"), np.nan, (0, 3, 1, 1))], "clip n: .* frame 3 "),
        ([with_value(made("n"), -np.inf, (0, 0, 2, 1))], "clip n: .* frame 0 "),
        ([made("n", confidence=np.full((1, 4, 3), np.nan))], "clip n: a confidence in frame 0"),
        ([made("a", facts={"subject": 3})], "clip 'a': subject is 3"),
        ([made("a", label="\udcff")], "clip 'a': label is"),
    ],
)
def test_bad_clips_leave_what_was_there(tmp_path, clips, message):
    path = tmp_path / "s.arrow"
    Store.write(path, [made("old")])
    before = path.read_bytes()
    with pytest.raises(LabanError, match=message):
        Store.write(path, clips, overwrite=True)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["s.arrow"]
    with pytest.raises(LabanError, match=message):
        Store.write(tmp_path / "new.arrow", clips)
    assert os.listdir(tmp_path) == ["s.arrow"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_leaves_what_was_there(tmp_path, fault, monkeypatch):
    monkeypatch.setattr(laban.layout, "BATCH_BYTES", 100)

    def clips():
        yield made("a")
        yield made("b")
        raise fault

    path = tmp_path / "s.arrow"
    Store.write(path, [made("old")])
    with pytest.raises(fault):
        Store.write(path, clips(), overwrite=True)
    assert [clip.name for clip in Store(path)] == ["old"]
    assert os.listdir(tmp_path) == ["s.arrow"]


def test_a_killed_writer_leaves_the_old_store(tmp_path):
    path = tmp_path / "s.arrow"
    Store.write(path, [made("old")])
    code = f"""
import os, signal
from laban.store import Store
def clips():
    yield from Store({str(path)!r})
    os.kill(os.getpid(), signal.SIGKILL)
Store.write({str(path)!r}, clips(), overwrite=True)
"""
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode == -9
    assert [clip.name for clip in Store(path)] == ["old"]


def test_a_store_can_be_rewritten_from_itself(tmp_path):
    path = tmp_path / "s.arrow"
    store = Store.write(path, [made("a"), made("b", 7)])
    again = Store.write(path, (replace(clip, label="x") for clip in store), overwrite=True)
    assert again.labels.tolist() == ["x", "x"]
    assert np.array_equal(again[1].poses, store[1].poses)


def test_taken_paths(tmp_path):
    path = tmp_path / "deep" / "s.arrow"
    Store.write(path, [made("a")])
    with pytest.raises(LabanError, match="exists: .*--overwrite"):
        Store.write(path, [made("b")])
    assert Store(path)[0].name == "a"
    precious = tmp_path / "source.zip"
    precious.write_bytes(b"PK not a store")
    with pytest.raises(LabanError, match="is not a store and is not replaced"):
        Store.write(precious, [made("a")], overwrite=True)
    assert precious.read_bytes() == b"PK not a store"
    with pytest.raises(LabanError, match="is a folder"):
        Store.write(tmp_path, [made("a")], overwrite=True)


def plain_arrow(path: Path, metadata: dict | None) -> None:
    table = pa.table({"name": ["a"]}).replace_schema_metadata(metadata)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def test_bad_files_get_one_sentence(tmp_path):
    path = tmp_path / "s.arrow"
    cases: list[tuple[object, str]] = [
        (lambda: None, "does not exist: .*laban convert"),
        (lambda: path.write_bytes(b""), "is not a Laban store"),
        (lambda: path.write_bytes(b"1,2,3\n"), "is not a Laban store"),
        (lambda: path.write_bytes(b"ARROW1\0\0"), "is truncated or damaged"),
        (lambda: plain_arrow(path, None), "Arrow file but not a Laban store"),
        (lambda: plain_arrow(path, {"laban": "{"}), "damaged metadata"),
        (
            lambda: plain_arrow(path, {"laban": '{"format": 7}'}),
            r"written by a newer version \(format 7, this one reads up to 1\): update laban",
        ),
        (lambda: plain_arrow(path, {"laban": '{"format": 1}'}), "does not have the columns"),
    ]
    for make, message in cases:
        path.unlink(missing_ok=True)
        make()
        with pytest.raises(LabanError, match=message) as raised:
            Store.open(path)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)
    with pytest.raises(LabanError, match="is a folder"):
        Store(tmp_path)


def test_any_truncation_is_a_sentence(tmp_path):
    path = tmp_path / "s.arrow"
    Store.write(path, [made(f"c{i}") for i in range(3)])
    whole = path.read_bytes()
    for size in range(0, len(whole) - 1, 97):
        path.write_bytes(whole[:size])
        with pytest.raises(LabanError):
            Store(path)


def test_damaged_bytes_give_clips_or_a_sentence_and_never_end_the_process(tmp_path):
    path = tmp_path / "s.arrow"
    clips = [made(f"c{i}", label="x", facts={"subject": "1", "k": "v"}) for i in range(20)]
    whole = Store.write(path, clips).path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for at in rng.integers(len(whole), size=3):
            damaged[at] = rng.integers(256)
        path.unlink()
        path.write_bytes(damaged)
        try:
            store = Store(path)
            assert len(store.labels) == len(list(store))
        except LabanError:
            refused += 1
    assert refused > 100


def test_a_shape_that_does_not_fit_is_a_sentence(tmp_path):
    store = Store.write(tmp_path / "whole.arrow", [made("c0")])
    batch = store._batches[0]
    columns = [pa.array([9], pa.int32()) if n == "frames" else batch[n] for n in batch.schema.names]
    broken = pa.RecordBatch.from_arrays(columns, schema=pa.ipc.open_file(store.path).schema)
    path = tmp_path / "broken.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, broken.schema) as writer:
        writer.write_batch(broken)
    with pytest.raises(LabanError, match=r"clip c0 does not have the values for its shape"):
        Store(path)[0]


def test_unknown_names_list_the_nearest(tmp_path):
    store = Store.write(tmp_path / "s.arrow", [made("walk-1"), made("run-2")])
    with pytest.raises(LabanError, match="no clip 'wlak-1': did you mean walk-1"):
        store.index("wlak-1")
    with pytest.raises(LabanError, match="no clip 'zzzzzzzzzzzzzz': .*walk-1, run-2"):
        store.index("zzzzzzzzzzzzzz")
    with pytest.raises(LabanError, match="unknown column 'lable': did you mean label"):
        store.column("lable")
