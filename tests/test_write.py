"""The command that writes a store for another code base: which clips, numbers and lists."""

import pickle

import numpy as np
import pytest
from make_pyskl import annotation, write_pyskl

from laban.cli import main
from laban.clip import Clip, Segment
from laban.convert import convert
from laban.errors import LabanError
from laban.store import Store
from laban.write import write

NTU = ["S001C001P001R001A001", "S001C002P003R001A060"]


def as_python_reads(path):
    return pickle.loads(path.read_bytes())  # noqa: S301 - written by the test itself


def test_a_benchmark_gives_numbers_and_split(tmp_path):
    rows = [annotation(NTU[0], 0), annotation(NTU[1], 59), annotation("S001C001P003R001A061", 60)]
    write_pyskl(tmp_path / "raw", rows, {})
    convert("pyskl", tmp_path / "raw", tmp_path / "s.arrow")
    result = write("pyskl", tmp_path / "s.arrow", tmp_path / "a.pkl", benchmark="ntu60-xsub")
    value = as_python_reads(tmp_path / "a.pkl")
    assert value["split"] == {"xsub_train": NTU[:1], "xsub_val": NTU[1:]}
    assert [row["label"] for row in value["annotations"]] == [0, 59]
    assert result.value["left_out"] == 1
    # Without one the numbers are those of the official classes that have all labels.
    write("pyskl", tmp_path / "s.arrow", tmp_path / "b.pkl")
    value = as_python_reads(tmp_path / "b.pkl")
    assert [row["label"] for row in value["annotations"]] == [0, 60, 59]


def test_labels_that_are_numbers_stay_these_numbers(tmp_path):
    write_pyskl(tmp_path / "raw", [annotation("a", 2), annotation("b", 10)], {})
    convert("pyskl", tmp_path / "raw", tmp_path / "s.arrow")
    write("pyskl", tmp_path / "s.arrow", tmp_path / "a.pkl")
    value = as_python_reads(tmp_path / "a.pkl")
    assert [row["label"] for row in value["annotations"]] == [2, 10]


def test_what_is_not_written(tmp_path):
    poses = np.ones((1, 4, 25, 3))
    long = Clip("long", poses, "kinect-v2", segments=(Segment("a", 0, 2),))
    Store.write(tmp_path / "s.arrow", [long])
    with pytest.raises(LabanError, match="clip long is untrimmed.*--trimmed"):
        write("pyskl", tmp_path / "s.arrow", tmp_path / "a.pkl")
    assert not list(tmp_path.glob("*.pkl*"))
    Store.write(tmp_path / "s.arrow", [Clip("a", poses, "kinect-v2")], overwrite=True)
    (tmp_path / "a.pkl").write_text("thesis")
    with pytest.raises(LabanError, match="a.pkl exists"):
        write("pyskl", tmp_path / "s.arrow", tmp_path / "a.pkl")
    assert (tmp_path / "a.pkl").read_text() == "thesis"
    with pytest.raises(LabanError, match="unknown format to write 'pyskill': did you mean pyskl"):
        write("pyskill", tmp_path / "s.arrow", tmp_path / "b.pkl")


def test_facts_that_are_splits_become_lists(tmp_path):
    poses = np.ones((1, 4, 25, 3))
    parts = {"xview": "train test test", "split2": "train test train", "split": "train val test"}
    rows = {fact: words.split() for fact, words in parts.items()}
    clips = [
        Clip(name, poses, "kinect-v2", facts={fact: words[n] for fact, words in rows.items()})
        for n, name in enumerate("abc")
    ]
    clips.append(Clip("nobody", 0 * poses, "kinect-v2", facts={"split": "train", "subject": "1"}))
    Store.write(tmp_path / "s.arrow", clips)
    assert main(["write", "pyskl", str(tmp_path / "s.arrow"), str(tmp_path / "a.pkl")]) == 0
    value = as_python_reads(tmp_path / "a.pkl")
    assert [row["frame_dir"] for row in value["annotations"]] == ["a", "b", "c"]
    assert value["split"] == {
        **{"xview_train": ["a"], "xview_val": ["b", "c"], "train2": ["a", "c"], "val2": ["b"]},
        **{"train": ["a"], "val": ["b"], "test": ["c"]},
    }
