"""The PRECOG reader: frames' labels become segments; the real archive."""

from collections import Counter

import numpy as np
import pytest
from make_precog import write_precog

from laban.benchmarks import BENCHMARKS
from laban.clip import Segment
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["precog"]


def read_all(path):
    source = Source.open(path)
    return [READER.read(source, entry) for entry in READER.find(source)]


def test_labels_of_frames_become_segments_end_exclusive(tmp_path):
    joints = write_precog(tmp_path, {"Seq4_12": [0, 3, 3, 8, 0, 8], "Seq1_2": [0, 0]})
    first, second = read_all(tmp_path)
    assert (first.name, first.segments, first.label) == ("Seq1_2", (), None)
    assert second.facts == {"subject": "12", "trial": "4"}
    assert second.segments == (
        Segment("action 3", 1, 3),
        Segment("action 8", 3, 4),
        Segment("action 8", 5, 6),
    )
    np.testing.assert_array_equal(second.poses[0], joints["Seq4_12"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.replace("HipCenter; ", ""), "line 1: give the names of 20 joints"),
        (lambda t: t[:-2] + "9\n", "line 3: the label is 9, give 0 for background"),
        (lambda t: t[:-2] + "0.5\n", "line 3: the label is 0.5"),
        (lambda t: t[:-2] + "x\n", "line 3: b'x' is not a number"),
        (lambda t: t[:-3] + "\n", "line 3 has 60 fields where 61"),
        (lambda t: t[:-2] + "nan\n", "line 3: a number is not finite"),
        (lambda t: t.splitlines()[0], "has 0 frames"),
        (lambda t: "", "line 1"),
    ],
)
def test_faults_are_named_with_file_and_line(tmp_path, change, sentence):
    write_precog(tmp_path, {"Seq1_1": [0, 1]})
    file = tmp_path / "Dataset/CSV/Seq1_1.csv"
    file.write_text(change(file.read_text()))
    with pytest.raises(LabanError, match=f"Seq1_1.csv.*{sentence}"):
        read_all(tmp_path)


@pytest.mark.real
def test_the_real_archive(real_data):
    clips = read_all(real_data("precog2016.zip"))
    assert len(clips) == 72
    assert {clip.facts["subject"] for clip in clips} == {str(n) for n in range(1, 13)}
    counts = Counter(len(clip.segments) for clip in clips)
    assert counts == {5: 70, 6: 1, 7: 1}  # two recordings have an action cut in two
    assert [clip.name for clip in clips if not clip.present.any()] == ["Seq2_10", "Seq4_10"]
    assert {s.label for c in clips for s in c.segments} == set(BENCHMARKS["precog"].classes)
    splits = Counter(BENCHMARKS["precog"].split(clip.facts) for clip in clips)
    assert splits == {"train": 36, "test": 36}
