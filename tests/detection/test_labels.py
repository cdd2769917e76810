"""True segments: by class number and frame by frame; wrong ones are said."""

import numpy as np
import pytest

from laban.benchmarks import Benchmark
from laban.clip import Clip, Segment
from laban.detection.labels import true_labels
from laban.errors import LabanError

BENCHMARK = Benchmark(
    "toy",
    ("wave", "nod"),
    {"subject": frozenset("1")},
    {"subject": frozenset("2")},
    left_out=frozenset({"rest"}),
)


def recording(*segments, label=None, frames=10):
    poses = np.ones((1, frames, 25, 3))
    parts = tuple(Segment(*one) for one in segments)
    return Clip("r", poses, "kinect-v2", label=label, segments=parts)


def test_frames_of_segments():
    truth = true_labels(recording(("nod", 6, 8), ("wave", 1, 3), ("rest", 3, 5)), BENCHMARK)
    assert truth.labels.tolist() == [2, 0, 0, -1, -1, 2, 1, 1, 2, 2]
    assert [(k, s.start) for k, s in truth.segments] == [(0, 1), (1, 6)]
    assert truth.notes == ()


def test_a_trimmed_clip_is_one_segment():
    truth = true_labels(recording(label="nod", frames=3), BENCHMARK)
    assert truth.labels.tolist() == [1, 1, 1]
    assert truth.segments == ((1, Segment("nod", 0, 3)),)


def test_overlapping_segments_are_said():
    truth = true_labels(recording(("wave", 0, 9), ("nod", 2, 4), ("nod", 8, 10)), BENCHMARK)
    assert truth.labels.tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 1, 1]
    assert len(truth.notes) == 2
    assert "r: nod from frame 8 overlaps wave until 9" in truth.notes[1]


@pytest.mark.parametrize(
    ("segment", "sentence"),
    [
        (("wave", 5, 2), r"segment 1 \(wave\) of r ends at frame 2 and starts at 5"),
        (("wave", 5, 5), "ends at frame 5 and starts at 5"),
        (("wave", 5, 11), "goes from frame 5 to 11 of 10"),
        (("wave", -1, 4), "goes from frame -1 to 4"),
        (("jump", 1, 4), "'jump' is not a class"),
    ],
)
def test_wrong_segments_are_refused(segment, sentence):
    with pytest.raises(LabanError, match=sentence):
        true_labels(recording(segment), BENCHMARK)
