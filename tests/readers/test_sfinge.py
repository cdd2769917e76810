"""The SFINGE 3D reader: dictionary and recordings, their list, the real archive."""

from collections import Counter

import numpy as np
import pytest
from make_sfinge import write_sfinge

from laban.benchmarks import BENCHMARKS
from laban.clip import Segment
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["sfinge"]


def read_all(path):
    source = Source.open(path)
    return {entry.name: READER.read(source, entry) for entry in READER.find(source)}


def test_dictionary_and_recordings(tmp_path):
    values = write_sfinge(tmp_path, [(5, 36)], {72: [(1, 1, 4), (13, 6, 10)]})
    clips = read_all(tmp_path)
    gesture, recording = clips["dictionary-05-36"], clips["sequence-72"]
    assert (gesture.label, gesture.segments) == ("OK", ())
    assert gesture.facts == {"recording": "dictionary", "trial": "36"}
    right_handed = (1, 1, -1)  # the files' frame is not
    positions = values["Dictionary/5/36.txt"][..., :3]
    np.testing.assert_array_equal(gesture.poses[0], positions * right_handed)
    assert (recording.label, recording.facts) == (None, {"recording": "72"})
    # Frames count from 1, the last belongs to the gesture; the recording has 9 of them.
    assert recording.segments == (Segment("one", 0, 4), Segment("swipe O", 5, 9))
    positions = values["Sequences/72.txt"][..., :3]
    np.testing.assert_array_equal(recording.poses[0], positions * right_handed)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1,1,5,2\n", "line 1: 1 gestures need 3 numbers, .* there are 2"),
        ("\n1,1,14,2,3\n", "line 2: gesture 14 from frame 2 to 3, give a class from 1 to 13"),
        ("1,1,3,5,4\n", "line 1: gesture 3 from frame 5 to 4"),
        ("1,1,3,0,4\n", "line 1: gesture 3 from frame 0"),
        ("1,x\n", "line 1: give the recording, how many gestures"),
        ("1\n", "line 1: give the recording, how many gestures"),
        (f"1,{'9' * 5000}\n", "line 1: give the recording, how many gestures"),
    ],
)
def test_a_faulty_list_is_named_with_its_line(tmp_path, text, sentence):
    write_sfinge(tmp_path, [], {1: []})
    (tmp_path / "Sequences/sequencesGT.csv").write_text(text)
    with pytest.raises(LabanError, match=f"sequencesGT.csv, {sentence}"):
        read_all(tmp_path)


def test_a_missing_list_and_a_gesture_past_the_end(tmp_path):
    write_sfinge(tmp_path, [], {1: [(1, 3, 11)]})
    with pytest.raises(LabanError, match="1.txt: has 9 frames, .* ends at 11"):
        read_all(tmp_path)
    (tmp_path / "Sequences/sequencesGT.csv").unlink()
    with pytest.raises(LabanError, match="is missing beside the recordings"):
        read_all(tmp_path)


def test_a_faulty_recording_is_named_with_its_line(tmp_path):
    write_sfinge(tmp_path, [(1, 1)], {})
    file = tmp_path / "Dictionary/1/1.txt"
    file.write_text(file.read_text().replace(";", ";;;", 1).replace(";", " ", 2) + "1;2\n")
    with pytest.raises(LabanError, match="1.txt, line 10 has 2 fields where 140"):
        read_all(tmp_path)


@pytest.mark.real
def test_the_real_archive(real_data):
    clips = read_all(real_data("sfinge3d-v1.zip"))
    labels = Counter(clip.label for clip in clips.values())
    assert labels.pop(None) == 72
    assert labels == dict.fromkeys(BENCHMARKS["sfinge"].classes, 36)
    counts = Counter(len(clip.segments) for clip in clips.values())
    assert counts == {0: 468, 3: 29, 4: 24, 5: 19}
    assert all(s.end <= c.frames for c in clips.values() for s in c.segments)
    splits = Counter(BENCHMARKS["sfinge"].split(clip.facts) for clip in clips.values())
    assert splits == {"train": 468 + 36, "test": 36}
    # Everybody is right-handed, and swipes go where they are said to go.
    assert all(_is_right_hand(clip) for clip in clips.values())
    for label, way in (("swipe left", -1), ("swipe right", 1)):
        palms = [clip.poses[0, :, 0, 0] for clip in clips.values() if clip.label == label]
        assert np.mean([way * (x[-1] - x[0]) > 0 for x in palms]) > 0.8


def _is_right_hand(clip):
    """Seen from the back of a right hand, fingers up, the index is left of the little finger.

    The tip of the thumb tells the back: it is on the palm's side.
    """
    at = {name: clip.poses[0, :, number] for number, name in enumerate(clip.skeleton.joints)}
    up, right = at["middle-base"] - at["palm"], at["little-base"] - at["index-base"]
    back = np.cross(right, up)  # right-handed: towards the eye
    return np.einsum("tc,tc->t", at["thumb-tip"] - at["palm"], back).sum() < 0
