"""Broken YAML is one sentence with file and line, not PyYAML's own words."""

import pytest

from laban.errors import LabanError
from laban.yaml_text import parse_yaml


@pytest.mark.parametrize(
    ("text", "place", "mend"),
    [
        (b"a: 1\nb: [1, 2\nc: 3\n", "f.yaml, line 2: ", "close the bracket"),
        (b"a: 1\nb: 'x\nc: 3\n", "f.yaml, line 2: ", "close the bracket or quote"),
        (b"a: 1\n\tb: 2\n", "f.yaml, line 2: ", "a tab"),
        (b"a: 1\nb 2\nc: 3\n", "f.yaml, line 3: ", "a colon"),
        (b"a: 1\n  b: 2\n", "f.yaml, line 2: ", "align"),
        (b"a: 1\nb: *c\n", "f.yaml, line 2: ", "not YAML"),
        (b"a: \xff\xfe", "f.yaml is not text", "UTF-8"),
        (b"a: \x07", "f.yaml is not text", "UTF-8"),
        (b"a: 2026-02-31", "f.yaml holds", "plain values"),
        (b"[" * 5000, "f.yaml holds", "plain values"),
    ],
)
def test_the_place_and_the_mend(text, place, mend):
    with pytest.raises(LabanError) as raised:
        parse_yaml(text, "f.yaml")
    sentence = str(raised.value)
    assert sentence.startswith(place) and mend in sentence
    assert "while" not in sentence and "expected" not in sentence


def test_what_is_whole_is_read():
    assert parse_yaml(b"a: [1, x]", "f") == {"a": [1, "x"]}
    assert parse_yaml('{"a": "ö"}'.encode("utf-16"), "f") == {"a": "ö"}
