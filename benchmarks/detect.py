"""Detection in a long recording: time and memory, on one core.

    OMP_NUM_THREADS=1 python benchmarks/detect.py

A made-up recording of one person at 30 frames a second, repeated to ten minutes and to an hour, in
a store; the network of `demo-detection` with weights as they start, every second frame classified
and every fifth. Seconds of this process's own time from the open store to the segments; memory is
what Python and NumPy hold at most meanwhile.
"""

import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from laban import config
from laban.benchmarks import find_benchmark
from laban.clip import Clip
from laban.detector import Detector
from laban.motions.untrimmed import record_untrimmed
from laban.run import Run
from laban.skeletons import SKELETONS
from laban.store import Store

MINUTES = (10, 60)


def main() -> None:
    """Measures and prints."""
    made = record_untrimmed(1, actions=(8, 9, 10, 23, 26, 6))
    poses, present = made.poses[:1], made.present[:1]
    with tempfile.TemporaryDirectory() as folder:
        for minutes in MINUTES:
            chosen = np.arange(minutes * 60 * 30) % poses.shape[1]
            clip = Clip(
                "long", poses[:, chosen], SKELETONS["kinect-v2"], present=present[:, chosen]
            )
            Store.write(Path(folder) / f"{minutes}.arrow", [clip])
        for hop in (2, 5):
            recipe = config.resolve(
                config.load_recipe("demo-detection"), ["--objective.hop", str(hop)]
            )
            benchmark = find_benchmark(recipe.benchmark or "")
            run = Run(
                Path(folder), recipe.values, SKELETONS["kinect-v2"], 3, recipe.stream, benchmark
            )
            detector = Detector(run, run.build())
            for minutes in MINUTES:
                clip = Store(Path(folder) / f"{minutes}.arrow")[0]
                began = time.process_time()
                found = len(detector.detect(clip))
                took = time.process_time() - began
                print(f"hop {hop}, {minutes} minutes: {took:.1f} s, {found} segments", flush=True)
        for minutes in MINUTES:
            clip = Store(Path(folder) / f"{minutes}.arrow")[0]
            tracemalloc.start()
            detector.detect(clip)
            print(f"{minutes} minutes: {tracemalloc.get_traced_memory()[1] / 2**20:.1f} MiB")
            tracemalloc.stop()


if __name__ == "__main__":
    main()
