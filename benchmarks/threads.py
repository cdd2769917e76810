"""What a second program costs a training of several threads, by how long its threads spin.

    python benchmarks/threads.py [--threads 2] [--rounds 3]

Training steps of a small DSTA-Net, in a process of their own: alone, and beside as many programs as
there are threads that compute without end. Seconds on the clock, the best of the rounds. A spin
count is GNU OpenMP's ``GOMP_SPINCOUNT``: how long a thread that waits holds its core.
"""

import argparse
import os
import subprocess
import sys

STEPS = """
import sys, time, torch
from laban.encoders import ENCODERS
from laban.skeletons import skeleton_named
torch.set_num_threads(int(sys.argv[1]))
layers = [[32, 8, 1], [64, 16, 2]]
network = ENCODERS["dsta-net"](skeleton_named("kinect-v1"), layers=layers)
poses, present = torch.randn(16, 1, 32, 20, 3), torch.ones(16, 1, 32, dtype=torch.bool)
for step in range(13):
    if step == 3:
        began = time.perf_counter()
    network(poses, present).values.sum().backward()
print(time.perf_counter() - began)
"""
COUNTS = (None, 1_000, 10_000, 100_000)


def seconds(threads: int, count: int | None) -> float:
    """Ten training steps with so many threads that spin so long; None: as OpenMP has it."""
    own = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY")}
    own.pop("GOMP_SPINCOUNT", None)
    if count is not None:
        own["GOMP_SPINCOUNT"] = str(count)
    command = [sys.executable, "-c", STEPS, str(threads)]
    return float(subprocess.run(command, env=own, check=True, capture_output=True).stdout)


def main() -> None:
    """Prints a line for each spin count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{'spins':>10} {'alone':>8} {'beside':>8}")
    for count in COUNTS:
        times = []
        for others in (0, options.threads):
            busy = [
                subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(others)
            ]
            try:
                times.append(min(seconds(options.threads, count) for _ in range(options.rounds)))
            finally:
                for other in busy:
                    other.kill()
        print(f"{count or 'default':>10} {times[0]:8.2f} {times[1]:8.2f}", flush=True)


if __name__ == "__main__":
    main()
