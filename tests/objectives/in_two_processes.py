"""Run by test_processes.py in two processes: what one does with a batch, two do with its halves.

Writes to OUT.RANK.json for every objective how far losses, gradients and buffers are apart.
"""

import json
import sys

import torch
import torch.distributed as dist

from laban.batch import Batch
from laban.encoders import ENCODERS
from laban.objectives import OBJECTIVES, task_of
from laban.pipelines import PIPELINES, View
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["kinect-v2"]
LENGTHS = (40, 26, 33, 12, 38, 30, 21, 40)
CONTRAST = {"width": 8, "queue": 12, "momentum": 0.9}
# Which of several counts is the other process's is what the shares must not hang on.
CASES = {
    "recognition": ("general", "stst", {}),
    "detection": ("general", "stst", {}),
    "recognition+stst-tasks": ("general", "stst", {}),
    "stst-tasks": ("general", "stst", {}),
    "skeleton-bt": ("pstl", "st-gcn", {"width": 8}),
    "pstl": ("pstl", "st-gcn", {"width": 8, "joints": 5, "frames": 3}),
    "skeleton-clr": ("pstl", "st-gcn", CONTRAST),
    "aim-clr": ("pstl", "st-gcn", CONTRAST | {"mining": 0}),
    "hi-trs-hierarchy": ("hi-trs", "hi-trs", {}),
    "forecasting": (
        "metric",
        "stst",
        {"fps": 25.0, "seen": 0.2, "horizons": (80, 240), "width": 8},
    ),
}
PIPELINE = {"general": {"frames": 9}, "pstl": {"frames": 12}, "hi-trs": {}, "metric": {}}
ENCODER = {
    "stst": {"heads": (1, 1), "layers": ((8, 4, 1),)},
    "st-gcn": {"layers": ((8, 1), (8, 2)), "dropout": 0.0},
    "hi-trs": {"width": 8, "depth": 1, "heads": 2, "head_width": 4, "dropout": 0.0},
}


def clips():
    """Eight, some with a second person who comes late."""
    torch.manual_seed(0)
    poses = torch.randn(8, 2, 40, 25, 3, dtype=torch.float64).cumsum(2) / 5
    present = torch.zeros(8, 2, 40, dtype=torch.bool)
    for clip, length in enumerate(LENGTHS):
        present[clip, 0, :length] = True
        present[clip, 1, 5:length] = clip % 3 == 0
    poses = poses * present[..., None, None]
    return Batch(poses, present, torch.tensor(LENGTHS), torch.arange(8) % 2, torch.arange(8))


def part(batch, rank):
    """Every other clip, no longer than the longest of them, as a process gets it."""
    rows = {name: value[rank::2] for name, value in vars(batch).items()}
    longest = int(rows["frames"].max())
    rows["poses"], rows["present"] = rows["poses"][:, :, :longest], rows["present"][:, :, :longest]
    return Batch(**rows)


def made(name):
    torch.manual_seed(0)
    pipeline, encoder, options = CASES[name]
    pipeline = PIPELINES[pipeline](SKELETON, **PIPELINE[pipeline])
    encoder = ENCODERS[encoder](SKELETON, **ENCODER[encoder])
    if task_of({"objective": {"name": name}}) in ("recognition", "detection"):
        options = options | {"classes": 2}
    return OBJECTIVES[name](encoder, View(pipeline, "joint"), **options).double()


def two_steps(name, batch, average):
    """Losses, gradients and buffers of two steps of plain descent."""
    objective, losses = made(name), []
    for step in range(2):
        loss, _ = objective(batch, torch.Generator().manual_seed(step))
        objective.zero_grad()
        loss.backward()
        losses.append(average(loss.detach()))
        with torch.no_grad():
            for parameter in objective.parameters():
                if parameter.grad is not None:
                    parameter.grad = average(parameter.grad)
                    parameter -= 0.01 * parameter.grad
    found = {"loss": torch.stack(losses)}
    return found | {k: p.detach() for k, p in objective.state_dict(keep_vars=True).items()}


def mean(x):
    total = x.clone()
    dist.all_reduce(total)
    return total / 2


whole = {name: two_steps(name, clips(), lambda x: x) for name in CASES}
dist.init_process_group("gloo")
apart = {}
for case, one in whole.items():
    two = two_steps(case, part(clips(), dist.get_rank()), mean)
    apart[case] = {key: float((one[key] - two[key]).abs().max()) for key in one}
with open(f"{sys.argv[1]}.{dist.get_rank()}.json", "w") as file:
    json.dump(apart, file)
# Threads of the group that are still there when Python ends abort it, now and then.
dist.destroy_process_group()
