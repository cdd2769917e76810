"""What can happen to a file on its way: damages that hypothesis puts together."""

import re

from hypothesis import strategies as st

# What stands where a number belongs.
HOSTILE = (
    *("NaN", "nan", "inf", "-Infinity", "1e39", "-1e400", "1e-400", "-1", "0", "7", "0x10", "1_0"),
    *("999999999999", "4294967296", "9" * 5000, "", "x", "\u0661", "null", "true", "{}", "[", '"'),
    *("..", "\x00", "\r", "\n", ",", "1 2 3", "\ud800"),
)
ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "cp500")
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_LARGEST = 2**18  # bytes, so that repeated parts do not make the tests slow

share = st.floats(0, 1, exclude_max=True)


def _cut(data: bytes, start: float, stop: float) -> bytes:
    """What is left without a stretch."""
    a, b = sorted((int(start * len(data)), int(stop * len(data))))
    return data[:a] + data[b:]


def _end(data: bytes, stop: float) -> bytes:
    return data[: int(stop * len(data))]


def _repeat(data: bytes, start: float, stop: float, times: int) -> bytes:
    """A stretch many times over."""
    a, b = sorted((int(start * len(data)), int(stop * len(data))))
    return data[:a] + (data[a:b] * times)[:_LARGEST] + data[b:]


def _change(data: bytes, place: float, new: bytes) -> bytes:
    a = int(place * len(data))
    return data[:a] + new + data[a + len(new) :]


def _number(data: bytes, place: float, new: str) -> bytes:
    """Another word for one of the numbers."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    match = found[int(place * len(found))]
    return data[: match.start()] + new.encode("utf-8", "surrogatepass") + data[match.end() :]


def _first_number(data: bytes, new: str) -> bytes:
    """Where files have their counts."""
    return _number(data, 0.0, new)


def _lines(data: bytes, a: float, b: float) -> bytes:
    """Two lines in each other's place."""
    lines = data.split(b"\n")
    i, j = int(a * len(lines)), int(b * len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def _shuffled(data: bytes, random: object, start: float) -> bytes:
    """A stretch of bytes in another order."""
    a = int(start * len(data))
    part = list(data[a : a + 200])
    random.shuffle(part)
    return data[:a] + bytes(part) + data[a + 200 :]


def _encoded(data: bytes, encoding: str) -> bytes:
    return data.decode("latin-1").encode(encoding, "replace")


def _operation(function: object, *arguments: st.SearchStrategy) -> st.SearchStrategy:
    return st.tuples(st.just(function), st.tuples(*arguments))


_OPERATIONS = st.one_of(
    _operation(_cut, share, share),
    _operation(_end, share),
    _operation(_repeat, share, share, st.integers(2, 3000)),
    _operation(_change, share, st.binary(min_size=1, max_size=8)),
    _operation(_number, share, st.sampled_from(HOSTILE)),
    _operation(_first_number, st.sampled_from(HOSTILE)),
    _operation(_lines, share, share),
    _operation(_shuffled, st.randoms(use_true_random=False), share),
    _operation(_encoded, st.sampled_from(ENCODINGS)),
)

damages = st.lists(_OPERATIONS, min_size=1, max_size=3)


def damage(data: bytes, operations: list) -> bytes:
    """The bytes of a file after one thing and another."""
    for function, arguments in operations:
        data = function(data, *arguments)
    return data
