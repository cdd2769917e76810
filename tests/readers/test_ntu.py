"""The NTU reader: names to facts, bodies to tracks, and what a clip must not hold."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from make_ntu import FIRST_ID, body_text, ntu_text

from laban.benchmarks import BENCHMARKS
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.ntu import Ntu, _missing
from laban.readers.source import Source

NAME = "S008C002P003R001A055"


def read(tmp_path, text, name=NAME):
    (tmp_path / f"{name}.skeleton").write_text(text)
    source = Source.open(tmp_path)
    (entry,) = READERS["ntu"].find(source)
    return READERS["ntu"].read(source, entry)


def naive_tracks(frames, joints):
    """{id: {frame: joints}} in order of first appearance; a repeated id counts on from itself."""
    tracks, number = {}, 0
    for frame, ids in enumerate(frames):
        used = []
        for body_id in ids:
            while body_id in used:
                body_id += 1
            used.append(body_id)
            tracks.setdefault(body_id, {})[frame] = joints[number]
            number += 1
    return tracks


def test_a_name_becomes_facts_and_a_label(tmp_path):
    clip = read(tmp_path, ntu_text([[1]])[0])
    assert clip.name == NAME
    assert clip.label == "hugging other person"
    assert clip.facts == {"setup": "8", "camera": "2", "subject": "3", "trial": "1"}
    assert clip.fps == 30
    assert clip.skeleton.name == "kinect-v2"


def test_another_name_has_no_facts_and_an_unknown_action_keeps_its_number(tmp_path):
    assert read(tmp_path / ".", ntu_text([[1]])[0], "my-clip").facts == {}
    (tmp_path / "my-clip.skeleton").unlink()
    assert read(tmp_path, ntu_text([[1]])[0], NAME[:-3] + "121").label == "A121"


@pytest.mark.parametrize(
    "frames",
    [
        [[5], [5], [5]],
        [[], [9, 5], [], [5, 9], [7]],
        [[5, 5], [5, 5, 5], [6]],
        [[5, 5, 6], [6, 6]],
        [[FIRST_ID + 10**12] * 4],
    ],
)
def test_bodies_become_tracks_by_id(tmp_path, frames):
    text, joints = ntu_text(frames)
    clip = read(tmp_path, text)
    tracks = naive_tracks(frames, joints)
    assert clip.poses.shape == (len(tracks), len(frames), 25, 3)
    assert clip.poses.dtype == np.float32
    for m, by_frame in enumerate(tracks.values()):
        for t in range(len(frames)):
            assert clip.present[m, t] == (t in by_frame)
            values = by_frame.get(t, np.zeros((25, 4)))
            np.testing.assert_allclose(clip.poses[m, t], values[:, :3], rtol=1e-6)
            np.testing.assert_array_equal(clip.confidence[m, t], values[:, 3] / 2)


def test_a_body_at_the_origin_is_still_present(tmp_path):
    clip = read(tmp_path, "1\n1\n" + body_text(1, np.zeros((25, 3)), np.zeros(25, int)))
    assert clip.present.tolist() == [[True]]


@pytest.mark.parametrize("value", ["NaN", "nan", "inf", "-Infinity", "1e39"])
def test_a_coordinate_that_is_not_finite_is_named(tmp_path, value):
    text, _ = ntu_text([[1], [1, 2]])
    lines = text.splitlines()
    place = 1 + 28 + 1 + 27 + 2 + 3  # the second frame's second body's head
    fields = lines[place].split()
    lines[place] = " ".join([fields[0], value, *fields[2:]])
    sentence = r"A055.skeleton, frame 1 \(of 0 to 1\), body 1 \(from 0\): y of the head is"
    with pytest.raises(LabanError, match=sentence):
        read(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("text", ["", "0\n", "2\n0\n0\n", "\0\1\2"])
def test_a_faulty_file_is_named(tmp_path, text):
    with pytest.raises(LabanError, match=rf"^{NAME}\.skeleton"):
        read(tmp_path, text)


def test_too_many_ids_for_too_many_frames_are_refused_before_memory_is_taken(tmp_path):
    frames = [[number] for number in range(60)] + [[]] * 9000
    with pytest.raises(LabanError, match="60 different body ids in 9060 frames"):
        read(tmp_path, ntu_text(frames)[0])


def test_the_list_of_ignored_clips_is_left_out(tmp_path):
    names = [f"S001C00{camera}P001R001A001" for camera in (1, 2, 3)]
    (tmp_path / "raw").mkdir()
    for name in names:
        (tmp_path / "raw" / f"{name}.skeleton").write_text("")
    source = Source.open(tmp_path / "raw")
    listed = tmp_path / "missing.txt"
    listed.write_text(
        f"These samples have\nmissing skeletons:\n\n{names[1]}\r\n{names[2]}.skeleton"
    )
    assert [entry.name for entry in Ntu(ignored=listed).find(source)] == names[:1]
    assert [entry.name for entry in Ntu().find(source)] == names
    listed.write_text("nothing here\n")
    with pytest.raises(LabanError, match="names no clip"):
        Ntu(ignored=listed).find(source)
    with pytest.raises(LabanError, match="check --ignored"):
        Ntu(ignored=tmp_path / "absent.txt").find(source)


# Published counts of all clips and of those with a skeleton, to train and to test.
COUNTS = {
    "ntu60-xsub": (40_320, 16_560, 40_091, 16_487),
    "ntu60-xview": (37_920, 18_960, 37_646, 18_932),
    "ntu120-xsub": (63_360, 51_120, 63_026, 50_919),
    "ntu120-xset": (54_720, 59_760, 54_468, 59_477),
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_list_of_missing_skeletons_makes_the_published_counts(tmp_path, name):
    """What the list takes from each part is the difference of the counts."""
    kept = [NAME, "S001C001P001R001A001"]
    for clip in [*_missing(), *kept]:
        (tmp_path / f"{clip}.skeleton").touch()
    entries = READERS["ntu"].find(Source.open(tmp_path))
    marked = [entry for entry in entries if "skeleton" in entry.facts]
    assert len(marked) == 535 and not {entry.name for entry in marked} & set(kept)
    benchmark = BENCHMARKS[name]
    asked = [entry for entry in marked if benchmark.label(entry.label) is not None]
    assert len(asked) == (302 if name.startswith("ntu60") else 535)
    assert {benchmark.split(entry.facts) for entry in asked} == {None}
    taken = Counter(replace(benchmark, without={}).split(entry.facts) for entry in asked)
    train, test, train_left, test_left = COUNTS[name]
    assert (taken["train"], taken["test"]) == (train - train_left, test - test_left)
    assert train + test == {60: 56_880, 120: 114_480}[len(benchmark.classes)]
