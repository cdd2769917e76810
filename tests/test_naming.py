"""Labels and facts out of file names."""

import pytest

from laban.errors import LabanError
from laban.naming import find_words, label_entries
from laban.readers.source import Entry


@pytest.mark.parametrize(
    ("pattern", "path", "label", "facts"),
    [
        ("{label}", "data/walk.csv", "walk", {}),
        ("{label}.csv", "data/walk.csv", "walk", {}),
        ("{label}", "data/v1.2.csv", "v1.2", {}),
        ("{label}/*", "data/walk/001.csv", "walk", {}),
        ("{label}_{subject}", "pick_up_012.csv", "pick_up", {"subject": "12"}),
        ("{subject}_{label}", "s1_pick_up.csv", "pick_up", {"subject": "s1"}),
        ("*_{label}_{trial}.bvh", "d-2_wave_normal_3.bvh", "wave_normal", {"trial": "3"}),
        ("{camera}/{label}.*", "raw/top/sit.csv", "sit", {"camera": "top"}),
        (r"_(\w+)-\d", "x/s_jump-1.csv", "jump", {}),
        (r"(?P<subject>\d+)/(?P<label>[a-z]+)", "07/run3.csv", "run", {"subject": "7"}),
    ],
)
def test_patterns(pattern, path, label, facts):
    assert find_words(pattern, path) == (label, facts)


@pytest.mark.parametrize("pattern", ["{label}_{subject}", "x{label}", "(walks)", "(?P<label>)w"])
def test_paths_that_do_not_fit(pattern):
    assert find_words(pattern, "walk.csv") is None


@pytest.mark.parametrize("pattern", ["walk", "(", "{label}{label}", "{label}{1}"])
def test_patterns_that_are_none(pattern):
    with pytest.raises(LabanError, match="the pattern .*"):
        find_words(pattern, "walk.csv")


def test_entries_keep_their_facts_and_the_others_are_told():
    entries = [Entry("a", "x/run_2.csv", {"camera": "1"}), Entry("b", "x/readme.csv")]
    labelled, others = label_entries(entries, "{label}_{subject}")
    assert [(e.label, e.facts) for e in labelled] == [("run", {"camera": "1", "subject": "2"})]
    assert others == entries[1:]
    # A clip of many files may be told by its name.
    assert label_entries([Entry("run_2", "x/y")], "{label}_{subject}")[0][0].label == "run"
