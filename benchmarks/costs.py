"""What each encoder costs at its paper's size: parameters, GFLOPs, clips a second, memory.

    THP_MEM_ALLOC_ENABLE=1 OMP_NUM_THREADS=1 python benchmarks/costs.py [--only NAME] [--growth]
        [--batch 4] [--rounds 3]

Clips of 25 joints, both persons present, all frames of the paper's window; GFLOPs are those of
PyTorch's counter (a product and a sum count as two) for one clip in inference. Memory is the most
that the process held in a training step beyond what it held before. Each network runs on one core
in a process of its own, and is timed in that process's time. ``--growth`` shows how the time of
inference grows with frames, joints, persons.
"""

import argparse
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor

import torch
from encoders import best_times, inference, training
from torch.utils.flop_counter import FlopCounterMode

from laban import config
from laban.encoders import ENCODERS
from laban.nn import Classifier
from laban.skeletons import skeleton_named

# Recipe and frames of the network's view.
CASES = {
    "dsta-net": ("dsta-net-ntu", 128),
    "st-gcn": ("st-tr-1-st-gcn-xsub", 300),
    "s-tr": ("st-tr-1-s-xsub", 300),
    "t-tr": ("st-tr-1-t-xsub", 300),
    "stst": ("stst-ntu", 128),
    "hi-trs": ("hi-trs-ntu", 84),
}
CLASSES = 60


def network_of(recipe: str, layout: str) -> Classifier:
    """The recipe's encoder with a class head."""
    options = dict(config.resolve(config.load_recipe(recipe)).encoder)
    name = options.pop("name")
    options = {key: tuple(v) if isinstance(v, list) else v for key, v in options.items()}
    return Classifier(ENCODERS[name](skeleton_named(layout), **options), CLASSES)


def held() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def measure(name: str, batch: int, rounds: int) -> str:
    """A row of the table."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recipe, frames = CASES[name]
    network, poses = network_of(recipe, "kinect-v2"), torch.randn(batch, 2, frames, 25, 3)
    with FlopCounterMode(display=False) as counter:  # it needs a graph where it is given weights
        network.eval()(poses[:1])
    size = sum(parameter.numel() for parameter in network.encoder.parameters())
    before = held()
    cells = [f"{name} (`{recipe}`, {frames} frames)", f"{size / 1e6:.2f} M"]
    cells.append(f"{counter.get_total_flops() / 1e9:.1f}")
    training(network, poses, torch.float32)()
    memory = (held() - before) / batch
    for work in (training, inference):
        for dtype in (torch.float32, torch.bfloat16):
            (seconds,) = best_times([work(network, poses, dtype)], rounds, time.process_time)
            cells.append(f"{batch / seconds:.2f}")
    return "| " + " | ".join([*cells, f"{memory:.0f} MB"]) + " |"


def growth(name: str, batch: int, rounds: int) -> str:
    """How many times longer inference takes with twice the frames, joints and persons."""
    torch.set_num_threads(1)
    recipe, frames = CASES[name]
    works = []
    for layout, length, persons in (
        ("sbu-15", frames // 2, 1),
        ("sbu-15", frames, 1),
        ("mediapipe-33", frames // 2, 1),
        ("sbu-15", frames // 2, 2),
    ):
        network = network_of(recipe, layout)
        poses = torch.randn(batch, persons, length, len(skeleton_named(layout)), 3)
        works.append(inference(network, poses, torch.float32))
    cells = best_times(works, rounds, time.process_time)
    times = " | ".join(f"{cell / cells[0]:.1f}" for cell in cells[1:])
    return f"| {name} | {times} |"


def main() -> None:
    """Prints a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--growth", action="store_true")
    arguments = parser.parse_args()
    print(
        "| encoder | frames x 2 | joints x 2.2 | persons x 2 |\n| --- | --- | --- | --- |"
        if arguments.growth
        else "| encoder | parameters | GFLOPs | train float32 | train bfloat16 | infer float32 | "
        "infer bfloat16 | memory a clip |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    own = multiprocessing.get_context("spawn")
    for name in [arguments.only] if arguments.only else CASES:
        with ProcessPoolExecutor(1, mp_context=own) as pool:
            work = growth if arguments.growth else measure
            row = pool.submit(work, name, arguments.batch, arguments.rounds)
            print(row.result(), flush=True)


if __name__ == "__main__":
    main()
