"""What a pre-training step of PSTL costs, part by part, in the process's own time.

    OMP_NUM_THREADS=1 python benchmarks/pretraining.py [--rounds 3]

The small ST-GCN of the recipe ``pstl-nw-ucla`` on 64 made-up clips of one person, 50 frames and 20
joints: training passes of the encoder, forward and backward.
"""

import argparse
import time

import torch
from torch import Tensor, nn

from laban import config
from laban.assembly import assemble
from laban.batch import Batch
from laban.nn import masked_mean
from laban.skeletons import skeleton_named

CLIPS, FRAMES = 64, 50


def seconds(work, rounds: int) -> float:
    """The least time of the process that some work takes; the first time warms up."""
    work()
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def passes(encoder: nn.Module, *views: tuple) -> None:
    """The encoder on each view, then one backward pass through all of them."""
    sum(masked_mean(encoder(*view)).square().sum() for view in views).backward()
    encoder.zero_grad(set_to_none=True)


def main() -> None:
    """Prints a table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    torch.manual_seed(0)
    skeleton = skeleton_named("kinect-v1")
    recipe = config.resolve(config.load_recipe("pstl-nw-ucla"))
    parts = assemble(recipe.values, skeleton, 3, "joint", 10)
    encoder = parts.encoder.train()
    poses = torch.randn(CLIPS, 1, FRAMES, len(skeleton), 3)
    there = torch.ones(CLIPS, 1, FRAMES, dtype=torch.bool)
    some = there.clone()
    some[::2, :, FRAMES - 5 :] = False  # every other clip lacks its last frames
    joints = torch.rand(CLIPS, len(skeleton)).argsort(1)[:, :13].sort(1).values
    short, few = (poses[:, :, :30], there[:, :, :30]), (poses, there, joints)
    whole: tuple[Tensor, Tensor] = (poses, there)
    thrice = (poses.repeat(3, 1, 1, 1, 1), there.repeat(3, 1, 1))
    keys = torch.arange(CLIPS)
    batch = Batch(poses, there, torch.full((CLIPS,), FRAMES), -torch.ones_like(keys), keys)

    def step() -> None:
        parts.objective(batch, torch.Generator().manual_seed(0))[0].backward()
        parts.objective.zero_grad(set_to_none=True)

    one = seconds(lambda: passes(encoder, whole), rounds)
    print("| what | seconds | whole views |\n| --- | --- | --- |")
    for name, work in (
        ("a whole view", lambda: passes(encoder, whole)),
        ("one where some frames are absent", lambda: passes(encoder, (poses, some))),
        ("one of 13 of 20 joints", lambda: passes(encoder, few)),
        ("one of 30 of 50 frames", lambda: passes(encoder, short)),
        ("these and a whole one, a pass each", lambda: passes(encoder, whole, few, short)),
        ("three whole ones, a pass each", lambda: passes(encoder, whole, whole, whole)),
        ("three whole ones in one pass", lambda: passes(encoder, thrice)),
        ("a step of PSTL without its optimiser", step),
    ):
        spent = seconds(work, rounds)
        print(f"| {name} | {spent:.2f} | {spent / one:.2f} |", flush=True)


if __name__ == "__main__":
    main()
