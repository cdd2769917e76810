"""What a trained encoder says of each clip, once and for all: the input of linear and knn."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from laban.benchmarks import Benchmark, find_benchmark
from laban.dataset import ClipDataset, EpochSampler, batches
from laban.errors import LabanError
from laban.evaluation.scores import Scores
from laban.nn import masked_mean
from laban.pipelines import View
from laban.run import Run
from laban.splits import Part, split_store
from laban.store import Store

__all__ = ["Frozen", "frozen"]


@dataclass
class Frozen:
    """Features of a benchmark's clips.

    Attributes:
        benchmark: Label set and split.
        train: float32 (N, D), of the training clips.
        labels: int64 (N,), their class numbers.
        test: float32 (N', D), of the test clips.
        part: The test clips.
        clips: Their names.
    """

    benchmark: Benchmark
    train: Tensor
    labels: Tensor
    test: Tensor
    part: Part
    clips: tuple[str, ...]

    def scores(self, values: Tensor, *, repeats: tuple[float, ...] = ()) -> Scores:
        """The record of the test clips' class scores (N', K)."""
        return Scores(
            self.benchmark.name,
            "test",
            self.benchmark.classes,
            self.clips,
            torch.tensor(self.part.labels).numpy(),
            values.cpu().numpy(),
            tuple(self.part.left_out),
            repeats,
        )


def frozen(path: Path, data: Path, benchmark: str | None = None) -> Frozen:
    """Pooled features of the training and test clips, without augmentation or dropout.

    Args:
        path: The run folder; its classes need not be the benchmark's.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.

    Raises:
        LabanError: Where the store has another skeleton than the run.
    """
    run, store = Run.open(path), Store(data)
    chosen = find_benchmark(benchmark) if benchmark else run.benchmark
    run.check(store.skeleton, store.channels, str(data))
    splits = split_store(store, chosen)
    splits.need("train", "test")
    parts = run.load()
    encoder = parts.encoder.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    view = View(parts.pipeline, run.stream)
    train, test = (
        _features(encoder, view, ClipDataset(store, part.keys, part.labels, parts.pipeline))
        for part in (splits.train, splits.test)
    )
    labels = torch.tensor(splits.train.labels, device=train.device)
    names = tuple(store.names[key] for key in splits.test.keys)
    return Frozen(chosen, train, labels, test, splits.test, names)


@torch.no_grad()
def _features(encoder: nn.Module, view: View, dataset: ClipDataset, *, batch: int = 64) -> Tensor:
    """Of the test view of every clip, in the dataset's order: ``-> (N, D)`` float32."""
    weight = next(encoder.parameters())
    rows = []
    for clips in batches(dataset, EpochSampler(len(dataset), batch)):
        poses, present = view(clips.to(weight.device))
        rows.append(masked_mean(encoder(poses.to(weight.dtype), present)).float())
    return torch.cat(rows)


def check_counts(**counts: int) -> None:
    """Refuses a count below 1, named as on the command line."""
    for name, count in counts.items():
        if count < 1:
            raise LabanError(f"{name} is {count}, give 1 or more")
