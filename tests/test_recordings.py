"""What is left out is told on few lines."""

from laban.recordings import Skipped


def test_clips_of_one_kind_are_one_line():
    skipped = Skipped()
    for name in "abcd":
        skipped.add(f"clip {name} has skeleton x", name)
    skipped.add("e.csv is empty")
    skipped.add("clip f: nobody is present", "f")
    assert skipped.lines() == [
        "clip a has skeleton x (and 3 more, such as b and c)",
        "e.csv is empty",
        "clip f: nobody is present",
    ]


def test_many_kinds_end_with_their_count():
    skipped = Skipped()
    assert skipped.lines() == []
    for number in range(50):
        skipped.add(f"{number}.csv is empty")
        skipped.add(f"{number}.csv is empty")
    lines = skipped.lines()
    assert len(lines) == 21 and lines[0] == "0.csv is empty (and 1 more)"
    assert lines[-1] == "and 30 more for other reasons"
