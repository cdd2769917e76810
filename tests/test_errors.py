import pickle

from laban.errors import LabanError, nearest, unknown_name


def test_an_error_is_one_line_whatever_is_in_it():
    error = LabanError("a\nb.csv, line 1: 'x\r\udcff' is wrong")
    assert str(error) == "a b.csv, line 1: 'x  ' is wrong"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes


def test_near_names_come_first_and_long_lists_are_cut():
    assert nearest("hed", ["head", "hand", "foot"]).startswith("did you mean head")
    assert nearest("q", ["b", "a"]) == "choose one of a, b"
    assert nearest("q", [f"n{k:02}" for k in range(20)]).endswith("n11 or 8 others")
    torn = nearest("q", ["\n" + "x" * 900])  # of a damaged file
    assert torn == "choose one of \\n" + "x" * 33 + "…"
    assert str(unknown_name("joint", "hed", ["head"])) == "unknown joint 'hed': did you mean head?"
