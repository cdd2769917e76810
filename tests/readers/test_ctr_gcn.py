"""The CTR-GCN reader: made-up npz files and faults."""

import numpy as np
import pytest
from make_agcn import clip_values, write_ctr_gcn

from laban.convert import convert
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source
from laban.store import Store

READER = READERS["ctr-gcn"]


def read(folder, reader=READER):
    source = Source.open(folder)
    return {entry.name: reader.read(source, entry) for entry in reader.find(source)}


@pytest.mark.parametrize("compressed", [False, True])
def test_round_trip(tmp_path, compressed):
    train = [(n, clip_values(3 + n % 5, persons=1 + n % 2, seed=n)) for n in range(12)]
    test = [(59, clip_values(8, seed=99))]
    write_ctr_gcn(tmp_path, {"train": train, "test": test}, compressed=compressed)
    clips = read(tmp_path)
    assert len(clips) == 13
    for part, rows in (("train", train), ("test", test)):
        for number, (_, values) in enumerate(rows):
            clip = clips[f"{part}_{number}"]
            frames = int(values.any((0, 2, 3)).sum())  # the rest is padding
            persons = int(values.any((1, 2, 3)).sum())
            np.testing.assert_array_equal(clip.poses, values[:persons, :frames])
            assert clip.present.all() and clip.facts == {"split": part}
    assert clips["train_0"].label == "drink water"
    assert clips["test_0"].label == "walking apart from each other"


def test_a_name_that_is_not_ntus_leaves_numbers(tmp_path):
    write_ctr_gcn(tmp_path, {"train": [(3, clip_values(4))]}, classes=5, name="mine.npz")
    assert read(tmp_path)["train_0"].label == "3"
    (tmp_path / "classes.txt").write_text("a\nb\nc\nd\ne\n")
    assert read(tmp_path)["train_0"].label == "d"


@pytest.mark.parametrize(
    ("joints", "kept", "layout"), [(25, 1, "kinect-v2"), (22, 2, "hand-22"), (15, 2, "sbu-15")]
)
def test_persons_and_layout_are_told_by_the_numbers(tmp_path, joints, kept, layout):
    values = clip_values(4, joints=joints, persons=kept)[:kept]
    write_ctr_gcn(tmp_path, {"test": [(0, values)]})
    clip = read(tmp_path)["test_0"]
    assert (clip.poses.shape[0], clip.skeleton.name) == (kept, layout)
    np.testing.assert_array_equal(clip.poses, values[:, :4])


def test_the_layout_can_be_said(tmp_path):
    write_ctr_gcn(tmp_path / "raw", {"test": [(0, clip_values(4, joints=20)[:1])]})
    with pytest.raises(LabanError, match="say which, --layout kinect-v1 or hand-20"):
        read(tmp_path / "raw")
    convert("ctr-gcn", tmp_path / "raw", tmp_path / "s.arrow", layout="kinect-v1")
    store = Store(tmp_path / "s.arrow")
    assert (store.skeleton.name, store[0].persons) == ("kinect-v1", 1)
    with pytest.raises(LabanError, match="60 numbers a frame, --layout kinect-v2 has 25 joints"):
        convert("ctr-gcn", tmp_path / "raw", tmp_path / "t.arrow", layout="kinect-v2")


def test_faults(tmp_path):
    rows = [(0, clip_values(4)), (1, clip_values(4) * 0)]
    write_ctr_gcn(tmp_path, {"train": rows})
    source = Source.open(tmp_path)
    with pytest.raises(LabanError, match="NTU60_CS.npz, x_train, clip 1 has nobody"):
        READER.read(source, READER.find(source)[1])
    x, y = np.zeros((1, 4, 150)), np.eye(60)[:1]
    faults = [
        ({"x_train": x}, "no y_train or y_test"),
        ({"x_train": x, "y_train": y * 0}, "y_train, row 0: give a one"),
        ({"x_train": x, "y_train": np.array([60])}, "label is 60, the dataset has 60 classes"),
        ({"x_train": x, "y_train": np.array([[["a"]]])}, "y_train holds <U1"),
        ({"x_train": x, "y_train": np.array([0, 0])}, "a clip for each y"),
        ({"y_train": y}, "x_train: give"),
        ({"x_train": x[..., :100], "y_train": y}, "100 numbers a frame"),
        ({"x_train": x + np.nan, "y_train": y}, "x_train, clip 0: a number is not finite"),
        ({"x_train": np.array([{}], object), "y_train": y}, "only arrays of numbers"),
    ]
    for arrays, message in faults:
        np.savez(tmp_path / "NTU60_CS.npz", **arrays)
        with pytest.raises(LabanError, match=f"NTU60_CS.npz.*{message}"):
            read(tmp_path)
