"""What plain data and NumPy's arrays are in a pickle: the stand-ins of `laban.readers.pickle_file`.

NumPy pickles an array as ``_reconstruct(ndarray, (0,), b"b")`` and the state (version, shape,
dtype, whether columns come first, bytes), with protocol 5 as ``_frombuffer(bytes, dtype, shape,
order)``, https://numpy.org/doc/stable/reference/generated/numpy.ndarray.__reduce_ex__.html. Bytes
are texts with their encoding up to protocol 2.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from laban.errors import LabanError
from laban.readers.source import Mapped

__all__ = [
    "CALLS",
    "KNOWN",
    "Dtype",
    "Fault",
    "Name",
    "PickledArray",
    "Span",
    "array",
    "key",
    "quoted",
    "whole",
]

_MOST_DIGITS = 4000
_DTYPE = re.compile(r"[<>|=]?([fiubUS])(\d{1,4})")
_NUMPY = ("numpy.core", "numpy._core")
# What a pickle may name, each with the stand-in that takes its place.
KNOWN = {
    **{f"{core}.multiarray _reconstruct": "array" for core in _NUMPY},
    **{f"{core}.multiarray scalar": "scalar" for core in _NUMPY},
    **{f"{core}.numeric _frombuffer": "buffer" for core in _NUMPY},
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "_codecs encode": "encode",
    "collections OrderedDict": "dict",
    **{
        f"{module} {name}": name
        for module in ("builtins", "__builtin__")
        for name in ("list", "dict", "set", "frozenset", "tuple", "bytes", "bytearray")
    },
}


class Fault(Exception):
    """What is wrong at the present opcode."""


@dataclass(frozen=True)
class Name:
    """A class or function that the pickle may name."""

    stand_in: str


@dataclass(frozen=True)
class Span:
    """A long text or long bytes, by their place in the file."""

    start: int
    stop: int
    utf8: bool = False


@dataclass
class Dtype:
    """The type of an array's numbers; its byte order comes later."""

    code: str


@dataclass
class PickledArray:
    """An array by its place in a pickle; it is as cheap to keep and to send as its shape.

    Attributes:
        shape: Its shape.
        dtype: The type of its numbers; never objects.
    """

    shape: tuple[int, ...] = ()
    dtype: np.dtype | None = None
    _raw: Span | bytes = b""
    _columns_first: bool = False

    def load(self, data: Mapped, name: str) -> np.ndarray:
        """The array itself, out of the bytes of the pickle.

        Raises:
            LabanError: Where it is empty or has other bytes than its shape needs; names the file.
        """
        raw = self._raw
        if isinstance(raw, Span):
            found = data[raw.start : raw.stop]
            try:
                raw = found.decode("utf-8").encode("latin-1") if raw.utf8 else found
            except UnicodeError:
                raw = b""
        if not raw or self.dtype is None or self.dtype.itemsize * prod(self.shape) != len(raw):
            raise LabanError(
                f"{name}: an array of the shape {str(self.shape)[:60]} has {len(raw):,} bytes, "
                "the file is damaged, copy it again"
            )
        flat = np.frombuffer(raw, self.dtype)
        return flat.reshape(self.shape, order="F" if self._columns_first else "C")


def key(value: Any) -> Any:
    """What may be a key or in a set; nested tuples may not, for their hash could take any depth."""
    if value is None or isinstance(value, str | bytes | int | float):
        return value
    raise Fault(f"a key is a {type(value).__name__}, which is not read")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Fault("a word is missing, copy the file again")
    return value


def whole(text: str) -> int | bool:
    """A number of protocol 0, where 00 and 01 are False and True."""
    if text in ("00", "01"):
        return text == "01"
    if len(text) > _MOST_DIGITS:
        raise Fault("a number has too many digits")
    return int(text.removesuffix("L"))


def quoted(text: str) -> str:
    """A text of protocol 0 between quotes."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        raise Fault("a text has no quotes, copy the file again")
    return text[1:-1].encode("latin-1").decode("unicode_escape")


def _dtype(code: Any, *_: Any) -> Dtype:
    match = _DTYPE.fullmatch(_text(code))
    if match is None:
        raise Fault(f"an array holds {_text(code)[:40]!r}, only numbers and words are read")
    return Dtype(match[1] + match[2])


def array(shape: Any, dtype: Any, raw: Any, *, columns_first: bool) -> PickledArray:
    """An array from what NumPy pickles of it."""
    good = isinstance(shape, tuple) and len(shape) <= 8 and isinstance(dtype, Dtype)
    if not good or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise Fault("an array has no shape or type, copy the file again")
    if isinstance(raw, str):  # Python 2 had no other bytes.
        raw = raw.encode("latin-1")
    if not isinstance(raw, Span | bytes):
        raise Fault("an array has no bytes, copy the file again")
    return PickledArray(shape, np.dtype(dtype.code), raw, columns_first)


def _scalar(dtype: Any, raw: Any = b"") -> Any:
    """One number of NumPy's as Python's."""
    if not isinstance(raw, str | bytes):
        raise Fault("a number has no bytes, copy the file again")
    return array((), dtype, raw, columns_first=False).load(b"", "a number").item()


def _buffer(raw: Any, dtype: Any, shape: Any, order: Any) -> PickledArray:
    return array(shape, dtype, raw, columns_first=order == "F")


def _encode(text: Any, encoding: Any = "latin1") -> Span | bytes:
    """How protocols 0 to 2 pickle bytes."""
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str | Span):
        raise Fault("a text is in an encoding that is not read")
    return text.encode("latin-1") if isinstance(text, str) else text


def _collection(kind: type) -> Callable[..., Any]:
    def make(values: Any = ()) -> Any:
        if not isinstance(values, list | tuple | set | frozenset):
            raise Fault("a collection holds what it cannot, copy the file again")
        return kind(map(key, values)) if kind in (set, frozenset) else kind(values)

    return make


def _dict(pairs: Any = ()) -> dict:
    return {key(word): value for word, value in pairs}


def _bytes(*arguments: Any) -> Span | bytes:
    """Bytes of protocols 0 to 2: none, or a text and its encoding."""
    if arguments and isinstance(arguments[0], Span | bytes):
        return arguments[0]
    return _encode(*arguments) if arguments else b""


def _nothing(*_: Any) -> Any:
    raise Fault("it calls a class, which is not read")


CALLS: dict[str, Callable[..., Any]] = {
    "array": lambda *_: PickledArray(),
    "scalar": _scalar,
    "buffer": _buffer,
    "ndarray": _nothing,
    "dtype": _dtype,
    "encode": _encode,
    "bytes": _bytes,
    "bytearray": _bytes,
    "dict": _dict,
    "list": _collection(list),
    "tuple": _collection(tuple),
    "set": _collection(set),
    "frozenset": _collection(frozenset),
}
