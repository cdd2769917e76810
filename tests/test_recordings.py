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


def test_numbers_make_no_other_kind_and_notes_hide_nothing_that_was_left_out():
    skipped = Skipped()
    for number in range(40):
        note = f"segment {number} of r{number} ends at frame {number}.5: mend it"
        skipped.add(note, f"r{number}", note=True)
        skipped.add(f"odd {'x' * number} of r{number}", f"r{number}", note=True)
    skipped.add("z.csv is empty")
    lines = skipped.lines()
    assert lines[:2] == [
        "z.csv is empty",
        "segment 0 of r0 ends at frame 0.5: mend it (and 39 more, such as r1 and r2)",
    ]
    assert len(lines) == 22 and lines[-1] == "and 21 more of other kinds"


def test_many_kinds_end_with_their_count():
    skipped = Skipped()
    assert skipped.lines() == []
    for number in range(50):
        skipped.add(f"{number}.csv is empty")
        skipped.add(f"{number}.csv is empty")
    lines = skipped.lines()
    assert len(lines) == 21 and lines[0] == "0.csv is empty (and 1 more)"
    assert lines[-1] == "and 30 more for other reasons"
