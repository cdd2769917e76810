"""Stores as CTR-GCN's and 2s-AGCN's arrays: what these see of them, and what has no place there."""

import pickle

import numpy as np
import pytest

from laban.clip import Clip
from laban.convert import convert
from laban.errors import LabanError
from laban.people import choose_people
from laban.skeletons import Skeleton
from laban.store import Store
from laban.write import write

BOTH = ["ctr-gcn", "agcn"]
PAIR = Skeleton("pair", ("a", "b"), (0, 0))


def clips(layout="kinect-v2", *, channels=3, persons=1, frames=6, confidence=False, **own):
    joints = {"kinect-v2": 25, "openpose-18": 18, "kinect-v1": 20}[layout]
    rng = np.random.default_rng(0)
    for number, part in enumerate(["train", "test", "train"]):
        poses = rng.normal(size=(persons, frames + number, joints, channels)) + 9
        sure = rng.random(poses.shape[:3]) if confidence else None
        given = {"label": "ba"[number % 2], "facts": {"split": part}} | own
        yield Clip(f"c{number}", poses, layout, confidence=sure, **given)


def test_what_ctr_gcn_sees(tmp_path):
    store = Store.write(tmp_path / "s.arrow", clips(persons=2))
    write("ctr-gcn", store.path, tmp_path / "own.npz")
    with np.load(tmp_path / "own.npz") as arrays:
        assert {k: (v.shape, v.dtype) for k, v in arrays.items() if k != "classes"} == {
            "x_train": ((2, 300, 150), np.float32),
            "y_train": ((2, 2), np.float32),
            "x_test": ((1, 300, 150), np.float32),
            "y_test": ((1, 2), np.float32),
        }
        # As its feeder takes them: persons before joints before coordinates; classes in order.
        values = arrays["x_train"].reshape(2, 300, 2, 25, 3)
        for number, clip in enumerate([store[0], store[2]]):
            for person in range(2):
                np.testing.assert_array_equal(
                    values[number, : clip.frames, person], clip.poses[person]
                )
            assert not values[number, clip.frames :].any()
        assert np.where(arrays["y_train"] > 0)[1].tolist() == [1, 1]
        assert np.where(arrays["y_test"] > 0)[1].tolist() == [0]


def test_what_agcn_sees(tmp_path):
    store = Store.write(tmp_path / "s.arrow", clips(persons=2))
    write("agcn", store.path, tmp_path / "own")
    names = {f"{part}_{what}" for part in ("train", "val") for what in NAMED}
    assert {path.name for path in (tmp_path / "own").iterdir()} == names | {"classes.txt"}
    data = np.load(tmp_path / "own/train_data_joint.npy", mmap_mode="r")
    assert (data.shape, data.dtype) == ((2, 3, 300, 25, 2), np.float32)
    for axis in range(3):
        np.testing.assert_array_equal(data[1, axis, :8, :, 1], store[2].poses[1, ..., axis])
    pair = pickle.loads((tmp_path / "own/train_label.pkl").read_bytes())  # noqa: S301 - our own
    assert pair == (["c0", "c2"], [1, 1])


NAMED = ("data_joint.npy", "label.pkl")


def test_scores_of_the_picture_come_back(tmp_path):
    flat = clips("openpose-18", channels=2, confidence=True)
    store = Store.write(tmp_path / "s.arrow", flat)
    write("agcn", store.path, tmp_path / "own")
    convert("agcn", tmp_path / "own", tmp_path / "b.arrow")
    for clip, back in zip(store, Store(tmp_path / "b.arrow"), strict=True):
        np.testing.assert_array_equal(back.poses, clip.poses)
        np.testing.assert_array_equal(back.confidence, clip.confidence)


@pytest.mark.parametrize("format", BOTH)
def test_of_many_bodies_the_chosen_two_are_written(tmp_path, format):
    store = Store.write(tmp_path / "s.arrow", clips(persons=4))
    write(format, store.path, tmp_path / "out/own.npz")
    convert(format, tmp_path / "out", tmp_path / "b.arrow")
    back = {clip.poses.tobytes() for clip in Store(tmp_path / "b.arrow")}
    assert back == {choose_people(clip, most=2).poses.tobytes() for clip in store}


def test_a_clip_longer_than_300_frames_makes_all_as_long(tmp_path):
    store = Store.write(tmp_path / "s.arrow", clips(frames=310))
    write("agcn", store.path, tmp_path / "own")
    assert np.load(tmp_path / "own/val_data_joint.npy").shape[2] == 312


def test_validation_clips_have_a_pair_of_their_own(tmp_path):
    parts = iter(["train", "val", "test"])
    three = [Clip(c.name, c.poses, c.skeleton, label="a") for c in clips()]
    for clip in three:
        clip.facts = {"split": next(parts)}
    store = Store.write(tmp_path / "s.arrow", three)
    write("agcn", store.path, tmp_path / "own")
    convert("agcn", tmp_path / "own", tmp_path / "b.arrow")
    assert Store(tmp_path / "b.arrow").column("split").tolist() == ["train", "val", "test"]
    with pytest.raises(LabanError, match="has validation clips beside test clips"):
        write("ctr-gcn", store.path, tmp_path / "own.npz")


@pytest.mark.parametrize("format", BOTH)
@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"facts": {}}, "s.arrow has no split, .* keeps one: say which with --benchmark"),
        ({"facts": {"a": "train", "b": "test"}}, "has the splits a and b, .* --benchmark"),
        ({"facts": {"split": "no"}}, "has no split"),
        ({"label": None}, "clip c0 has no label, which .* asks for"),
        ({"label": "a\nb"}, r"class 'a\\nb' does not fit on a line"),
        ({"frames": 250_001}, "clip c2 has 250,003 frames, and .* as many to every clip"),
    ],
)
def test_what_does_not_fit_gets_a_sentence(tmp_path, format, own, sentence):
    many = "frames" in own
    made = clips(**own) if not many else _long(own["frames"])
    Store.write(tmp_path / "s.arrow", made)
    with pytest.raises(LabanError, match=sentence):
        write(format, tmp_path / "s.arrow", tmp_path / "own")
    assert not (tmp_path / "own").exists()


def _long(frames):
    for number in range(3):
        poses = np.ones((1, frames + number, 2, 3), np.float32)
        yield Clip(f"c{number}", poses, PAIR, label="a", facts={"split": "train"})


def test_a_clip_without_a_part_is_named(tmp_path):
    three = list(clips())
    three[1].facts = {"subject": "7"}
    Store.write(tmp_path / "s.arrow", three)
    with pytest.raises(LabanError, match="clip c1 has no part in the split, which agcn asks for"):
        write("agcn", tmp_path / "s.arrow", tmp_path / "own")


def test_two_coordinates_go_where_they_fit(tmp_path):
    Store.write(tmp_path / "s.arrow", clips("openpose-18", channels=2))
    with pytest.raises(LabanError, match="has 2 coordinates a joint, ctr-gcn has 3: write pyskl"):
        write("ctr-gcn", tmp_path / "s.arrow", tmp_path / "own")
    with pytest.raises(LabanError, match="clip c0 has 2 coordinates of openpose-18, agcn has"):
        write("agcn", tmp_path / "s.arrow", tmp_path / "own")
