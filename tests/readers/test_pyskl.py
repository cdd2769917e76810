"""The PYSKL reader: made-up pickles, what is told, and faults."""

import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from make_pyskl import annotation, write_pyskl

from laban.benchmarks import BENCHMARKS
from laban.convert import convert
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source
from laban.store import Store

READER = READERS["pyskl"]
NTU = ["S001C001P001R001A001", "S001C002P003R001A060"]


def read(folder, reader=READER):
    source = Source.open(folder)
    return {entry.name: reader.read(source, entry) for entry in reader.find(source)}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_3d_of_every_protocol(tmp_path, protocol, dtype):
    rows = [annotation("a", 3, dtype=dtype), annotation("b", 0, shape=(1, 90, 25, 3), seed=1)]
    write_pyskl(tmp_path, rows, {"train": ["a"], "val": ["b"]}, protocol=protocol)
    clips = read(tmp_path)
    for row in rows:
        clip = clips[row["frame_dir"]]
        np.testing.assert_array_equal(clip.poses, row["keypoint"].astype(np.float32))
        np.testing.assert_array_equal(clip.present, row["keypoint"].any((2, 3)))
        assert (clip.label, clip.skeleton.name) == (str(row["label"]), "kinect-v2")
        assert clip.confidence is None
    assert not clips["a"].present[1, -1] and clips["a"].present[0, -1]
    assert clips["a"].facts == {"split": "train"} and clips["b"].facts == {"split": "test"}


def test_2d_has_scores_and_y_up(tmp_path):
    row = annotation("a", shape=(2, 40, 17, 2))
    write_pyskl(tmp_path, [row], {})
    clip = read(tmp_path)["a"]
    assert clip.skeleton.name == "coco-17"
    np.testing.assert_array_equal(clip.poses, -row["keypoint"].astype(np.float32))
    assert not np.signbit(clip.poses[~clip.present]).any()
    np.testing.assert_array_equal(clip.confidence, row["keypoint_score"].astype(np.float32))
    assert clip.facts == {"picture": "1080x1920"}


def test_names_of_ntu_tell_facts_classes_and_official_splits(tmp_path):
    rows = [annotation(NTU[0], 0), annotation(NTU[1], 59)]
    lists = {
        "xsub_train": NTU[:1],
        "xsub_val": NTU[1:],
        "xview_train": NTU[1:],
        "xview_val": NTU[:1],
    }
    write_pyskl(tmp_path, rows, lists)
    first, second = read(tmp_path).values()
    assert (first.label, second.label) == ("drink water", "walking apart from each other")
    assert (first.facts["xsub"], first.facts["xview"]) == ("train", "test")
    for clip in (first, second):
        for protocol in ("xsub", "xview"):
            assert BENCHMARKS[f"ntu60-{protocol}"].split(clip.facts) == clip.facts[protocol]
    write_pyskl(tmp_path, [annotation(NTU[0], 7)], {})
    with pytest.raises(LabanError, match="label is 7, but the name says 'drink water'"):
        read(tmp_path)


def test_a_list_of_classes_and_a_list_without_split(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([annotation("a", 1), annotation("b", None)]))
    (tmp_path / "classes.txt").write_text("wave\nnod\n", "utf-8")
    clips = read(tmp_path)
    assert (clips["a"].label, clips["b"].label) == ("nod", None)
    (tmp_path / "classes.txt").write_text("wave\n")
    with pytest.raises(LabanError, match=r"clip a: the label is 1, classes.txt has 1 classes"):
        read(tmp_path)


