"""NTU text: both parsers against a naive one, and every fault with its line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_ntu import FIRST_ID, ntu_text, two_persons

from laban.errors import LabanError
from laban.readers.ntu_text import _careful, _quick, parse_ntu

FRAMES = [[FIRST_ID], [], [FIRST_ID, FIRST_ID + 5], [FIRST_ID + 5]]
TEXT, JOINTS = ntu_text(FRAMES)
LINES = TEXT.splitlines()


def naive(text):
    """(frame, id, 25 x (x, y, z, state)) of every body, read token by token."""
    tokens = iter(text.split())
    bodies = []
    for frame in range(int(next(tokens))):
        for _ in range(int(next(tokens))):
            head = [next(tokens) for _ in range(10)]
            rows = [[float(next(tokens)) for _ in range(12)] for _ in range(int(next(tokens)))]
            bodies.append((frame, int(head[0]), [[*row[:3], row[11]] for row in rows]))
    return bodies


def assert_same(bodies, expected):
    assert bodies.frames == [frame for frame, _, _ in expected]
    assert bodies.ids == [body_id for _, body_id, _ in expected]
    values = np.array([rows for _, _, rows in expected])
    np.testing.assert_array_equal(bodies.joints, values[..., :3])
    np.testing.assert_array_equal(bodies.states, values[..., 3])


@given(
    st.lists(st.lists(st.integers(0, 10**17), max_size=3), min_size=1, max_size=5),
    st.integers(0, 2**31),
)
@settings(max_examples=30, deadline=None)
def test_both_parsers_give_what_the_naive_one_gives(frames, seed):
    text, joints = ntu_text(frames, seed=seed)
    if not any(frames):
        return
    expected = naive(text)
    np.testing.assert_allclose([rows for _, _, rows in expected], joints, rtol=1e-8)
    for parse in (_quick, lambda data: _careful(data, "f")):
        bodies = parse(text.encode())
        assert bodies.total == len(frames)
        assert_same(bodies, expected)


def test_the_regular_file_takes_the_quick_way():
    assert _quick(two_persons(3).encode()) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n", "\r\n").rstrip(),
        lambda text: text.replace("\n", " \n"),
        lambda text: text.replace(" ", "\t"),
        lambda text: text.replace(" ", "  ", 40),
        lambda text: text + "\n \r\n",
        lambda text: text.replace("\n", "\r\n", 7),
    ],
)
def test_line_ends_and_blanks_do_not_matter(change):
    assert_same(parse_ntu(change(TEXT).encode(), "f"), naive(TEXT))


@pytest.mark.parametrize("odd", ["1.2e-05", "-3E+2", "+0.5", "0", "-.25", "1.00000000000000001"])
def test_odd_numbers_are_what_float_gives(odd):
    lines = [*LINES]
    lines[4] = " ".join([odd, *lines[4].split()[1:]])
    text = "\n".join(lines)
    assert_same(parse_ntu(text.encode(), "f"), naive(text))


def with_line(number, line):
    """The text with another line of that number, from 1; None takes it away."""
    lines = [*LINES]
    lines[number - 1 : number] = [] if line is None else [line]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: the file ends where the number of frames belongs"),
        ("\n\n", "line 1: the file ends"),
        ("\0" * 5000, "line 1: has 5,000 bytes where the number of frames belongs"),
        ("\x89PNG\n\x1a", "line 1: has b'.*' where the number of frames belongs"),
        (with_line(1, "0"), "f has 0 frames"),
        (with_line(1, "-1"), "line 1: has b'-1' where the number of frames"),
        (with_line(1, "4.0"), "line 1: has b'4.0'"),
        (with_line(1, "9" * 5000), "line 1: has 5,001 bytes"),
        (with_line(1, "9" * 1000), "line 1: has b'9999"),
        (with_line(1, "3"), "line 86: comes after the last of the 3 frames"),
        (with_line(1, "5"), "line 114, in frame 4 .of 0 to 4.: the file ends where the number of"),
        (with_line(1, str(10**9)), "line 1: says 1,000,000,000 frames, too many"),
        (with_line(1, "500000"), "in frame 4 .of 0 to 499999.: the file ends"),
        (with_line(2, "2"), "line 30, in frame 0 .of 0 to 3.: has 1 fields where a body belongs"),
        (with_line(2, "0"), "line 3, in frame 1 .*: has 10 fields where the number of bodies"),
        (with_line(2, str(10**9)), "says 1000000000 bodies in one frame"),
        (with_line(3, LINES[2].replace(str(FIRST_ID), "-4")), "line 3, .*b'-4' where a body's id"),
        (with_line(3, LINES[2].replace(str(FIRST_ID), "4" * 99)), "where a body's id belongs"),
        (with_line(3, LINES[2] + " 1"), "line 3, in frame 0 .*: has 11 fields where a body"),
        (with_line(4, "24"), "line 4, in frame 0 .*: says 24 joints where NTU has 25"),
        (with_line(4, "26"), "says 26 joints"),
        (with_line(9, None), "line 29, in frame 0 .*: has 1 fields where a joint belongs"),
        (with_line(9, LINES[8][:30]), "line 9, in frame 0 .* fields where a joint belongs .12."),
        (with_line(9, LINES[8] + " 1"), "line 9, .* has 13 fields where a joint"),
        (with_line(9, "x" + LINES[8]), "line 9, .*: has a word where the numbers of a joint"),
        (with_line(9, LINES[8][:-1] + "3"), "line 9, .*: has the tracking state 3"),
        (with_line(9, LINES[8][:-1] + "nan"), "line 9, .*: has the tracking state nan"),
        (with_line(9, " " * 3000 + LINES[8]), "line 9, .* bytes where a joint belongs"),
        ("2\n0\n0\n", "f has no body in any frame"),
    ],
)
def test_every_fault_is_named_with_its_line(text, sentence):
    with pytest.raises(LabanError, match=sentence):
        parse_ntu(text.encode("latin-1"), "f")


@given(st.integers(0, len(TEXT) - 1))
@settings(max_examples=150, deadline=None)
def test_a_cut_file_is_an_error_or_still_whole(place):
    cut = TEXT[:place]
    try:
        bodies = parse_ntu(cut.encode(), "f")
    except LabanError as fault:
        assert "\n" not in str(fault)
    else:
        assert len(bodies.ids) == len(naive(TEXT))  # only the last line's end was cut


@given(
    st.lists(st.tuples(st.integers(0, len(TEXT) - 1), st.integers(0, 255)), min_size=1, max_size=4)
)
@settings(max_examples=200, deadline=None)
def test_changed_bytes_give_what_the_naive_parser_gives_or_an_error(changes):
    data = bytearray(TEXT.encode())
    for place, byte in changes:
        data[place] = byte
    try:
        bodies = parse_ntu(bytes(data), "f")
    except LabanError as fault:
        assert "\n" not in str(fault)
        return
    careful = _careful(bytes(data), "f")
    assert bodies[:3] == careful[:3]
    np.testing.assert_array_equal(bodies.joints, careful.joints)
    np.testing.assert_array_equal(bodies.states, careful.states)


@given(st.binary(max_size=300))
def test_garbage_is_an_error(data):
    with pytest.raises(LabanError):
        parse_ntu(data, "f")
