import numpy as np
import pytest

from laban.benchmarks import Benchmark
from laban.clip import Clip
from laban.errors import LabanError
from laban.skeletons import SKELETONS
from laban.splits import split_store
from laban.store import Store

BENCHMARK = Benchmark(
    "own",
    ("a", "b"),
    {"camera": frozenset({"1"})},
    {"camera": frozenset({"2"})},
    left_out=frozenset({"c"}),
)


def store(tmp_path, rows):
    """Clips of (label, camera, subject)."""
    poses = np.ones((1, 3, 22, 3))

    def clips():
        for number, (label, camera, subject) in enumerate(rows):
            facts = {"camera": camera} | ({"subject": subject} if subject else {})
            yield Clip(f"c{number}", poses, SKELETONS["hand-22"], label=label, facts=facts)

    return Store.write(tmp_path / "s.arrow", clips())


def test_clips_go_where_facts_and_labels_say(tmp_path):
    rows = [("a", "1", "1"), ("b", "2", "1"), ("c", "1", "1"), ("b", "3", "1"), (None, "2", "1")]
    splits = split_store(store(tmp_path, rows), BENCHMARK)
    assert (splits.train.keys, splits.train.labels) == ([0], [0])
    assert (splits.test.keys, splits.test.labels) == ([1], [1])
    assert splits.left_out == ["test clip c4 is left out: it has no label"]
    splits.need("train", "test")
    with pytest.raises(LabanError, match="no validation clips .*; 1 clips were left out"):
        splits.need("validation")


def test_validation_is_drawn_by_subject(tmp_path):
    rows = [("ab"[n % 2], "1", str(n % 5)) for n in range(40)] + [("a", "2", "9")]
    splits = split_store(store(tmp_path, rows), BENCHMARK, validation=0.2, seed=3)
    subjects = [{rows[key][2] for key in part.keys} for part in (splits.train, splits.validation)]
    assert not subjects[0] & subjects[1] and len(splits.validation) == 8
    assert splits.drawn_by == "subject"
    assert sorted(splits.train.keys + splits.validation.keys) == list(range(40))


def test_without_subjects_validation_is_drawn_by_clip_from_each_class(tmp_path):
    rows = [("a" if n < 4 else "b", "1", None) for n in range(40)] + [("a", "2", None)]
    splits = split_store(store(tmp_path, rows), BENCHMARK, validation=0.25)
    assert splits.drawn_by == "clip"
    assert sorted(splits.validation.labels) == [0] + [1] * 9


def test_validation_clips_are_some_of_the_few_that_have_labels(tmp_path):
    """And the draw of the few does not hang on whether some of them validate."""
    rows = [("ab"[n % 2], "1", str(n % 5)) for n in range(80)] + [("a", "2", "9")]
    clips = store(tmp_path, rows)
    few = split_store(clips, BENCHMARK, share=0.25, seed=2)
    apart = split_store(clips, BENCHMARK, share=0.25, seed=2, validation=0.3)
    assert len(few.train) == 20 and len(apart.validation) >= 6
    assert sorted(apart.train.keys + apart.validation.keys) == few.train.keys
    assert len(few.test) == len(apart.test) == 1
