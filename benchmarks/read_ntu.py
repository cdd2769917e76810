"""How fast NTU `.skeleton` text becomes numbers on one core, beside two plain ways to do it.

    OMP_NUM_THREADS=1 python benchmarks/read_ntu.py

Prints megabytes (10^6 bytes) of text a second, the best of several rounds, on a made-up file of two
persons and 70 frames. All three ways give the same numbers, which is checked first.
"""

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "data"))

from make_ntu import two_persons

from laban.readers.ntu_text import parse_ntu


def plain_loop(data: bytes) -> np.ndarray:
    """(bodies, 25, 3) by a loop over lines that keeps x y z."""
    lines = iter(data.splitlines())
    joints = []
    for _ in range(int(next(lines))):
        for _ in range(int(next(lines))):
            next(lines)
            for _ in range(int(next(lines))):
                x, y, z, _ = next(lines).split(b" ", 3)
                joints.append((float(x), float(y), float(z)))
    return np.array(joints).reshape(-1, 25, 3)


def numpy_text(data: bytes) -> np.ndarray:
    """(bodies, 25, 3) by NumPy's text reader, fed with the lines of joints."""
    lines = [line for line in data.splitlines() if line.count(b" ") == 11]
    text = io.StringIO(b"\n".join(lines).decode())
    return np.loadtxt(text, usecols=(0, 1, 2)).reshape(-1, 25, 3)


def numpy_array(data: bytes) -> np.ndarray:
    """(bodies, 25, 3) by NumPy's text reader for one long list of numbers."""
    lines = [line for line in data.splitlines() if line.count(b" ") == 11]
    values = np.fromstring(b" ".join(lines).decode(), sep=" ")
    return values.reshape(-1, 25, 12)[..., :3]


def rate(parse: Callable[[bytes], object], data: bytes, seconds: float = 2.0) -> float:
    """Megabytes a second, the best round of those that fit in the time."""
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        parse(data)
        best = min(best, time.perf_counter() - start)
    return len(data) / best / 1e6


def main() -> None:
    """Print a line for each way."""
    pa.set_cpu_count(1)
    data = two_persons(70).encode()
    ways: dict[str, Callable[[bytes], np.ndarray]] = {
        "laban": lambda text: parse_ntu(text, "made-up").joints,
        "laban, CRLF": lambda text: parse_ntu(text, "made-up").joints,
        "plain loop": plain_loop,
        "numpy.loadtxt": numpy_text,
        "numpy.fromstring": numpy_array,
    }
    print(f"{len(data):,} bytes, 70 frames, 2 persons; one core")
    for name, parse in ways.items():
        text = data.replace(b"\n", b"\r\n") if "CRLF" in name else data
        assert np.array_equal(parse(text), plain_loop(data)), name
        print(f"{name:<17} {rate(parse, text):6.0f} MB/s")


if __name__ == "__main__":
    main()
