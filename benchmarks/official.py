"""Speed of our networks against the authors' own code, each with the same weights and input.

    THP_MEM_ALLOC_ENABLE=1 OMP_NUM_THREADS=1 python benchmarks/official.py --repos FOLDER
        [--only NAME] [--rounds 3] [--batch CLIPS] [--json]

FOLDER holds copies of the five repositories (`authors`). A case is a network as shipped, with the
batch below; theirs is in float32 as it is shipped, ours, the same weights through
`laban.official.load`, in float32 and in bfloat16. First both answer the same poses in evaluation:
the largest difference must be within 1e-4 of the answers' spread. Then they are timed in turns, in
the process's own time (other programs slow it little), the least of several rounds: a training step
is a forward and a backward pass through the cross-entropy, inference a forward pass in evaluation.
The roofline share is our rate of multiplications in inference over that of a large matrix product
in the same precision.

In 8 bits ours is an ONNX file (`laban.quantise`) under ONNX Runtime, its ranges taken from the
same poses; how far its answers are from theirs, as a share of their spread, stands beside. That is
more with the random weights that are compared here than with trained ones: ``laban export --int8
--data`` tells what 8 bits cost a run.

``pstl-step`` is a whole step of pre-training, three views and the optimiser included.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import authors
import numpy as np
import torch
import torch.nn.functional as F
from encoders import best_times
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import laban.official
from laban import config
from laban.assembly import assemble
from laban.batch import Batch
from laban.quantise import quantise, quietly
from laban.runtime import session_of
from laban.skeletons import skeleton_named

PRECISIONS = (torch.float32, torch.bfloat16)


class Case(NamedTuple):
    """One network.

    Attributes:
        theirs: Makes the authors' network from the folder of copies.
        name: What `laban.official.load` calls it.
        shape: Of the input, our order.
        options: Of `laban.official.load`.
    """

    theirs: Callable[[Path], nn.Module]
    name: str
    shape: tuple[int, ...]
    options: dict[str, object] = {}


CASES = {
    "pstl": Case(authors.pstl, "pstl", (32, 2, 50, 25, 3)),
    "hi-trs": Case(authors.hi_trs, "hi-trs", (4, 2, 12, 7, 25, 3)),
    "stst": Case(authors.stst, "stst", (16, 1, 40, 22, 3)),
    "s-tr": Case(partial(authors.st_tr, over="joints"), "st-tr-spatial", (2, 2, 300, 25, 6)),
    "t-tr": Case(partial(authors.st_tr, over="frames"), "st-tr-temporal", (2, 2, 300, 25, 6)),
    "dsta-net": Case(authors.dsta_net, "dsta-net", (8, 1, 128, 22, 3)),
    "dsta-net-ntu": Case(authors.dsta_net_ntu, "dsta-net", (4, 2, 128, 25, 3)),
}
STEP = "pstl-step"
STEP_SHAPE = (128, 2, 50, 25, 3)

Work = Callable[[], object]


def training(network: nn.Module, answer: Callable[[Tensor], Tensor], poses: Tensor, dtype) -> Work:
    """A forward and a backward pass."""
    labels = torch.zeros(len(poses), dtype=torch.long)

    def work() -> None:
        network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype != torch.float32):
            loss = F.cross_entropy(answer(poses).float(), labels)
        loss.backward()
        network.zero_grad(set_to_none=True)

    return work


def inference(network: nn.Module, answer: Callable[[Tensor], Tensor], poses: Tensor, dtype) -> Work:
    """A forward pass in evaluation."""

    def work() -> None:
        network.eval()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, dtype != torch.float32):
            answer(poses)

    return work


class Answer(nn.Module):
    """What an exported file computes."""

    def __init__(self, network: nn.Module, answer: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self.answer = network, answer

    def forward(self, poses: Tensor) -> Tensor:
        """The answer."""
        return self.answer(poses)


def in_8_bits(network: nn.Module, answer, poses: Tensor) -> Callable[[], np.ndarray]:
    """The network's answer to the poses under ONNX Runtime, on one core."""
    feeds = {"poses": poses.numpy()}
    with TemporaryDirectory() as folder, torch.no_grad():
        whole, small = Path(folder) / "network.onnx", Path(folder) / "small.onnx"
        with quietly():
            made = torch.onnx.export(
                Answer(network, answer).eval(),
                (poses,),
                dynamo=True,
                input_names=["poses"],
                output_names=["scores"],
                verbose=False,
            )
        made.save(str(whole))
        quantise(whole, small, {}, [feeds])
        session = session_of(small, 1)
    return lambda: session.run(None, feeds)[0]


def product(dtype: torch.dtype) -> float:
    """Multiplications a second of a large matrix product."""
    a, b = (torch.randn(2048, 2048, dtype=dtype) for _ in range(2))
    return 2048**3 / best_times([lambda: a @ b], 5, time.process_time)[0]


def difference(case: Case, theirs: nn.Module, ours: nn.Module, answer, poses: Tensor) -> float:
    """The largest difference of the answers to two clips as a share of the spread of theirs."""
    with torch.inference_mode():
        wanted, found = theirs.eval()(poses[:2]), answer(poses[:2])
    return ((wanted - found).abs().max() / (wanted.max() - wanted.min())).item()


