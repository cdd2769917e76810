"""Tables of numbers: the values of float(), and a sentence for every fault."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laban.errors import LabanError
from laban.readers.text import LARGEST_TEXT, cast_fields, number_rows

NUMBER = st.one_of(
    st.floats(-1e30, 1e30).map(repr),
    st.floats(-10, 10).map(lambda v: f"{v:.9g}"),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["-0", "+1.5", "1.", ".5", "1.2e-05", "1E3", "007"]),
)


@given(
    st.lists(st.lists(NUMBER, min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", " \n"]),
    st.sampled_from([" ", "  ", "\t"]),
    st.sampled_from(["", "\n", "\n\n \n"]),
)
def test_rows_are_what_float_gives(rows, line_end, blank, tail):
    text = line_end.join(blank.join(row) for row in rows) + tail
    expected = np.array([[float(field) for field in row] for row in rows]).astype(np.float32)
    np.testing.assert_array_equal(number_rows(text.encode(), "f", 3), expected)


def test_cast_fields_reads_places_and_nothing_between():
    text = b"ab1.5cd-2"
    np.testing.assert_array_equal(
        cast_fields(text, np.array([[2], [7]]), np.array([[5], [9]])), [[1.5], [-2.0]]
    )
    assert cast_fields(text, np.array([0]), np.array([3])) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "f has 0 frames"),
        (b" \r\n\n", "f has 0 frames"),
        (b"\0\0", "line 1 has 0 fields where 2 numbers belong"),
        (b"1 2\n3\n4 5", "line 2 has 1 fields where 2"),
        (b"1 2\n\n4 5", "line 2 has 0 fields"),
        (b"1 2\n3 4 5\n", "line 2 has 3 fields"),
        (b"1 2\n3 x4\n", "line 2: b'x4' is not a number"),
        (b"1 1_0\n", "b'1_0' is not a number"),
        (b"1 2\n3 nan\n", "line 2: a number is not finite"),
        (b"inf 2\n", "line 1: a number is not finite"),
        (b"1e39 2\n", "line 1: a number is not finite"),
        (b"\xff\xfe 2\n", "is not a number"),
        (bytes(LARGEST_TEXT + 1), "too many for a clip"),
    ],
)
def test_faults(text, sentence):
    with pytest.raises(LabanError, match=sentence):
        number_rows(text, "f", 2)


@given(st.binary(max_size=60))
def test_any_bytes_give_rows_or_a_sentence(data):
    try:
        rows = number_rows(data, "f", 2)
    except LabanError as fault:
        assert "\n" not in str(fault)
    else:
        assert rows.shape[1] == 2
        assert np.isfinite(rows).all()
