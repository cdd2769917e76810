"""A store as PYSKL's pickle: what PYSKL sees of it, and that it comes back exact."""

import pickle

import numpy as np
import pytest
from damage import damage, damages
from hypothesis import given, settings

from laban.clip import Clip
from laban.convert import convert
from laban.errors import LabanError
from laban.layout import check_clip
from laban.own_layout import own_skeleton
from laban.readers import READERS
from laban.readers.source import Source
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.write import write


def as_python_reads(path):
    return pickle.loads(path.read_bytes())  # noqa: S301 - written by the test itself


def own_clips(skeleton, channels, names=("b", "a/1", "c")):
    """Clips with everything that a store can hold but segments."""
    rng = np.random.default_rng(0)
    for number, name in enumerate(names):
        shape = (1 + number, 5 + 40 * number, len(skeleton))
        poses = rng.normal(size=(*shape, channels)).astype(np.float32)
        present = rng.random(shape[:2]) < 0.7
        present[0, 0] = True
        poses[~present] = 0
        poses[0, 0] = 0  # there, and at the origin
        yield Clip(
            name,
            poses,
            skeleton,
            present=present,
            confidence=None if number == 1 else rng.random(shape).astype(np.float32),
            fps=29.97,
            label=None if number == 2 else f"class {number}",
            facts={
                "subject": str(number),
                "xsub": ("train", "test", "test")[number],
                "note": "ä" * 3,
            },
        )


OWN = own_skeleton("rig", {"hips": "hips", "arm-left": "hips", "arm-right": "hips"})


@pytest.mark.parametrize("skeleton", [SKELETONS["kinect-v2"], OWN], ids=lambda s: s.name)
@pytest.mark.parametrize("channels", [2, 3])
def test_the_way_out_and_back_is_exact(tmp_path, skeleton, channels):
    before = Store.write(tmp_path / "a.arrow", own_clips(skeleton, channels))
    write("pyskl", tmp_path / "a.arrow", tmp_path / "out/a.pkl")
    convert("pyskl", tmp_path / "out/a.pkl", tmp_path / "b.arrow")
    after = Store(tmp_path / "b.arrow")
    assert after.skeleton == before.skeleton
    assert list(after.names) == sorted(before.names)
    for clip in before:
        back = after[after.index(clip.name)]
        assert back.poses.tobytes() == (clip.poses + 0).tobytes()
        np.testing.assert_array_equal(back.present, clip.present)
        np.testing.assert_array_equal(back.confidence, clip.confidence)
        assert (back.fps, back.label, back.facts) == (clip.fps, clip.label, clip.facts)


def test_what_pyskl_sees(tmp_path):
    store = Store.write(tmp_path / "a.arrow", own_clips(SKELETONS["coco-17"], 2))
    write("pyskl", tmp_path / "a.arrow", tmp_path / "a.pkl")
    value = as_python_reads(tmp_path / "a.pkl")
    assert value["split"] == {"xsub_train": ["b"], "xsub_val": ["a/1", "c"]}
    assert value["classes"] == ["class 0", "class 1"]
    for clip, row in zip(store, value["annotations"], strict=True):
        assert (row["frame_dir"], row["total_frames"]) == (clip.name, clip.frames)
        assert row["keypoint"].dtype == np.float32
        np.testing.assert_array_equal(row["keypoint"], -clip.poses)
        if clip.confidence is not None:
            np.testing.assert_array_equal(row["keypoint_score"], clip.confidence)
    assert [row.get("label") for row in value["annotations"]] == [0, 1, None]
    assert b"numpy._core" not in (tmp_path / "a.pkl").read_bytes()


@pytest.fixture(scope="module")
def own_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    Store.write(folder / "s.arrow", own_clips(OWN, 2))
    write("pyskl", folder / "s.arrow", folder / "raw/a.pkl")
    return folder / "raw"


@given(operations=damages)
@settings(max_examples=150)
def test_damaged_files_of_our_own(own_file, operations):
    path = own_file / "a.pkl"
    whole = path.read_bytes()
    path.write_bytes(damage(whole, operations))
    reader, source = READERS["pyskl"], Source.open(own_file)
    try:
        for entry in reader.find(source):
            check_clip(reader.read(source, entry))
    except LabanError as fault:
        assert "a.pkl" in str(fault)
    finally:
        path.write_bytes(whole)
