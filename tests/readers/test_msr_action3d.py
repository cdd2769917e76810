"""The MSR-Action3D reader: made-up files, faults, then the real archive."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from make_msr_action3d import FOLDER, write_msr_action3d

from laban.benchmarks import BENCHMARKS
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["msr-action3d"]
NAMES = ["a02_s01_e03", "a20_s10_e01"]


def test_round_trip(tmp_path):
    joints = write_msr_action3d(tmp_path, NAMES)
    source = Source.open(tmp_path)
    first, second = (READER.read(source, entry) for entry in READER.find(source))
    assert [first.label, second.label] == ["horizontal arm wave", "pickup & throw"]
    assert first.facts == {"subject": "1", "trial": "3"}
    assert (first.skeleton.name, first.fps) == ("kinect-v1", 15)
    # Some places of the dataset's own order, counted from 0.
    places = {
        "shoulder-left": 0,
        "shoulder-right": 1,
        "hip-centre": 6,
        "hand-right": 12,
        "head": 19,
    }
    for joint, place in places.items():
        raw = joints[NAMES[0]][:, place]
        np.testing.assert_allclose(first.poses[0, :, first.skeleton.index(joint)], raw[:, :3])
        np.testing.assert_allclose(first.confidence[0, :, first.skeleton.index(joint)], raw[:, 3])


def test_clips_that_the_list_does_not_name_are_marked_as_faulty(tmp_path):
    write_msr_action3d(tmp_path, NAMES, usable=NAMES[1:])
    entries = READER.find(Source.open(tmp_path))
    assert [entry.facts.get("skeleton") for entry in entries] == ["faulty", None]
    benchmark = BENCHMARKS["msr-xsub"]
    assert [benchmark.split(entry.facts) for entry in entries] == [None, "test"]
    (tmp_path / FOLDER / "files_used_in_cvpr12_paper.txt").write_text(f"{NAMES[0]}\nall others\n")
    with pytest.raises(LabanError, match="paper.txt, line 2: 'all others' is no clip"):
        READER.find(Source.open(tmp_path))


def test_a_frame_of_zeros_has_nobody(tmp_path):
    write_msr_action3d(tmp_path, NAMES[:1])
    path = tmp_path / FOLDER / f"{NAMES[0]}_skeleton3D.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:20] + ["0 0 0 0"] * 20 + lines[40:]))
    source = Source.open(tmp_path)
    (entry,) = READER.find(source)
    assert READER.read(source, entry).present.tolist() == [[True, False, True]]
    path.write_text("\n".join(["0 0 0 0"] * 20))
    with pytest.raises(LabanError, match="has no body in any frame"):
        READER.read(source, entry)
    path.write_text("\n".join(lines[:30]))
    with pytest.raises(LabanError, match="has 30 lines, no multiple of 20 joints"):
        READER.read(source, entry)


@pytest.mark.real
def test_the_real_archive_has_the_published_counts(real_data):
    source = Source.open(real_data("msr-action3d.zip"))
    entries = READER.find(source)
    clips = {}
    for entry in entries:
        try:
            clips[entry.name] = READER.read(source, entry)
        except LabanError as fault:
            assert entry.name == "a13_s09_e02" and "no body" in str(fault)
    assert (len(entries), len(clips)) == (567, 566)
    assert clips["a13_s09_e03"].frames == 936
    counts = {"msr-xsub": (292, 275, 284, 273), "msr-as1": (120, 106, 114, 105)}
    counts |= {"msr-as2": (118, 113, 116, 112), "msr-as3": (114, 112, 111, 111)}
    for name, expected in counts.items():
        found = ()
        for benchmark in (replace(BENCHMARKS[name], without={}), BENCHMARKS[name]):
            splits = Counter(
                benchmark.split(e.facts) for e in entries if benchmark.label(e.label) is not None
            )
            found += (splits["train"], splits["test"])
        assert found == expected
    assert sum(counts["msr-xsub"][2:]) == 557  # what papers since Wang and others (2012) use


@pytest.mark.real
def test_the_right_hand_waves_and_is_on_the_side_of_the_right_shoulder(real_data):
    source = Source.open(real_data("msr-action3d.zip"))
    entries = [e for e in READER.find(source) if e.label == "high arm wave" and "_e01" in e.name]
    for entry in entries:
        clip = READER.read(source, entry)
        poses = clip.poses[0, clip.present[0]]
        left, right = (poses[:, clip.skeleton.index(f"hand-{side}")] for side in ("left", "right"))
        assert right.std(0).sum() > 2 * left.std(0).sum()
        assert np.median(right[:, 0]) > np.median(left[:, 0])
        head, foot = (poses[:, clip.skeleton.index(j), 1] for j in ("head", "foot-left"))
        assert 1.2 < np.median(head - foot) < 1.9
