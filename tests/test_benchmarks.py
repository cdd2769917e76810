"""Benchmarks: the published splits counted, labels, own files, and the validation share."""

import json

import pytest

from laban.benchmarks import BENCHMARKS, Benchmark, find_benchmark, validation_split
from laban.classes import NTU_CLASSES, NW_UCLA_ACTIONS, SHREC17_GESTURES
from laban.errors import LabanError


def split_counts(name, fact, values):
    splits = [BENCHMARKS[name].split({fact: str(value)}) for value in values]
    return splits.count("train"), splits.count("test"), splits.count(None)


@pytest.mark.parametrize(
    ("name", "fact", "values", "counts"),
    [
        ("ntu60-xsub", "subject", range(1, 41), (20, 20, 0)),
        ("ntu60-xsub", "subject", range(41, 107), (0, 0, 66)),
        ("ntu60-xview", "camera", (1, 2, 3), (2, 1, 0)),
        ("ntu120-xsub", "subject", range(1, 107), (53, 53, 0)),
        ("ntu120-xset", "setup", range(1, 33), (16, 16, 0)),
        ("nw-ucla-xview", "camera", (1, 2, 3), (2, 1, 0)),
        ("msr-xsub", "subject", range(1, 11), (5, 5, 0)),
        ("kinetics", "split", ("train", "test", "none"), (1, 1, 1)),
        ("shrec17-14", "split", ("train", "test", "none"), (1, 1, 1)),
        ("shrec17-28", "split", ("train", "test", "none"), (1, 1, 1)),
    ],
)
def test_split_counts(name, fact, values, counts):
    assert split_counts(name, fact, values) == counts


def test_splits_at_known_places():
    assert BENCHMARKS["ntu60-xsub"].split({"subject": "38", "camera": "1"}) == "train"
    assert BENCHMARKS["ntu60-xsub"].split({"subject": "3"}) == "test"
    assert BENCHMARKS["ntu60-xview"].split({"camera": "1"}) == "test"
    assert BENCHMARKS["ntu120-xsub"].split({"subject": "103"}) == "train"
    assert BENCHMARKS["ntu120-xset"].split({"setup": "2"}) == "train"
    assert BENCHMARKS["ntu120-xset"].split({}) is None


def test_class_tables():
    assert len(NTU_CLASSES) == len(set(NTU_CLASSES)) == 120
    for number, name in {
        1: "drink water",
        9: "standing up (from sitting position)",
        50: "punching/slapping other person",
        60: "walking apart from each other",
        61: "put on headphone",
        106: "hit other person with something",
        120: "finger-guessing game (playing rock-paper-scissors)",
    }.items():
        assert NTU_CLASSES[number - 1] == name
    assert (len(SHREC17_GESTURES), len(NW_UCLA_ACTIONS)) == (14, 10)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *(("ntu60-xsub", 60), ("ntu120-xset", 120), ("shrec17-14", 14), ("shrec17-28", 28)),
        *(("pku1-xsub", 51), ("pku2-xview", 51), ("kinetics", 400), ("sbu:1", 8)),
        *(("msr-xsub", 20), ("msr-as1", 8), ("msr-as2", 8), ("msr-as3", 8)),
    ],
)
def test_class_counts(name, count):
    assert len(BENCHMARKS[name].classes) == count


def test_action_sets_of_msr():
    sets = {n: set(BENCHMARKS[f"msr-as{n}"].classes) for n in (1, 2, 3)}
    assert sets[1] & sets[2] == set() and sets[2] & sets[3] == {"forward kick"}
    assert sets[1] & sets[3] == {"high throw", "tennis serve", "pickup & throw"}
    assert set.union(*sets.values()) == set(BENCHMARKS["msr-xsub"].classes)
    assert BENCHMARKS["msr-as3"].label("jogging") == 3
    assert BENCHMARKS["msr-as3"].label("hammer") is None


