"""Detection in a long recording: time and memory, on one core.

    OMP_NUM_THREADS=1 python benchmarks/detect.py

A made-up recording of one person at 30 frames a second, repeated to ten minutes, an hour and four
hours, in a store; the network of `demo-detection` with weights as they start, every second frame
classified (the recipe's) and every fifth. Every measurement has a process of its own: seconds of
its own time from the open store to the segments, what the recording's check takes among them, and
the most memory that it held meanwhile beside what it held before. Pages of the mapped store, which
the system takes back when it needs them, are not counted.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch

from laban import config
from laban.benchmarks import find_benchmark
from laban.clip import Clip
from laban.detector import Detector
from laban.motions.untrimmed import record_untrimmed
from laban.run import Run
from laban.skeletons import SKELETONS
from laban.store import Store

KINECT = SKELETONS["kinect-v2"]
FPS = 30


def main() -> None:
    """Writes the recordings, measures each in its own process, and prints a line for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 60, 240])
    parser.add_argument("--hops", type=int, nargs="+", default=[5, 2])
    parser.add_argument("--measure", type=Path, help="one store, measured in this process")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure, given.hops[0])))
        return
    with tempfile.TemporaryDirectory() as folder:
        for minutes in given.minutes:
            path = Path(folder) / f"{minutes}.arrow"
            Store.write(path, [recording(minutes)])
            for hop in given.hops:
                call = [sys.executable, __file__, "--measure", str(path), "--hops", str(hop)]
                told = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True).stdout
                row = json.loads(told)
                print(
                    f"hop {hop}, {minutes} minutes: {row['seconds']:.1f} s, {row['held']:.1f} MiB "
                    f"more than the {row['before']:.0f} MiB before, {row['segments']} segments",
                    flush=True,
                )


def recording(minutes: int) -> Clip:
    """One person's short recording, again and again."""
    made = record_untrimmed(1, actions=(8, 9, 10, 23, 26, 6))
    chosen = np.arange(minutes * 60 * FPS) % made.poses.shape[1]
    return Clip("long", made.poses[:1, chosen], KINECT, made.present[:1, chosen], fps=FPS)


def measured(path: Path, hop: int) -> dict[str, float]:
    """Seconds, segments, and MiB of this process's own memory."""
    recipe = config.resolve(config.load_recipe("demo-detection"), ["--objective.hop", str(hop)])
    benchmark = find_benchmark(recipe.benchmark or "")
    run = Run(
        path=path.parent,
        recipe=recipe.values,
        skeleton=KINECT,
        channels=3,
        stream=recipe.stream,
        benchmark=benchmark,
    )
    torch.manual_seed(0)
    detector = Detector(run, run.build())
    detector.detect(recording(1))  # what is loaded and held but once
    before = own_memory()
    seen, ended = [before], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            seen.append(own_memory())

    watching = threading.Thread(target=watch)
    watching.start()
    began = time.process_time()
    clip = Store(path)[0]
    detector.check(clip)
    found = detector.detect(clip)
    seconds = time.process_time() - began
    ended.set()
    watching.join()
    held = max(seen) - before
    return {"seconds": seconds, "segments": len(found), "before": before, "held": held}


def own_memory() -> float:
    """MiB that this process holds and that no file backs."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status tells no RssAnon")


if __name__ == "__main__":
    main()
