"""Windows of recordings: which frames, which classes, which recordings, which order."""

import numpy as np
import pytest
import torch

from laban.benchmarks import Benchmark
from laban.clip import Clip, Segment
from laban.errors import LabanError
from laban.pipelines import PIPELINES
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.windows import WindowDataset, cut, somebody, split_recordings

BENCHMARK = Benchmark(
    "toy",
    ("wave", "nod"),
    {"subject": frozenset("123")},
    {"subject": frozenset("4")},
    left_out=frozenset({"rest"}),
)


def recording(name, frames, *segments, subject="1", label=None, **facts):
    """The first joint's x is the frame's number, from 1."""
    poses = np.ones((1, frames, 25, 3), np.float32)
    poses[0, :, 0, 0] = np.arange(1, frames + 1)
    parts = tuple(Segment(*one) for one in segments)
    facts |= {"subject": subject} if subject else {}
    return Clip(name, poses, SKELETONS["kinect-v2"], label=label, segments=parts, facts=facts)


def numbers(clip):
    return clip.poses[0, :, 0, 0].astype(int).tolist()


def test_a_window_repeats_the_ends():
    clip = recording("a", 5)
    assert numbers(cut(clip, -2, 3)) == [1, 1, 1, 2, 3]
    assert numbers(cut(clip, 3, 8)) == [4, 5, 5, 5, 5]
    assert numbers(cut(clip, -2, 9)) == [1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 5]


def test_a_window_has_the_persons_who_are_in_it():
    present = np.zeros((3, 8), bool)
    present[1, 2:4] = present[2, 3:6] = True
    clip = Clip("a", present[..., None, None] * np.ones((25, 3)), "kinect-v2", present=present)
    assert [cut(clip, start, start + 2).persons for start in (0, 2, 4)] == [1, 2, 1]
    assert not cut(clip, 0, 2).present.any()
    np.testing.assert_array_equal(cut(clip, 3, 8).present, present[1:, 3:])


@pytest.mark.parametrize("window", [1, 2, 5, 30])
def test_somebody_against_the_windows_themselves(window):
    rng = np.random.default_rng(window)
    present = rng.random((2, 20)) < 0.1
    clip = Clip("a", present[..., None, None] * np.ones((25, 3)), "kinect-v2", present=present)
    expected = [
        cut(clip, t - window // 2, t - window // 2 + window).present.any() for t in range(20)
    ]
    assert somebody(present, window).tolist() == expected


@pytest.fixture
def store(tmp_path):
    clips = [
        recording("a", 12, ("wave", 2, 6), ("rest", 8, 10)),
        recording("b", 9, ("nod", 0, 3), subject="2"),
        recording("c", 7, subject="2", label="wave"),
        recording("d", 8, ("nod", 5, 12), subject="3"),
        recording("g", 8, subject="3"),
        recording("e", 8, ("wave", 1, 5), ("nod", 4, 7), subject="4"),
        recording("f", 6, subject="4", label="nod"),
    ]
    return Store.write(tmp_path / "s.arrow", clips)


def test_splits_say_what_they_leave_out(store):
    splits = split_recordings(store, BENCHMARK)
    assert [store.names[key] for key in splits.train.keys] == ["a", "b", "c"]
    assert [store.names[key] for key in splits.test.keys] == ["e"]
    assert len(splits.left_out) == 4
    assert "d is left out: segment 1 (nod) of d goes from frame 5 to 12 of 8" in splits.left_out[0]
    assert splits.left_out[1] == "recording g is left out: it has no segments"
    assert "clip f is left out: it is trimmed" in splits.left_out[2]
    assert "nod from frame 4 overlaps wave until 5" in splits.left_out[3]


def test_validation_recordings_share_no_performance_and_are_untrimmed(tmp_path):
    clips = [
        recording(f"{video}-{view}", 6, ("wave", 1, 3), subject=None, video=str(video), split=word)
        for video in range(6)
        for view in "LMR"
        for word in ["test" if video == 5 else "train"]
    ]
    clips.append(recording("t", 6, subject=None, label="wave", split="train"))
    store = Store.write(tmp_path / "s.arrow", clips)
    rules = {"split": frozenset({"train"})}, {"split": frozenset({"test"})}
    splits = split_recordings(
        store, Benchmark("toy", ("wave", "nod"), *rules), validation=0.3, seed=1
    )
    videos = [
        {store.facts(key).get("video") for key in part.keys}
        for part in (splits.train, splits.validation)
    ]
    assert len(videos[1]) == 2 and not videos[0] & videos[1]
    assert None in videos[0]  # the trimmed clip
    assert len(splits.train) + len(splits.validation) == 16


def test_trimmed_clips_alone_detect_nothing(tmp_path):
    clips = [recording(f"c{n}", 6, subject=str(n), label="nod") for n in (1, 4)]
    store = Store.write(tmp_path / "s.arrow", clips)
    with pytest.raises(LabanError, match="no test recording with segments .* without --trimmed"):
        split_recordings(store, BENCHMARK)


def dataset(store, window=5, every=1):
    pipeline = PIPELINES["hi-trs"](store.skeleton, whole=True)
    train = split_recordings(store, BENCHMARK).train
    return WindowDataset(store, train, pipeline, window=window, every=every)


def test_each_window_has_the_class_of_its_centre(store):
    windows = dataset(store)
    assert len(windows) == 12 - 2 + 9 + 7  # frames of 'rest' are not asked for
    clip, label, key = windows[1]
    assert (numbers(clip), label, key) == ([1, 1, 2, 3, 4], 2, 1)
    clip, label, _ = windows[5]
    assert (numbers(clip), label) == ([4, 5, 6, 7, 8], 0)
    clip, label, _ = windows[8]  # frame 10: 8 and 9 are left out
    assert (numbers(clip), label) == ([9, 10, 11, 12, 12], 2)
    clip, label, _ = windows[10]
    assert (numbers(clip), label) == ([1, 1, 1, 2, 3], 1)


def test_windows_without_anybody_are_left_out(tmp_path):
    clip = recording("a", 20, ("wave", 2, 6))
    clip.poses[:, 8:], clip.present[:, 8:] = 0, False
    test = recording("b", 8, ("nod", 1, 3), subject="4")
    store = Store.write(tmp_path / "s.arrow", [clip, test])
    assert len(dataset(store, window=5)) == 10  # frame 9 still shows frame 7


def test_a_recording_shorter_than_a_window_is_said(store):
    windows = dataset(store, window=10)
    assert windows.recordings.notes == [
        "recording b has 9 frames, fewer than a window of 10: its first and last frame are repeated"
    ]
    assert dataset(store, window=9).recordings.notes == []


def test_an_epoch_has_one_window_of_each_group_and_another_one_each_time(store):
    windows = dataset(store, every=4)
    assert windows.per_epoch == 6
    orders = [windows.order(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(place // 4 for place in orders[0]) == list(range(6))
    thin = windows.thinned()
    assert list(thin.keys) == [2, 6, 10, 14, 18, 22] and len(thin.labels) == len(thin) == 6
    assert [thin[place][1] for place in range(6)] == list(thin.labels)
    assert len(windows) == 26
