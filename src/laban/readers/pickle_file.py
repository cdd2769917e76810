"""Pickles of plain data and NumPy arrays, read without running anything.

Protocols 0 to 5, https://docs.python.org/3/library/pickle.html; the opcodes are told in CPython's
``pickletools``, https://github.com/python/cpython/blob/main/Lib/pickletools.py.

A pickle is a program, and Python's own unpickler looks up and calls what it names. This is another
machine for the same opcodes: it knows numbers, words, lists, tuples, dicts and sets, and of classes
and functions only those that NumPy's arrays are pickled with, for which it has stand-ins of its
own (`laban.readers.pickle_values`). Nothing is ever imported, looked up or called by a name in the
file; every other name is a LabanError with that name in it.

Unusual here: arrays are not made but noted with their places (`PickledArray`), so that a mapped
file of many gigabytes is read clip by clip, in a memory in which its numbers do not count.
"""

import struct
from collections.abc import Callable
from typing import Any

from laban.errors import LabanError
from laban.readers.pickle_values import (
    CALLS,
    KNOWN,
    Dtype,
    Fault,
    Name,
    PickledArray,
    Span,
    array,
    key,
    quoted,
    whole,
)
from laban.readers.source import Mapped

__all__ = ["PickledArray", "read_pickle"]

_MOST_OPCODES = 2**25  # some 400,000 clips; a gibibyte of objects at the worst
_MOST_DIGITS = 1000  # bytes of a whole number
_LONG = 4096  # bytes from which on a text is noted and not read


def read_pickle(data: Mapped, name: str) -> Any:
    """The value of a pickle: plain values and, for each array, a `PickledArray`.

    Args:
        data: The file's bytes, mapped or read.
        name: The file, for the sentences of errors.

    Raises:
        LabanError: Where the file is damaged, or names a class that is no plain data.
    """
    machine = _Machine(data)
    try:
        return machine.run()
    except Fault as fault:
        raise LabanError(f"{name}, byte {machine.at}: {fault}") from None
    except (IndexError, KeyError, TypeError, ValueError, struct.error, OverflowError) as fault:
        raise LabanError(
            f"{name}, byte {machine.at}: the pickle is damaged ({type(fault).__name__}), copy the "
            "file again"
        ) from fault


