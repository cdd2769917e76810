"""Layouts, class names and splits that the exchange formats leave to convention."""

import numpy as np
import pytest

from laban.errors import LabanError
from laban.readers.exchange import (
    ClassNames,
    layout_for,
    listed_facts,
    numbered,
    unpadded,
    whole_numbers,
)
from laban.readers.source import Source
from laban.readers.table_layout import given_layout


@pytest.mark.parametrize(
    ("joints", "layout"),
    [
        (25, "kinect-v2"),
        (17, "coco-17"),
        (18, "openpose-18"),
        (22, "hand-22"),
        (33, "mediapipe-33"),
    ],
)
def test_layouts_by_number(joints, layout):
    assert layout_for(joints, None, "a").name == layout


def test_layouts_that_are_said():
    assert layout_for(25, given_layout("openpose-25"), "a").name == "openpose-25"
    with pytest.raises(LabanError, match="a has 25 joints, --layout hand-22 has 22"):
        layout_for(25, given_layout("hand-22"), "a")


def test_lists_of_splits():
    lists = {
        "xsub_train": ["a"], "xsub_val": ["b"],
        "train1": ["a", "b"], "test1": ["c"],
        "train": ["a"], "val": ["b"], "test": ["c"],
        "mini": ["c"],
    }  # fmt: skip
    assert listed_facts(lists) == {
        "a": {"xsub": "train", "split1": "train", "split": "train"},
        "b": {"xsub": "test", "split1": "train", "split": "val"},
        "c": {"split1": "test", "split": "test", "mini": "yes"},
    }
    with pytest.raises(LabanError, match="'a' is in two lists of one split, train and test"):
        listed_facts({"train": ["a"], "val": ["a"]})


def test_lists_of_classes(tmp_path):
    (tmp_path / "classes.txt").write_bytes("\ufeffwave\r\nnöd\r\n\r\n".encode())
    classes = ClassNames.beside(Source.open(tmp_path))
    assert list(classes.names) == ["wave", "nöd"]
    for number in (True, 1.0, -1, "1", None, 2):
        with pytest.raises(LabanError, match="here: the label is"):
            classes.label(number, "here")
    for bad in (b"a\n\nb\n", b"a\na\n", b"\xff\n"):
        (tmp_path / "classes.txt").write_bytes(bad)
        with pytest.raises(LabanError, match="classes.txt"):
            ClassNames.beside(Source.open(tmp_path))


def test_numbers():
    assert whole_numbers(np.array([1.0, 2.0]), "here").tolist() == [1, 2]
    for bad in (np.array([0.5]), np.array([[1]]), np.array(["a"]), np.array([np.nan, 1e300])):
        with pytest.raises(LabanError, match="here: give the labels"):
            whole_numbers(bad, "here")
    with pytest.raises(LabanError, match="here: a number is not finite"):
        numbered(np.array([1e300]), "here")


def test_padding_goes_and_gaps_stay():
    poses = np.zeros((4, 9, 5, 3), np.float32)
    poses[0, 1] = poses[2, 5] = 1  # nobody in frame 0, and the second person never comes
    np.testing.assert_array_equal(unpadded(poses), poses[:3, :6])