def test_the_layout_can_be_said(tmp_path):
    write_pyskl(tmp_path / "raw", [annotation("a", shape=(1, 4, 20, 3))], {})
    with pytest.raises(LabanError, match="20 joints: say which, --layout kinect-v1 or hand-20"):
        read(tmp_path / "raw")
    convert("pyskl", tmp_path / "raw", tmp_path / "s.arrow", layout="kinect-v1")
    assert Store(tmp_path / "s.arrow").skeleton.name == "kinect-v1"
    write_pyskl(tmp_path / "raw", [annotation("a", shape=(1, 4, 19, 3))], {})
    with pytest.raises(LabanError, match="19 joints, which no built-in"):
        read(tmp_path / "raw")
    (tmp_path / "rig.yaml").write_text(f"joints: [{', '.join(f'j{n}' for n in range(19))}]")
    convert("pyskl", tmp_path / "raw", tmp_path / "t.arrow", layout=str(tmp_path / "rig.yaml"))
    assert Store(tmp_path / "t.arrow").skeleton.joints[18] == "j18"


FAULTS = {
    "label": ({"label": "x"}, "the label is str"),
    "frames": ({"total_frames": 9}, "'total_frames' does not fit"),
    "score": ({"keypoint_score": np.zeros((2, 5, 25))}, "'keypoint_score' does not fit"),
    "shape": ({"keypoint": np.zeros((3, 25, 3))}, r"has the shape \(3, 25, 3\)"),
    "words": ({"keypoint": [[1.0]]}, "a list stands where an array belongs"),
    "nobody": ({"keypoint": np.zeros((2, 6, 25, 3))}, "nobody in any frame"),
    "no person": ({"keypoint": np.zeros((0, 6, 25, 3))}, "nobody in any frame"),
    "infinite": ({"keypoint": np.full((2, 6, 25, 3), np.inf)}, "not finite"),
    "no numbers": ({"keypoint": np.full((2, 6, 25, 3), "x")}, "where numbers belong"),
    "nameless": ({"frame_dir": 3}, "annotation 0 .* 'frame_dir'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(tmp_path, fault):
    change, message = FAULTS[fault]
    write_pyskl(tmp_path, [annotation("a") | change], {})
    with pytest.raises(LabanError, match=f"made_3danno.pkl.*{message}"):
        read(tmp_path)


def test_a_clip_in_both_lists(tmp_path):
    write_pyskl(tmp_path, [annotation("a")], {"train": ["a"], "val": ["a"]})
    with pytest.raises(LabanError, match=r"made_3danno.pkl: the clip 'a' is in two lists"):
        read(tmp_path)


def test_zips_and_other_processes_give_the_same(tmp_path):
    rows = [annotation(f"c{n}", n, shape=(2, 70, 25, 3), seed=n) for n in range(5)]
    write_pyskl(tmp_path / "raw", rows, {"train1": ["c0"], "test1": ["c1"]})
    with zipfile.ZipFile(tmp_path / "raw.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "raw/made_3danno.pkl", "x/made_3danno.pkl")
    convert("pyskl", tmp_path / "raw", tmp_path / "one.arrow")
    convert("pyskl", tmp_path / "raw.zip", tmp_path / "zip.arrow")
    one = Store(tmp_path / "one.arrow")
    assert one.digest == Store(tmp_path / "zip.arrow").digest
    assert one.facts(one.index("c0")) == {"split1": "train"}
    source = Source.open(tmp_path / "raw")
    sent = pickle.loads(pickle.dumps((source, READER.find(source))))  # noqa: S301 - as joblib does
    for clip, entry in zip(one, sent[1], strict=True):
        np.testing.assert_array_equal(clip.poses, READER.read(sent[0], entry).poses)


def test_one_clip_is_taken_out_of_a_mapped_pickle(tmp_path):
    rows = [annotation(f"c{n}", n, shape=(2, 600, 25, 3), dtype=np.float32) for n in range(100)]
    for protocol in (2, 4):
        write_pyskl(tmp_path, rows, {}, protocol=protocol)
        source = Source.open(tmp_path)
        tracemalloc.start()
        for entry in READER.find(source):
            READER.read(source, entry)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * 2**20 < 36_000_000 < source.size("made_3danno.pkl")
