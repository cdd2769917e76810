"""Pickles: what Python reads of plain data, and nothing that a pickle tries to run."""

import builtins
import os
import pickle
import subprocess
from collections import OrderedDict, defaultdict
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laban.errors import LabanError
from laban.readers.pickle_file import PickledArray, read_pickle

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
        | st.sets(st.text() | st.integers(), max_size=4)
        | st.frozensets(st.integers(), max_size=4)
    ),
    max_leaves=12,
)


@given(value=PLAIN, protocol=st.integers(0, 5))
def test_plain_data_is_what_python_reads(value, protocol):
    assert read_pickle(pickle.dumps(value, protocol), "a.pkl") == value


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "i8", "u1", "bool", "U3"])
@pytest.mark.parametrize("shape", [(1,), (3, 4), (50, 2, 25)])
def test_arrays_of_every_protocol(protocol, dtype, shape):
    array = (np.random.default_rng(0).random(shape) * 9).astype(dtype)
    for own in (array, np.asfortranarray(array)):
        data = pickle.dumps({"x": own, "again": [own]}, protocol)
        value = read_pickle(data, "a.pkl")
        assert isinstance(value["x"], PickledArray)
        assert value["x"].dtype == array.dtype
        np.testing.assert_array_equal(value["x"].load(data, "a.pkl"), array)
        np.testing.assert_array_equal(value["again"][0].load(data, "a.pkl"), array)


@pytest.mark.parametrize("protocol", range(6))
def test_numbers_of_numpy_and_ordered_dicts(protocol):
    value = OrderedDict(a=np.float32(1.5), b=np.int64(-3), c=b"", d=b"bytes")
    assert read_pickle(pickle.dumps(value, protocol), "a.pkl") == value


def test_what_python_2_wrote():
    # pickle.dumps((["a\n"], [0L, True], 1.5)) and an array of two float32, protocol 2
    old = b"((lp0\nS'a\\n'\np1\na(lp2\nL0L\naI01\naF1.5\ntp3\n."
    assert read_pickle(old, "a.pkl") == (["a\n"], [0, True], 1.5)
    array = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b"
        b"\x87Rq\x03(K\x01K\x02\x85cnumpy\ndtype\nq\x04U\x02f4K\x00K\x01\x87Rq\x05(K\x03U\x01<NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80?\x00\x00\x00\xc0tb."
    )
    assert read_pickle(array, "a.pkl").load(array, "a.pkl").tolist() == [1.0, -2.0]


class Runs:
    """An object whose pickle is a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


CALLS = {
    "system": (Runs(os.system, "touch ran"), r"(posix|nt)\.system"),
    "eval": (Runs(builtins.eval, "open('ran', 'w')"), "eval"),  # noqa: S307
    "exec": (Runs(exec, "open('ran', 'w')"), "exec"),
    "getattr of a type": (Runs(getattr, dict, "fromkeys"), "getattr"),
    "import": (Runs(builtins.__import__, "os"), "__import__"),
    "open": (Runs(open, "ran", "w"), r"\.open"),
    "subprocess": (Runs(subprocess.run, ["touch", "ran"]), r"(subprocess|commands)\.run"),
    "partial": (partial(os.system, "touch ran"), "functools.partial"),
    "load": (Runs(np.load, "ran"), "numpy.*load"),
    "a class of the library": (Fraction(1, 2), "fractions.Fraction"),
    "a dict that calls": (defaultdict(list), "collections.defaultdict"),
    "objects": (np.array([Runs(os.system, "touch ran")], object), "system|'O8'"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_nothing_is_run(call, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    value, message = CALLS[call]
    data = pickle.dumps({"annotations": [value]}, protocol)
    with pytest.raises(LabanError, match=f"a.pkl, byte .*({message})"):
        read_pickle(data, "a.pkl")
    assert not os.listdir()


HAND_MADE = {
    # getattr chains: builtins.getattr(os, "system")("touch ran")
    "getattr chain": b"cbuiltins\ngetattr\n(cos\n__dict__\nS'system'\ntR(S'touch ran'\ntR.",
    "dotted name": b"\x80\x04\x8c\x08builtins\x8c\x10__import__.eval\x93.",
    "dotted name of a known one": b"\x80\x04\x8c\x05numpy\x8c\x0dndarray.dumps\x93.",
    "name from the stack": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x09touch ran\x85R.",
    "INST": b"(S'touch ran'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch ran'\no.",
    "NEWOBJ": b"\x80\x02cnumpy\nndarray\n)\x81.",
    "extension": b"\x80\x02\x82\x01.",
    "persistent": b"Pid\n.",
    "a call of a word": b"S'os.system'\n(S'touch ran'\ntR.",
    "a call of what was made": b"cnumpy\nndarray\n(tR(tR.",
    "state of a list": b"](S'__class__'\nS'x'\ndb.",
    "state of a name": b"cnumpy\nndarray\n}S'x'\nI1\nsb.",
    "a type of objects": b"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR.",
    "a huge memo": b"N\x72\xff\xff\xff\x7f" * 3,
    "a huge text": b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
    "huge bytes": b"\x8e\x00\x00\x00\x00\xff\x00\x00\x00abc.",
    "a huge buffer": b"\x96\x00\x00\x00\x00\xff\x00\x00\x00abc.",
    "a huge number": b"\x8b\xff\xff\xff\x7fabc.",
    "a buffer from outside": b"\x80\x05\x97.",
    "a deep key": b"}" + b")" + b"\x85" * 100_000 + b"Ns.",
    "nothing": b"",
    "an empty stack": b".",
    "a missing mark": b"e.",
    "a newer protocol": b"\x80\x06N.",
    "many digits": b"I" + b"9" * 9000 + b"\n.",
}


@pytest.mark.parametrize("name", HAND_MADE)
def test_hand_made_pickles_are_sentences(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabanError, match=r"^a.pkl, byte \d+: "):
        read_pickle(HAND_MADE[name], "a.pkl")
    assert not os.listdir()


def test_damaged_arrays_are_sentences():
    data = pickle.dumps(np.ones((50, 2, 25)), 4)
    value = read_pickle(data, "a.pkl")
    with pytest.raises(LabanError, match=r"a.pkl: an array of the shape \(50, 2, 25\) has 0 bytes"):
        value.load(b"", "a.pkl")


def test_deep_lists_do_not_overflow():
    value = read_pickle(b"]" * 200_000 + b"a" * 199_999 + b".", "a.pkl")
    depth = 0
    while value:
        value, depth = value[0], depth + 1
    assert depth == 199_999
