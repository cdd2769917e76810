"""The SHREC'17 reader: made-up archives, then the real one."""

from collections import Counter

import numpy as np
import pytest
from make_shrec17 import write_shrec17

from laban.benchmarks import BENCHMARKS
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["shrec17"]
TRAIN, TEST = [(1, 1, 2, 3), (14, 2, 28, 1)], [(12, 1, 5, 10)]


def test_round_trip_with_split_and_label(tmp_path):
    joints = write_shrec17(tmp_path, TRAIN, TEST)
    source = Source.open(tmp_path)
    clips = {clip.name: clip for clip in (READER.read(source, e) for e in READER.find(source))}
    assert list(clips) == ["g01_f1_s02_e03", "g12_f1_s05_e10", "g14_f2_s28_e01"]
    labels = {"g01_f1_s02_e03": "Grab (1)", "g12_f1_s05_e10": "Swipe + (1)"}
    for clip_key, (name, clip) in zip(sorted(joints), sorted(clips.items()), strict=True):
        np.testing.assert_array_equal(clip.poses[0], joints[clip_key])
        assert clip.label == labels.get(name, "Shake (2)")
        assert clip.facts == {
            "subject": str(clip_key[2]),
            "trial": str(clip_key[3]),
            "split": "test" if clip_key in TEST else "train",
        }


def test_the_root_folder_may_be_absent_and_lists_too(tmp_path):
    write_shrec17(tmp_path, TRAIN)
    root = tmp_path / "HandGestureDataset_SHREC2017"
    (root / "train_gestures.txt").unlink()
    (root / "test_gestures.txt").unlink()
    entries = READER.find(Source.open(root))
    assert [entry.label for entry in entries] == ["Grab (1)", "Shake (2)"]
    assert all("split" not in entry.facts for entry in entries)


def test_a_single_file_has_no_label(tmp_path):
    write_shrec17(tmp_path, TRAIN[:1])
    source = Source.open(next(tmp_path.rglob("skeletons_world.txt")))
    (entry,) = READER.find(source)
    assert entry.label is None
    assert READER.read(source, entry).frames == 5


def test_a_faulty_list_or_recording_is_named(tmp_path):
    write_shrec17(tmp_path, TRAIN[:1])
    recording = next(tmp_path.rglob("skeletons_world.txt"))
    recording.write_text("1 2 3\n")
    source = Source.open(tmp_path)
    with pytest.raises(LabanError, match="skeletons_world.txt, line 1 has 3 fields where 66"):
        READER.read(source, READER.find(source)[0])
    (tmp_path / "HandGestureDataset_SHREC2017/test_gestures.txt").write_text("1 1 2 1\n\n1 x\n")
    with pytest.raises(LabanError, match="test_gestures.txt, line 3: give gesture"):
        READER.find(source)


@pytest.mark.real
def test_the_real_archive_agrees_with_its_lists(real_data):
    source = Source.open(real_data("shrec17.zip"))
    entries = {entry.name: entry for entry in READER.find(source)}
    assert len(entries) == 2800
    assert Counter(e.facts["split"] for e in entries.values()) == {"train": 1960, "test": 840}
    rows = [
        (split, *map(int, line.split()))
        for split in ("train", "test")
        for line in source.read(f"HandGestureDataset_SHREC2017/{split}_gestures.txt").splitlines()
    ]
    assert len(rows) == 2800
    for number, (split, gesture, finger, subject, trial, of14, of28, frames) in enumerate(rows):
        entry = entries[f"g{gesture:02d}_f{finger}_s{subject:02d}_e{trial:02d}"]
        assert entry.facts["split"] == split
        assert BENCHMARKS["shrec17-14"].label(entry.label) == of14 - 1
        assert BENCHMARKS["shrec17-28"].label(entry.label) == of28 - 1
        if number % 20 == 0:
            assert READER.read(source, entry).frames == frames
