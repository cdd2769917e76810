"""The PKU-MMD reader: recordings, their segments and the lists of the splits."""

import numpy as np
import pytest
from make_pku_mmd import write_pku_mmd
from make_sbu import write_sbu

from laban.benchmarks import BENCHMARKS
from laban.clip import Segment, cut_segments
from laban.convert import convert
from laban.errors import LabanError
from laban.motions import write_pku
from laban.readers import READERS
from laban.readers.source import Source
from laban.store import Store

READER = READERS["pku-mmd"]
ACTIONS = {"0002-L": [(8, 0, 4), (51, 6, 11)], "A10N08-R": [(1, 3, 3)]}


def read(folder):
    source = Source.open(folder)
    return [READER.read(source, entry) for entry in READER.find(source)]


def test_a_recording_has_its_segments_end_exclusive(tmp_path):
    joints = write_pku_mmd(tmp_path, ACTIONS, train=["0002-L"], test=["A10N08-R"])
    first, second = read(tmp_path)
    assert first.segments == (Segment("drink water", 0, 5), Segment("writing", 6, 12))
    assert second.segments == (Segment("bow", 3, 4),)
    assert first.label is None and first.skeleton.name == "kinect-v2"
    np.testing.assert_array_equal(first.poses, joints["0002-L"].swapaxes(0, 1))
    assert first.present.tolist() == [[True] * 12, [False] * 6 + [True] * 6]
    assert first.facts == {"phase": "1", "video": "0002", "camera": "L", "xsub": "train"}
    assert second.facts == {"phase": "2", "video": "A10N08", "camera": "R", "xsub": "test"}
    words = {name: b for name, b in BENCHMARKS.items() if b.dataset == "pku-mmd"}
    found = {name: (b.split(first.facts), b.split(second.facts)) for name, b in words.items()}
    assert found == {
        "pku1-xsub": ("train", None),
        "pku2-xsub": (None, "test"),
        "pku1-xview": (None, None),
        "pku2-xview": (None, None),
    }


def test_cuts_are_the_actions_with_the_people_who_are_in_them(tmp_path):
    write_pku_mmd(tmp_path, ACTIONS)
    clip = read(tmp_path)[0]
    water, writing = cut_segments(clip)
    assert (water.name, water.label, writing.name) == ("0002-L-001", "drink water", "0002-L-002")
    np.testing.assert_array_equal(water.poses, clip.poses[:1, 0:5])
    np.testing.assert_array_equal(writing.poses, clip.poses[:, 6:12])
    assert writing.facts == clip.facts | {"cut_from": "0002-L", "start": "6", "end": "12"}
    assert not water.segments


def test_converting_trimmed_gives_a_clip_for_each_action_and_names_what_has_none(tmp_path):
    write_pku_mmd(tmp_path / "raw", ACTIONS | {"0003-M": []}, train=["0002-L"])
    done = convert("pku-mmd", tmp_path / "raw", tmp_path / "s.arrow", trimmed=True).value
    assert (done["clips"], done["frames"]) == (3, 12)
    assert [row["reason"] for row in done["skipped"]] == ["it has no labelled segments to cut"]
    store = Store(tmp_path / "s.arrow")
    assert list(store.labels) == ["drink water", "writing", "bow"]
    whole = convert("pku-mmd", tmp_path / "raw", tmp_path / "whole.arrow").value
    assert (whole["clips"], whole["frames"]) == (3, 36)
    assert len(Store(tmp_path / "whole.arrow")[0].segments) == 2


def test_clips_that_are_trimmed_already_stay_whole(tmp_path):
    write_sbu(tmp_path / "raw", ["s01s02/01/001", "s07s03/08/001"])
    done = convert("sbu", tmp_path / "raw", tmp_path / "s.arrow", trimmed=True).value
    assert (done["clips"], done["skipped"]) == (2, [])


def test_the_built_in_recordings_are_read(tmp_path):
    write_pku(tmp_path, performers=(1, 3), length=2, views=("L", "M"))
    clips = read(tmp_path)
    assert [clip.name for clip in clips] == ["0001-L", "0001-M", "0002-L", "0002-M"]
    assert all(len(clip.segments) >= 2 for clip in clips)
    for name, expected in (
        ("xsub", ["train"] * 2 + ["test"] * 2),
        ("xview", ["test", "train"] * 2),
    ):
        assert [BENCHMARKS[f"pku1-{name}"].split(clip.facts) for clip in clips] == expected
        assert all(BENCHMARKS[f"pku1-{name}"].label(s.label) is not None for s in clips[0].segments)


def test_a_last_frame_behind_the_end_is_the_last_of_the_recording(tmp_path):
    write_pku_mmd(tmp_path, {"0002-L": [(8, 10, 30)]})
    assert read(tmp_path)[0].segments == (Segment("drink water", 10, 12),)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("8,1", "label/0002-L.txt, line 1: give class, first frame, last frame and confidence"),
        ("8;1;2;2", "line 1: give class"),
        ("8,-1,2,2", "line 1: give class"),
        (f"8,1,{'9' * 5000},2", "line 1: give class"),
        ("0,1,2,2", "line 1: the class is 0, PKU-MMD has 1 to 51"),
        ("52,1,2,2", "line 1: the class is 52"),
        ("8,5,4,2", "line 1: frames 5 to 4 are no stretch of a recording of 12 frames"),
        ("8,12,13,2", "line 1: frames 12 to 13 are no stretch"),
        ("8,10,100000,2", "line 1: frames 10 to 100000 are no stretch of a recording of 12"),
    ],
)
def test_a_faulty_label_is_named(tmp_path, line, sentence):
    write_pku_mmd(tmp_path, {"0002-L": []})
    (tmp_path / "label/0002-L.txt").write_text(line + "\n")
    with pytest.raises(LabanError, match=sentence):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0002-L, 0003-L", "line 1: '0002-L' is no recording such as 0002-L below a line"),
        ("Training videos:\n0002-L, video 3", "line 2: 'video 3' is no recording"),
        ("Training videos:\n0002-L\nValidataion videos:\n0002-L", "line 4: 0002-L both trains"),
    ],
)
def test_a_faulty_list_is_named(tmp_path, text, sentence):
    write_pku_mmd(tmp_path, ACTIONS)
    (tmp_path / "cross-subject.txt").write_text(text)
    with pytest.raises(LabanError, match=f"cross-subject.txt, {sentence}"):
        read(tmp_path)


def test_both_lists_are_kept_and_labels_need_not_be_there(tmp_path):
    write_pku_mmd(tmp_path, {"0002-L": [(1, 0, 3)]}, train=["0002-L"])
    (tmp_path / "Cross_View_v2.txt").write_text("Training videos:\n\nValidataion videos:\n0002-L,")
    (tmp_path / "label/0002-L.txt").unlink()
    (clip,) = read(tmp_path)
    assert (clip.facts["xsub"], clip.facts["xview"], clip.segments) == ("train", "test", ())


def test_a_recording_of_zeros_is_an_error(tmp_path):
    write_pku_mmd(tmp_path, {"0002-L": []})
    (tmp_path / "skeleton/0002-L.txt").write_text("0 " * 149 + "0\n")
    with pytest.raises(LabanError, match="skeleton/0002-L.txt has no body in any frame"):
        read(tmp_path)
