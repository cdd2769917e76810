"""Speed of the encoders: clips a second in training and inference, and their roofline share.

    THP_MEM_ALLOC_ENABLE=1 python benchmarks/encoders.py [--threads 1] [--case shrec|short] [--json]

The variable lets PyTorch take huge pages on Linux, which spares page faults in training and
inference alike; it must be set before Python starts.

Compared with `Reference`, a plain network of 1x1 convolutions on (N, C, T, V) tensors written from
the paper in the manner of the official code, in float32 as that is shipped. The roofline share is
the achieved rate of multiplications over the machine's measured matrix-product rate in the same
precision.
"""

import argparse
import json
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from laban.encoders import DSTANet
from laban.encoders.dsta_net import LAYERS
from laban.nn import Classifier
from laban.skeletons import skeleton_named

CASES = {
    "shrec": ("hand-22", 32, 128, 14),  # skeleton, batch, frames, classes; one person
    "short": ("kinect-v1", 32, 48, 10),
}


def conv_norm(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 1x1 convolution and its batch normalisation."""
    conv = nn.Conv2d(inputs, outputs, 1, stride=(stride, 1))
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class ReferenceAttention(nn.Module):
    """One attention module on (N, C, T, V), over joints or over frames."""

    def __init__(self, inputs, width, embedding, stride, changes, *, frames, joints, over):
        super().__init__()
        self.over, self.embedding = over, embedding
        size = frames if over == "frames" else joints
        self.inner = nn.Conv2d(inputs, 6 * embedding, 1)
        self.outer = conv_norm(3 * inputs, width)
        self.feed = conv_norm(width, width, stride)
        self.first = conv_norm(inputs, width) if changes else nn.Identity()
        self.second = conv_norm(inputs, width, stride) if changes else nn.Identity()
        self.alpha = nn.Parameter(torch.ones(1, 3, 1, 1))
        self.register_buffer("zero", torch.zeros(1, 3, size, size))
        self.register_buffer("code", torch.randn(1, inputs, frames, joints))
        shared = torch.full((1, 3, joints, joints), 1 / joints)
        self.shared = nn.Parameter(shared) if over == "joints" else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, V) -> (N, C', T', V)."""
        n, c, t, v = x.shape
        y = self.inner(x + self.code).view(n, 6, self.embedding, t, v)
        q, k = y.chunk(2, dim=1)
        if self.over == "joints":
            scores = torch.einsum("nsctu,nsctv->nsuv", q, k) / (self.embedding * t)
            maps = self.zero + torch.tanh(scores) * self.alpha + self.shared
            y = torch.einsum("nctu,nsuv->nsctv", x, maps)
        else:
            scores = torch.einsum("nsctv,nscqv->nstq", q, k) / (self.embedding * v)
            maps = self.zero + torch.tanh(scores) * self.alpha
            y = torch.einsum("nctv,nstq->nscqv", x, maps)
        y = self.outer(y.contiguous().view(n, 3 * c, t, v))
        y = F.leaky_relu(self.first(x) + y, 0.1)
        return F.leaky_relu(self.second(x) + self.feed(y), 0.1)


class Reference(nn.Module):
    """DSTA-Net in the official manner, to measure against."""

    def __init__(self, joints: int, frames: int, classes: int) -> None:
        super().__init__()
        self.stem, blocks, inputs = conv_norm(3, 64), [], 64
        for width, embedding, stride in LAYERS:
            changes = inputs != width or stride != 1
            size = {"frames": frames, "joints": joints}
            blocks += [
                ReferenceAttention(inputs, width, embedding, 1, changes, over="joints", **size),
                ReferenceAttention(width, width, embedding, stride, changes, over="frames", **size),
            ]
            inputs, frames = width, -(-frames // stride)
        self.blocks, self.head = nn.Sequential(*blocks), nn.Linear(inputs, classes)

    def forward(self, poses: Tensor) -> Tensor:
        """(B, M, T, V, C) -> (B, K)."""
        x = poses.permute(0, 1, 4, 2, 3).flatten(0, 1)
        x = self.blocks(F.leaky_relu(self.stem(x), 0.1))
        return self.head(x.mean((2, 3)).view(len(poses), -1, x.shape[1]).mean(1))


def best_times(
    works: list[Callable[[], object]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """The best time of each, in turns, so that a busy machine slows all alike.

    Args:
        works: What to time.
        rounds: How often each, beside a first time that warms up.
        clock: ``time.process_time`` counts the process's own time, of all its threads.
    """
    best = [float("inf")] * len(works)
    for _ in range(rounds + 1):  # the first warms up
        for place, work in enumerate(works):
            start = clock()
            work()
            best[place] = min(best[place], clock() - start)
    return best


def product(dtype: torch.dtype) -> Callable[[], object]:
    """A large matrix product, 2048^3 multiplications."""
    a = torch.randn(2048, 2048, dtype=dtype)
    return lambda: a @ a


def training(network: nn.Module, poses: Tensor, dtype: torch.dtype) -> Callable[[], None]:
    """A step: forward, backward, optimiser."""
    labels = torch.zeros(len(poses), dtype=torch.long)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True)

    def step() -> None:
        network.train()
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            loss = F.cross_entropy(network(poses).float(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def inference(network: nn.Module, poses: Tensor, dtype: torch.dtype) -> Callable[[], None]:
    """A forward pass in evaluation."""

    def step() -> None:
        network.eval()
        with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            network(poses)

    return step


def main() -> None:
    """Prints a line for each network and precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--case", choices=CASES, default="short")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    name, batch, frames, classes = CASES[arguments.case]
    skeleton = skeleton_named(name)
    poses = torch.randn(arguments.batch or batch, 1, frames, len(skeleton), 3)
    ours = Classifier(DSTANet(skeleton), classes)
    reference = Reference(len(skeleton), frames, classes)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        reference.eval()(poses[:1])
    products = counter.get_total_flops() / 2
    contenders = [
        (label, network, dtype)
        for label, network in (("reference", reference), ("dsta-net", ours))
        for dtype in (torch.float32, torch.bfloat16)
    ]
    rounds = arguments.repeats
    train = best_times([training(n, poses, dtype) for _, n, dtype in contenders], rounds)
    infer = best_times([inference(n, poses, dtype) for _, n, dtype in contenders], rounds)
    rate = [2048**3 / t for t in best_times([product(dtype) for *_, dtype in contenders], 5)]
    rows = [
        {
            "network": label,
            "dtype": str(dtype).removeprefix("torch."),
            "train": len(poses) / train[place],
            "infer": len(poses) / infer[place],
            "train-ratio": train[0] / train[place],
            "infer-ratio": infer[0] / infer[place],
            "share": len(poses) * products / infer[place] / rate[place],
        }
        for place, (label, _, dtype) in enumerate(contenders)
    ]
    if arguments.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(
            f"{row['network']:10} {row['dtype']:9} train {row['train']:7.2f} clips/s "
            f"({row['train-ratio']:.2f}x)  infer {row['infer']:7.2f} clips/s "
            f"({row['infer-ratio']:.2f}x), {row['share']:.0%} of the product rate"
        )


if __name__ == "__main__":
    main()