class _Machine:
    """The stack machine that a pickle is a program for.

    Attributes:
        at: Where the present opcode stands.
    """

    def __init__(self, data: Mapped) -> None:
        self.data, self.place, self.at = data, 0, 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Executes the opcodes up to the end of the pickle."""
        for _ in range(_MOST_OPCODES):
            self.at = self.place
            code = self.take(1)
            if code == b".":
                return self.stack[-1]
            step = _STEPS.get(code)
            if step is None:
                raise Fault(f"the opcode {code!r} is not one of plain data, it is not read")
            step(self)
        raise Fault("the pickle has too many parts, divide it")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        start, self.place = self.place, self.place + count
        found = self.data[start : self.place]
        if len(found) != count:
            raise Fault("the file ends within the pickle, copy it again")
        return found

    def number(self, form: str) -> int:
        """The next number in a form of `struct`."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        """The next text up to the end of the line."""
        end = self.data.find(b"\n", self.place)
        if end < 0 or end - self.place > 2**20:
            raise Fault("a line of the pickle has no end, copy the file again")
        text = self.take(end - self.place).decode("latin-1")
        self.place += 1
        return text

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        """What was pushed since the last mark."""
        values, self.stack = self.stack, self.marks.pop()
        return values

    def long(self, count: int, *, utf8: bool, text: bool) -> None:
        """Pushes a text or bytes of that many bytes, or only their place."""
        if count < _LONG:
            raw = self.take(count)
            self.push(raw.decode("utf-8" if utf8 else "latin-1") if text else raw)
            return
        start, self.place = self.place, self.place + count
        if self.place > len(self.data):
            raise Fault("the file ends within the pickle, copy it again")
        self.push(Span(start, self.place, utf8))

    def name(self, module: Any, name: Any) -> None:
        """Pushes the stand-in of a class or function."""
        known = KNOWN.get(f"{module} {name}") if _are_words(module, name) else None
        if known is None:
            raise Fault(
                f"it asks for {_told(module)}.{_told(name)}, which is no plain data and is "
                "not read: do not trust this file"
            )
        self.push(Name(known))

    def reduce(self) -> None:
        """What a call of one of the known names stands for."""
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise Fault("it calls what cannot be called, do not trust this file")
        self.push(CALLS[name.stand_in](*arguments))

    def build(self) -> None:
        """Gives an array or its type the rest of what it is."""
        state, value = self.stack.pop(), self.stack[-1]
        if isinstance(value, Dtype) and isinstance(state, tuple):
            order = state[1]
            value.code = f"{order if order in ('<', '>') else ''}{value.code}"
        elif isinstance(value, PickledArray) and isinstance(state, tuple):
            _, shape, dtype, columns_first, raw = state
            found = array(shape, dtype, raw, columns_first=bool(columns_first))
            vars(value).update(vars(found))
        else:
            raise Fault("it gives a state to what has none, do not trust this file")

    def set_items(self, pairs: list[Any]) -> None:
        for word, value in zip(pairs[::2], pairs[1::2], strict=True):
            self.stack[-1][key(word)] = value

    def extend(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise Fault("the pickle is damaged, copy the file again")
        self.stack[-1].extend(values)


def _are_words(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _told(value: Any) -> str:
    return value[:60] if isinstance(value, str) else type(value).__name__


def _tuple(count: int) -> Callable[[_Machine], None]:
    def make(m: _Machine) -> None:
        if len(m.stack) < count:
            raise Fault("the pickle is damaged, copy the file again")
        m.stack[len(m.stack) - count :] = [tuple(m.stack[len(m.stack) - count :])]

    return make


def _mark(m: _Machine) -> None:
    m.marks.append(m.stack)
    m.stack = []


def _remember(m: _Machine, place: int) -> None:
    m.memo[place] = m.stack[-1]


def _append(m: _Machine) -> None:
    value = m.stack.pop()
    m.extend([value])


def _set_item(m: _Machine) -> None:
    value, word = m.stack.pop(), m.stack.pop()
    m.set_items([word, value])


def _add(m: _Machine) -> None:
    values = m.since_mark()
    if not isinstance(m.stack[-1], set):
        raise Fault("the pickle is damaged, copy the file again")
    m.stack[-1].update(map(key, values))


def _stack_name(m: _Machine) -> None:
    name, module = m.stack.pop(), m.stack.pop()
    m.name(module, name)


def _skip_frame(m: _Machine) -> None:
    m.take(8)


def _protocol(m: _Machine) -> None:
    if m.take(1)[0] > 5:
        raise Fault("the pickle has a newer protocol than 5, write it again with 5")


def _dict_since_mark(m: _Machine) -> None:
    pairs = m.since_mark()
    m.push({})
    m.set_items(pairs)


def _words(form: str, *, utf8: bool, text: bool) -> Callable[[_Machine], None]:
    return lambda m: m.long(m.number(form), utf8=utf8, text=text)


def _little(count: int) -> Callable[[_Machine], None]:
    return lambda m: m.push(int.from_bytes(m.take(count), "little"))


def _long_number(m: _Machine, count: int) -> None:
    if not 0 <= count < _MOST_DIGITS:
        raise Fault("a number has too many digits")
    m.push(int.from_bytes(m.take(count), "little", signed=True))


_STEPS: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": _protocol,
    b"\x95": _skip_frame,
    b"(": _mark,
    b"0": lambda m: m.stack.pop() if m.stack else m.since_mark(),
    b"1": lambda m: m.since_mark(),
    b"2": lambda m: m.push(m.stack[-1]),
    # constants and numbers
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": lambda m: m.push(whole(m.line())),
    b"L": lambda m: m.push(whole(m.line())),
    b"F": lambda m: m.push(float(m.line())),
    b"G": lambda m: m.push(m.number(">d")),
    b"J": lambda m: m.push(m.number("<i")),
    b"K": _little(1),
    b"M": _little(2),
    b"\x8a": lambda m: _long_number(m, m.number("<B")),
    b"\x8b": lambda m: _long_number(m, m.number("<i")),
    # words and bytes
    b"S": lambda m: m.push(quoted(m.line())),
    b"T": _words("<I", utf8=False, text=True),
    b"U": _words("<B", utf8=False, text=True),
    b"V": lambda m: m.push(m.line().encode("latin-1").decode("raw-unicode-escape")),
    b"X": _words("<I", utf8=True, text=True),
    b"\x8c": _words("<B", utf8=True, text=True),
    b"\x8d": _words("<Q", utf8=True, text=True),
    b"B": _words("<I", utf8=False, text=False),
    b"C": _words("<B", utf8=False, text=False),
    b"\x8e": _words("<Q", utf8=False, text=False),
    b"\x96": _words("<Q", utf8=False, text=False),
    # collections
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b")": lambda m: m.push(()),
    b"\x8f": lambda m: m.push(set()),
    b"l": lambda m: m.push(m.since_mark()),
    b"t": lambda m: m.push(tuple(m.since_mark())),
    b"d": _dict_since_mark,
    b"\x91": lambda m: m.push(frozenset(map(key, m.since_mark()))),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"a": _append,
    b"e": lambda m: m.extend(m.since_mark()),
    b"s": _set_item,
    b"u": lambda m: m.set_items(m.since_mark()),
    b"\x90": _add,
    # what was there before
    b"p": lambda m: _remember(m, int(m.line())),
    b"q": lambda m: _remember(m, m.take(1)[0]),
    b"r": lambda m: _remember(m, m.number("<I")),
    b"\x94": lambda m: _remember(m, len(m.memo)),
    b"g": lambda m: m.push(m.memo[int(m.line())]),
    b"h": lambda m: m.push(m.memo[m.take(1)[0]]),
    b"j": lambda m: m.push(m.memo[m.number("<I")]),
    # names, of which only those in KNOWN
    b"c": lambda m: m.name(m.line(), m.line()),
    b"\x93": _stack_name,
    b"R": lambda m: m.reduce(),
    b"b": lambda m: m.build(),
}