def test_folds_of_sbu_test_each_of_the_21_pairs_once():
    tested = [pair for fold in range(1, 6) for pair in BENCHMARKS[f"sbu:{fold}"].test["pair"]]
    assert len(tested) == len(set(tested)) == 21
    for fold in range(1, 6):
        benchmark = BENCHMARKS[f"sbu:{fold}"]
        assert benchmark.train["pair"] == set(tested) - benchmark.test["pair"]
    with pytest.raises(LabanError, match="benchmark sbu has 5 folds"):
        find_benchmark("sbu")


def test_labels():
    assert BENCHMARKS["ntu60-xsub"].label("drink water") == 0
    assert BENCHMARKS["ntu60-xsub"].label("put on headphone") is None
    assert BENCHMARKS["ntu120-xsub"].label("put on headphone") == 60
    assert BENCHMARKS["shrec17-28"].label("Tap (2)") == 3
    assert BENCHMARKS["shrec17-14"].label("Tap (2)") == 1
    assert BENCHMARKS["shrec17-14"].label("Tap") == 1
    assert BENCHMARKS["nw-ucla-xview"].label("carry") == 9


def test_a_label_outside_the_class_list_is_named_with_near_classes():
    sentence = "label 'sit dwn' is not a class of benchmark nw-ucla-xview: did you mean sit down"
    with pytest.raises(LabanError, match=sentence):
        BENCHMARKS["nw-ucla-xview"].label("sit dwn")
    with pytest.raises(LabanError, match="label 'A121'"):
        BENCHMARKS["ntu60-xsub"].label("A121")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_names_and_json_round_trip(name):
    benchmark = BENCHMARKS[name]
    assert benchmark.name == name
    again = Benchmark.from_json(json.loads(json.dumps(benchmark.to_json())))
    assert again == benchmark


def test_unknown_word_lists_the_nearest():
    with pytest.raises(LabanError, match="unknown benchmark 'ntu60_xsub': did you mean ntu60-xsub"):
        find_benchmark("ntu60_xsub")


OWN = """
name: kitchen
classes: [pour, stir, cut]
train: {subject: [1, 2], camera: 1}
test: {subject: [3]}
left_out: [unknown]
merge: {chop: cut}
without: {skeleton: faulty}
"""


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_an_own_benchmark_from_a_file(tmp_path, suffix):
    path = tmp_path / f"kitchen.{suffix}"
    path.write_text(OWN)
    if suffix == "json":
        path.write_text(json.dumps(find_benchmark_text(tmp_path).to_json()))
    benchmark = find_benchmark(str(path))
    assert benchmark.split({"subject": "2", "camera": "1"}) == "train"
    assert benchmark.split({"subject": "2", "camera": "2"}) is None
    assert benchmark.split({"subject": "2", "camera": "1", "skeleton": "faulty"}) is None
    assert benchmark.split({"subject": "3", "camera": "2"}) == "test"
    assert [benchmark.label(x) for x in ("pour", "chop", "unknown")] == [0, 2, None]


def find_benchmark_text(tmp_path):
    (tmp_path / "own.yml").write_text(OWN)
    return find_benchmark(str(tmp_path / "own.yml"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("classes", "clases", "unknown key in .*own.yml 'clases': did you mean classes"),
        ("name: kitchen", "", "the key 'name' is missing"),
        ("[pour, stir, cut]", "[]", "benchmark kitchen: give two classes or more"),
        ("[pour, stir, cut]", "[cut, cut]", "give two classes or more that differ"),
        ("[pour, stir, cut]", "pour", "'classes' must be a list"),
        ("[pour, stir, cut]", "[[cut]]", "'classes' must be a list"),
        ("test: {subject: [3]}", "test: {}", "must each name a fact"),
        ("test: {subject: [3]}", "test: [3]", "'test' must name a fact"),
        ("chop: cut", "chop: slice", "'merge' turns 'chop' into 'slice'"),
        ("{chop: cut}", "[chop]", "'merge' must be pairs"),
        ("name: kitchen", "name: [", "is not YAML"),
    ],
)
def test_faults_of_an_own_benchmark(tmp_path, old, new, sentence):
    path = tmp_path / "own.yml"
    path.write_text(OWN.replace(old, new))
    with pytest.raises(LabanError, match=sentence):
        find_benchmark(str(path))


