import numpy as np
import pytest
from make_fpha import write_fpha

from laban.benchmarks import find_benchmark
from laban.errors import LabanError
from laban.readers import READERS, detect_format
from laban.readers.source import Source

TRAIN = [(1, "open_juice_bottle", 1), (6, "high_five", 3)]
TEST = [(1, "open_juice_bottle", 2)]
# In FPHA's order; T, I, M, R and P are thumb, index, middle, ring and little finger.
JOINTS = (
    "Wrist TMCP IMCP MMCP RMCP PMCP TPIP TDIP TTIP IPIP IDIP ITIP MPIP MDIP MTIP RPIP RDIP RTIP"
)
JOINTS += " PPIP PDIP PTIP"
NAMES = {"thumb": "T", "index": "I", "middle": "M", "ring": "R", "little": "P"}
KNUCKLES = {"base": "MCP", "first": "PIP", "second": "DIP", "tip": "TIP"}


def read_all(folder):
    reader = READERS["fpha"]
    with Source.open(folder) as source:
        assert detect_format(source) == "fpha"
        return {entry.name: reader.read(source, entry) for entry in reader.find(source)}


def test_joints_by_their_names_in_metres_with_y_up(tmp_path):
    written = write_fpha(tmp_path, TRAIN, TEST)
    clips = read_all(tmp_path)
    assert set(clips) == {
        "s1_open_juice_bottle_1",
        "s1_open_juice_bottle_2",
        "s6_high_five_3",
    }
    clip, millimetres = clips["s6_high_five_3"], written[6, "high_five", 3]
    assert (clip.label, clip.facts["subject"], clip.facts["split"]) == ("high five", "6", "train")
    for place, name in enumerate(clip.skeleton.joints):
        finger, _, knuckle = name.partition("-")
        theirs = NAMES[finger] + KNUCKLES[knuckle] if knuckle else "Wrist"
        expected = millimetres[:, JOINTS.split().index(theirs)] / 1000 * [1, -1, -1]
        np.testing.assert_allclose(clip.poses[0, :, place], expected, rtol=1e-5)


def test_the_list_is_the_benchmark_s_split(tmp_path):
    write_fpha(tmp_path, TRAIN, TEST)
    benchmark = find_benchmark("fpha-1to1")
    clips = read_all(tmp_path)
    parts = {name: benchmark.split(clip.facts) for name, clip in clips.items()}
    assert parts["s1_open_juice_bottle_2"] == "test" and list(parts.values()).count("train") == 2
    assert len(benchmark.classes) == 45
    assert all(benchmark.label(clip.label) is not None for clip in clips.values())


@pytest.mark.parametrize(
    "line", ["Subject_1/open_juice_bottle/1 0", "", "Training 1", "Validation"]
)
def test_a_list_that_is_none_is_said_with_its_line(tmp_path, line):
    write_fpha(tmp_path, TRAIN, TEST)
    path = tmp_path / "data_split_action_recognition.txt"
    path.write_text(f"{line}\nSubject_1/x/1 0 0 0\n")
    with pytest.raises(LabanError, match=r"recognition.txt, line [12]: give 'Training 600'"):
        read_all(tmp_path)


def test_an_empty_file_is_one_sentence(tmp_path):
    write_fpha(tmp_path, TRAIN, TEST)
    (tmp_path / "Subject_6/high_five/3/skeleton.txt").write_text("")
    with pytest.raises(LabanError, match=r"high_five/3/skeleton.txt"):
        read_all(tmp_path)
