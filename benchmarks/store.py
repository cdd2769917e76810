"""How fast a store opens, is read at random and is written: ``python benchmarks/store.py``.

Made-up clips of one person and 20 frames on the Kinect v2 skeleton, 6 kB each. The aims: 100,000
clips open in under 0.2 s; a clip is read in 20 to 50 microseconds.
"""

import argparse
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from laban.clip import Clip
from laban.info import describe
from laban.skeletons import SKELETONS
from laban.store import Store


def made_up(count: int) -> Iterator[Clip]:
    """Clips whose poses are noise, one block of numbers seen through a moving window."""
    skeleton = SKELETONS["kinect-v2"]
    size = 20 * len(skeleton) * 3
    noise = np.random.default_rng(0).standard_normal(size + count, np.float32)
    for i in range(count):
        poses = noise[i : i + size].reshape(1, 20, len(skeleton), 3)
        facts = {"subject": str(i % 40), "camera": str(i % 3), "setup": str(i % 17)}
        yield Clip(f"clip{i:07}", poses, skeleton, label=f"action {i % 60}", facts=facts)


def seconds_to_open(path: Path) -> float:
    """In a fresh process, with the imports done."""
    code = f"""
import time
from laban.store import Store
began = time.perf_counter()
assert len(Store.open({str(path)!r})) > 0
print(time.perf_counter() - began)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def seconds_a_clip(store: Store, order: np.ndarray) -> float:
    """Reading clips in an order, touching one value of each."""
    began = time.perf_counter()
    for number in order:
        store[number].poses[0, 0, 0, 0]
    return (time.perf_counter() - began) / len(order)


def main() -> None:
    """Write, open, read; print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    count = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.arrow"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        store = Store.write(path, made_up(count))
        taken = time.perf_counter() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        size = path.stat().st_size / 1e6
        print(f"write   {count:,} clips, {size:,.0f} MB: {taken:.1f} s, {size / taken:.0f} MB/s")
        print(f"memory  {grown / 1024:.0f} MB more at the most while writing")
        print(f"open    {1e3 * min(seconds_to_open(path) for _ in range(3)):.1f} ms")
        order = np.random.default_rng(1).permutation(count)[:20_000]
        print(f"random  {1e6 * seconds_a_clip(store, order):.1f} us a clip, first time")
        print(f"random  {1e6 * seconds_a_clip(store, order):.1f} us a clip, second time")
        began = time.perf_counter()
        names, labels = store.names, store.labels
        taken = time.perf_counter() - began
        print(f"columns {1e3 * taken:.0f} ms for {len(names):,} names and {len(labels):,} labels")
        began = time.perf_counter()
        store.digest[:8]
        print(f"digest  {1e3 * (time.perf_counter() - began):.0f} ms")
        print(f"pickle  {len(pickle.dumps(store))} bytes")
        began = time.perf_counter()
        describe(store)
        print(f"info    {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
