"""The 2s-AGCN reader: made-up pairs of array and pickle, and faults."""

import pickle
import shutil
import tracemalloc

import numpy as np
import pytest
from make_agcn import clip_values, write_agcn

from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["agcn"]
NTU = [f"S001C00{camera}P001R001A001.skeleton" for camera in (1, 2, 3)]


def read(folder):
    source = Source.open(folder)
    return {entry.name: READER.read(source, entry) for entry in READER.find(source)}


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_round_trip(tmp_path, protocol):
    values = {name: clip_values(5 + n, persons=1 + n % 2, seed=n) for n, name in enumerate("abc")}
    train = [("b", 7, values["b"]), ("a", 0, values["a"])]
    parts = {"train": train, "val": [("c", 3, values["c"])]}
    write_agcn(tmp_path, parts, protocol=protocol)
    clips = read(tmp_path)
    for n, (name, own) in enumerate(values.items()):
        np.testing.assert_array_equal(clips[name].poses, own[: 1 + n % 2, : 5 + n])
        assert clips[name].present.all() and clips[name].confidence is None
    assert [clips[name].label for name in "abc"] == ["0", "7", "3"]
    assert [clips[name].facts["split"] for name in "abc"] == ["train", "train", "test"]


def test_names_of_ntu_tell_facts_and_classes(tmp_path):
    write_agcn(
        tmp_path, {"train": [(NTU[1], 0, clip_values(8))], "val": [(NTU[0], 0, clip_values(8))]}
    )
    clips = read(tmp_path)
    assert list(clips) == ["S001C001P001R001A001", "S001C002P001R001A001"]
    assert {clip.label for clip in clips.values()} == {"drink water"}
    assert [clip.facts["camera"] for clip in clips.values()] == ["1", "2"]


def test_kinetics_scores_are_the_confidence(tmp_path):
    values = np.abs(clip_values(6, joints=18, persons=2))
    write_agcn(tmp_path, {"val": [("a", 1, values)]})
    clip = read(tmp_path)["a"]
    assert clip.skeleton.name == "openpose-18"
    np.testing.assert_array_equal(clip.poses, values[:, :6, :, :2])
    np.testing.assert_array_equal(clip.confidence, values[:, :6, :, 2])
    assert clip.present.sum() == 2 * 6


def test_one_clip_is_taken_out_of_a_mapped_array(tmp_path):
    """An array of many clips is read a clip at a time, not as a whole."""
    many = np.lib.format.open_memmap(
        tmp_path / "train_data_joint.npy", "w+", np.float32, (400, 3, 300, 25, 2)
    )
    many[:, :, :50] = 1
    del many
    pair = [f"c{n}" for n in range(400)], np.zeros(400, np.int64)
    (tmp_path / "train_label.pkl").write_bytes(pickle.dumps(pair))
    source = Source.open(tmp_path)
    entries = READER.find(source)
    tracemalloc.start()
    for entry in entries[:20]:
        assert READER.read(source, entry).present.sum() == 100
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20  # the file has 72 MB
    tracemalloc.stop()


def test_another_process_reads_the_same(tmp_path):
    write_agcn(tmp_path, {"train": [(f"c{n}", n, clip_values(8, seed=n)) for n in range(3)]})
    source = Source.open(tmp_path)
    entries = READER.find(source)
    sent = pickle.loads(pickle.dumps((READER, source, entries)))  # noqa: S301 - as joblib does
    for entry, other in zip(entries, sent[2], strict=True):
        one, two = READER.read(source, entry), sent[0].read(sent[1], other)
        np.testing.assert_array_equal(one.poses, two.poses)
        assert (one.name, one.label) == (two.name, two.label)


def test_faults(tmp_path):
    clips = [("a", 0, clip_values(3)), ("b", 1, clip_values(3) * 0), ("c", 1, clip_values(3))]
    write_agcn(tmp_path, {"train": clips})
    source = Source.open(tmp_path)
    _, empty, last = READER.find(source)
    with pytest.raises(LabanError, match=r"train_data_joint.npy, clip b has nobody"):
        READER.read(source, empty)
    array = np.load(tmp_path / "train_data_joint.npy")
    np.save(tmp_path / "train_data_joint.npy", array[:2])
    with pytest.raises(LabanError, match="with a clip for each name in train_label.pkl"):
        READER.read(Source.open(tmp_path), last)
    for pair in ((["a"], [0, 1]), (["a", 3], [0, 1]), {"a": 0}, (["a"], np.array([0.5]))):
        (tmp_path / "train_label.pkl").write_bytes(pickle.dumps(pair))
        with pytest.raises(LabanError, match=r"^train_label.pkl: give "):
            read(tmp_path)
    (tmp_path / "train_label.pkl").unlink()
    with pytest.raises(LabanError, match=r"there is no train_label.pkl beside it"):
        read(tmp_path)


def test_two_benchmarks_with_the_same_clips(tmp_path):
    write_agcn(tmp_path / "xsub", {"train": [("a", 0, clip_values(3))]})
    shutil.copytree(tmp_path / "xsub", tmp_path / "xview")
    with pytest.raises(LabanError, match="both the clip a"):
        read(tmp_path)
