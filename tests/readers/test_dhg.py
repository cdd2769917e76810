import numpy as np
import pytest
from make_dhg import write_dhg

from laban.benchmarks import find_benchmark
from laban.errors import LabanError
from laban.readers import READERS, detect_format
from laban.readers.source import Source

CUTS = {(1, 1, 3, 5): (2, 7), (1, 2, 3, 1): (0, 11), (14, 2, 20, 1): (4, 4)}


def read_all(folder):
    reader = READERS["dhg"]
    with Source.open(folder) as source:
        assert detect_format(source) == "dhg"
        return {entry.name: reader.read(source, entry) for entry in reader.find(source)}


def test_a_clip_is_the_stretch_that_the_list_names_both_ends_included(tmp_path):
    joints = write_dhg(tmp_path, CUTS)
    clips = read_all(tmp_path)
    assert set(clips) == {"g01_f1_s03_e05", "g01_f2_s03_e01", "g14_f2_s20_e01"}
    for (gesture, finger, subject, trial), (first, last) in CUTS.items():
        clip = clips[f"g{gesture:02}_f{finger}_s{subject:02}_e{trial:02}"]
        expected = joints[gesture, finger, subject, trial][None, first : last + 1]
        np.testing.assert_array_equal(clip.poses, expected)
        assert clip.facts["subject"] == str(subject) and clip.facts["trial"] == str(trial)
    assert clips["g01_f1_s03_e05"].label == "Grab (1)"
    assert clips["g14_f2_s20_e01"].label == "Shake (2)"


def test_folds_leave_one_subject_out(tmp_path):
    write_dhg(tmp_path, CUTS)
    clips = read_all(tmp_path)
    for fold, expected in ((3, ["test", "test", "train"]), (20, ["train", "train", "test"])):
        benchmark = find_benchmark(f"dhg-28:{fold}")
        assert [benchmark.split(clip.facts) for clip in clips.values()] == expected
    assert len(find_benchmark("dhg-28:1").classes) == 28
    assert find_benchmark("dhg-14:1").label("Shake (2)") == 13
    with pytest.raises(LabanError, match="unknown benchmark 'dhg-14:21'"):
        find_benchmark("dhg-14:21")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 1 3 5 2", "line 1: give gesture, finger, subject, trial, first and last"),
        ("1 1 3 5 2 x", "line 1: give gesture"),
        ("1 1 3 5 2 " + "9" * 5000, "line 1: give gesture"),
        ("1 1 3 5 7 2", "line 1: the last frame 2 is before 7"),
    ],
)
def test_faulty_lists_name_the_line(tmp_path, line, message):
    write_dhg(tmp_path, CUTS)
    (tmp_path / "informations_troncage_sequences.txt").write_text(line + "\n")
    with pytest.raises(LabanError, match=message):
        read_all(tmp_path)


def test_a_missing_list_and_a_cut_past_the_end(tmp_path):
    write_dhg(tmp_path, {(1, 1, 1, 1): (3, 12)})
    with pytest.raises(LabanError, match="has 12 frames, .* cuts frames 3 to 12"):
        read_all(tmp_path)
    (tmp_path / "informations_troncage_sequences.txt").unlink()
    with pytest.raises(LabanError, match="is missing beside the gestures"):
        read_all(tmp_path)