def test_other_faults_of_an_own_benchmark(tmp_path):
    with pytest.raises(LabanError, match="cannot be read"):
        find_benchmark(str(tmp_path / "absent.yaml"))
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(LabanError, match="give the keys name, classes, train and test"):
        find_benchmark(str(tmp_path / "list.json"))


def test_a_clip_that_trains_and_tests_is_an_error(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("name: x\nclasses: [a, b]\ntrain: {subject: 1}\ntest: {camera: 1}\n")
    with pytest.raises(LabanError, match="camera 1, subject 1 both trains and tests"):
        find_benchmark(str(path)).split({"subject": "1", "camera": "1"})


def facts_of(clips_by_subject):
    return [{"subject": s} for s, count in clips_by_subject.items() for _ in range(count)]


def test_validation_takes_whole_subjects_until_the_share_is_reached():
    facts = facts_of({str(s): 10 for s in range(1, 21)})
    taken = validation_split(facts, 0.2, 0)
    subjects = {row["subject"] for row, t in zip(facts, taken, strict=True) if t}
    assert sum(taken) == 40
    assert all(t == (row["subject"] in subjects) for row, t in zip(facts, taken, strict=True))
    assert len({tuple(validation_split(facts, 0.2, seed)) for seed in range(20)}) > 15


def test_validation_does_not_depend_on_the_order_of_clips():
    facts = facts_of({"2": 3, "10": 5, "1": 4, "x": 2})
    taken = validation_split(facts, 0.3, 3)
    backwards = validation_split(facts[::-1], 0.3, 3)
    assert taken == backwards[::-1]
    assert taken == validation_split(facts, 0.3, 3)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_validation_leaves_someone_to_train(share):
    taken = validation_split(facts_of({"1": 5, "2": 100}), share, 0)
    assert 0 < sum(taken) < len(taken)


@pytest.mark.parametrize("facts", [[{}] * 30, [{"subject": "1"}] * 30])
def test_without_subjects_a_share_of_each_class_validates(facts):
    labels = ["a"] * 20 + ["b"] * 9 + ["c"]
    taken = validation_split(facts, 0.2, 1, labels=labels)
    by_label = {x: sum(t for t, y in zip(taken, labels, strict=True) if x == y) for x in "abc"}
    assert by_label == {"a": 4, "b": 2, "c": 0}
    assert taken == validation_split(facts, 0.2, 1, labels=labels)
    assert taken != validation_split(facts, 0.2, 2, labels=labels)


@pytest.mark.parametrize("seed", range(3))
def test_a_share_of_nothing_is_nothing(seed):
    assert not any(validation_split(facts_of({"1": 5, "2": 5}), 0.0, seed))
    assert validation_split([], 0.5, seed) == []


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_an_impossible_share_is_an_error(share):
    with pytest.raises(LabanError, match="validation share"):
        validation_split(facts_of({"1": 2}), share, 0)


def test_empty_and_yes_or_no_values_are_refused(tmp_path):
    """YAML turns an empty value into nothing and the words on and off into truth values."""
    path = tmp_path / "own.yaml"
    for classes, subject in (("[on, off]", "1"), ("[a, b]", "")):
        path.write_text(
            f"name: x\nclasses: {classes}\ntrain: {{subject: {subject}}}\ntest: {{camera: 1}}\n"
        )
        with pytest.raises(LabanError, match="quote it if it is a word"):
            find_benchmark(str(path))
