"""What every writer promises: the way out and back, nothing lost on an error, bounded memory."""

import os
import tracemalloc

import numpy as np
import pytest

from laban.clip import Clip
from laban.convert import convert
from laban.errors import LabanError
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.unfinished import unfinished
from laban.write import write
from laban.writers import WRITERS

WORDS = sorted(WRITERS)
NAMES = {"pyskl": "own.pkl", "ctr-gcn": "own.npz"}  # files that readers know by their ending
LAYOUTS = {1: "hand-22", 2: "kinect-v2"}  # with one person, and with one or two
CLASSES = ["swipe left", "grab", "ä"]


def own_clips(persons, *, frames=20):
    """Clips of the coordinates and facts that all formats can hold."""
    rng = np.random.default_rng(persons)
    for number in range(7):
        shape = (1 + number % persons, frames + number, len(SKELETONS[LAYOUTS[persons]]), 3)
        poses = rng.normal(size=shape).astype(np.float32)
        poses[-1, 2:4] = 0  # somebody goes and comes back
        part = "test" if number % 3 == 2 else "train"
        label = CLASSES[number % 3]
        yield Clip(f"c{number}", poses, LAYOUTS[persons], label=label, facts={"split": part})


def files(path):
    """A file's bytes, or those of a folder's files."""
    return {p.name: p.read_bytes() for p in ([path] if path.is_file() else path.iterdir())}


@pytest.fixture(params=WORDS)
def word(request):
    return request.param


@pytest.mark.parametrize("persons", [1, 2])
def test_the_way_out_and_back(tmp_path, word, persons):
    store = Store.write(tmp_path / "a.arrow", own_clips(persons))
    value = write(word, store.path, tmp_path / "out" / NAMES.get(word, "own")).value
    assert (value["clips"], value["left_out"]) == (7, 0)
    convert(word, tmp_path / "out", tmp_path / "b.arrow")
    again = {clip.poses.tobytes(): clip for clip in Store(tmp_path / "b.arrow")}
    assert len(again) == len(store)
    for clip in store:
        back = again[clip.poses.tobytes()]
        assert (back.label, back.facts, back.skeleton) == (clip.label, clip.facts, clip.skeleton)
        np.testing.assert_array_equal(back.present, clip.present)
        assert back.poses.shape == clip.poses.shape
        assert word == "ctr-gcn" or back.name == clip.name


def test_the_same_store_gives_the_same_bytes(tmp_path, word):
    store = Store.write(tmp_path / "a.arrow", own_clips(2))
    for name in ("a", "b"):
        write(word, store.path, tmp_path / name / "same")
    assert files(tmp_path / "a/same") == files(tmp_path / "b/same")


def test_what_is_there_stays(tmp_path, word):
    store = Store.write(tmp_path / "s.arrow", own_clips(2))
    out = tmp_path / "out"
    write(word, store.path, out)
    before = files(out)
    with pytest.raises(LabanError, match="out exists"):
        write(word, store.path, out)
    if out.is_dir():
        with pytest.raises(LabanError, match="out exists"):
            write(word, store.path, out, overwrite=True)
    else:
        write(word, store.path, out, overwrite=True)
    assert files(out) == before


@pytest.mark.parametrize("fault", [LabanError("no"), KeyboardInterrupt()], ids=["error", "key"])
def test_nothing_is_left_of_what_did_not_become_whole(tmp_path, word, fault, monkeypatch):
    store = Store.write(tmp_path / "s.arrow", own_clips(2))
    (tmp_path / "old").write_text("thesis")
    seen = []

    def broken(self, index):
        seen.append(index)
        if len(seen) > 12:  # the command has looked at all clips, and some are written
            raise fault
        return whole(self, index)

    whole = Store.__getitem__
    monkeypatch.setattr(Store, "__getitem__", broken)
    with pytest.raises(type(fault)):
        write(word, store.path, tmp_path / "old", overwrite=True)
    assert sorted(os.listdir(tmp_path)) == ["old", "s.arrow"]
    assert (tmp_path / "old").read_text() == "thesis"


def test_what_a_killed_one_left_goes_with_the_next(tmp_path, word):
    store = Store.write(tmp_path / "s.arrow", own_clips(2))
    own = unfinished(tmp_path / "out").name
    gone = tmp_path / own.replace(f"-{os.getpid()}.", "-999999999.")
    gone.mkdir()
    (gone / "train_data_joint.npy").touch()
    write(word, store.path, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["out", "s.arrow"]


def test_memory_does_not_grow_with_the_store(tmp_path, word):
    peaks = []
    for copies in (1, 4):
        clips = (
            Clip(f"{copy}-{clip.name}", clip.poses, clip.skeleton, label="a", facts=clip.facts)
            for copy in range(copies)
            for clip in own_clips(2, frames=1000)
        )
        store = Store.write(tmp_path / f"{copies}.arrow", clips)
        tracemalloc.start()
        write(word, store.path, tmp_path / f"{word}-{copies}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2**18 < 8 * 2**20  # the larger store has 25 MB