def compare(name: str, repos: Path, rounds: int, batch: int | None) -> dict[str, object]:
    """The row of a network."""
    case = CASES[name]
    theirs = authors.seeded(case.theirs(repos))
    ours = laban.official.load(case.name, theirs.network.state_dict(), **case.options)
    answer = ours.from_clips if name == "hi-trs" else ours
    poses = torch.randn(batch or case.shape[0], *case.shape[1:])
    apart = difference(case, theirs, ours, answer, poses)
    if not apart < 1e-4:
        raise ValueError(f"{name}: answers differ by {apart:.1e} of their spread, not the same")
    with FlopCounterMode(display=False) as counter:  # it needs a graph where it is given weights
        answer(poses[:1])
    products = counter.get_total_flops() / 2 * len(poses)
    small = in_8_bits(ours, answer, poses)
    with torch.inference_mode():
        wanted = theirs(poses).numpy()
    contenders = [(theirs, theirs, torch.float32), *((ours, answer, dtype) for dtype in PRECISIONS)]
    row: dict[str, object] = {"case": name, "batch": len(poses), "difference": apart}
    for what, work in (("train", training), ("infer", inference)):
        works = [work(*one[:2], poses, one[2]) for one in contenders]
        works += [small] if what == "infer" else []
        seconds = best_times(works, rounds, time.process_time)
        row[what] = [len(poses) / s for s in seconds[:3]]
        row[f"{what}-ratio"] = seconds[0] / min(seconds[1:3])
    row["int8"] = [len(poses) / seconds[3], seconds[0] / seconds[3]]
    row["int8-difference"] = float(np.abs(small() - wanted).max() / np.ptp(wanted))
    shares = zip(PRECISIONS, seconds[1:3], strict=True)
    row["share"] = [products / s / product(dtype) for dtype, s in shares]
    return row


def compare_steps(repos: Path, rounds: int, batch: int | None) -> dict[str, object]:
    """The row of PSTL's pre-training: views, three passes, loss, backward pass, optimiser."""
    theirs = authors.PSTLStep(repos).train()
    recipe = config.resolve(config.load_recipe("pstl-ntu")).values
    # As many joints leave as there, and the same for the whole batch.
    recipe["objective"] |= {"joints": 8, "repeats": True, "one_draw": True}
    ours = assemble(recipe, skeleton_named("kinect-v2"), 3, "joint", 60).objective.train()
    poses = torch.randn(batch or STEP_SHAPE[0], *STEP_SHAPE[1:])
    keys, there = torch.arange(len(poses)), torch.ones(poses.shape[:3], dtype=torch.bool)
    lengths = torch.full((len(poses),), poses.shape[2])
    clips, generator = Batch(poses, there, lengths, keys, keys), torch.Generator().manual_seed(0)

    def work(module: nn.Module, loss: Callable[[], Tensor], dtype: torch.dtype) -> Work:
        optimiser = torch.optim.Adam(module.parameters(), lr=1e-4, weight_decay=1e-5)

        def step() -> None:
            with torch.autocast("cpu", torch.bfloat16, enabled=dtype != torch.float32):
                value = loss()
            optimiser.zero_grad()
            value.backward()
            optimiser.step()

        return step

    works = [work(theirs, lambda: theirs(poses), torch.float32)]
    works += [work(ours, lambda: ours(clips, generator)[0], dtype) for dtype in PRECISIONS]
    seconds = best_times(works, rounds, time.process_time)
    rates = [len(poses) / s for s in seconds]
    ratio = seconds[0] / min(seconds[1:])
    return {"case": STEP, "batch": len(poses), "train": rates, "train-ratio": ratio}


def measure(name: str, repos: Path, rounds: int, batch: int | None) -> dict[str, object]:
    """A row, in a process of its own, since the repositories' modules share their names."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    work = compare_steps if name == STEP else partial(compare, name)
    return work(repos, rounds, batch)


def line(row: dict) -> str:
    """A row as Markdown."""
    cells = [f"{row['case']}, batch {row['batch']}"]
    for what in ("train", "infer"):
        rates = [f"{rate:.3g}" for rate in row.get(what, ())]
        cells += [*rates, f"{row[f'{what}-ratio']:.2f}"] if rates else [""] * 4
    cells += [f"{figure:.3g}" for figure in row.get("int8", ())] or [""] * 2
    cells.append(f"{row['int8-difference']:.1%}" if "int8" in row else "")
    cells.append(", ".join(f"{share:.0%}" for share in row.get("share", ())))
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Prints a table as Markdown: clips a second of theirs, ours in float32, ours in bfloat16."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--only", choices=[*CASES, STEP])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, help="clips in place of the case's own number")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    titles = [f"{w}: {o}" for w in ("train", "infer") for o in ("theirs", "f32", "bf16", "ratio")]
    titles += ["infer: int8", "int8 ratio", "int8 difference", "share"]
    if not arguments.json:
        print("| case | " + " | ".join(titles) + " |\n" + "| --- " * (len(titles) + 1) + "|")
    rows, own = [], multiprocessing.get_context("spawn")
    options = arguments.repos, arguments.rounds, arguments.batch
    for name in [arguments.only] if arguments.only else [*CASES, STEP]:
        with ProcessPoolExecutor(1, mp_context=own) as pool:
            rows.append(pool.submit(measure, name, *options).result())
        if not arguments.json:
            print(line(rows[-1]), flush=True)
    if arguments.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
