"""What a trained encoder says of each clip, once and for all: the input of linear and knn."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from laban.benchmarks import Benchmark
from laban.dataset import ClipDataset, EpochSampler, batches
from laban.draws import name_keys
from laban.errors import LabanError
from laban.evaluation.scores import Scores
from laban.nn import masked_mean
from laban.pipelines import View
from laban.run import Run
from laban.splits import Part, split_store
from laban.store import Store

__all__ = ["Frozen", "Still", "check_counts", "frozen", "still"]

Chosen = Callable[[Tensor], Tensor]


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

    def standardised(self) -> "Frozen":
        """Every number less its mean over the training clips, over its spread there."""
        mean, spread = self.train.mean(0), self.train.std(0, correction=0)
        spread = torch.where(spread > 0, spread, torch.ones_like(spread))
        train, test = ((part - mean) / spread for part in (self.train, self.test))
        return replace(self, train=train, test=test)

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


@dataclass
class Still:
    """An encoder that stays, and the clips to show it.

    Attributes:
        benchmark: Label set and split.
        encoder: In evaluation mode, on its device.
        view: The run's.
        train: The training clips, prepared.
        test: The test clips.
        part: The test clips as the benchmark has them.
    """

    benchmark: Benchmark
    encoder: nn.Module
    view: View
    train: ClipDataset
    test: ClipDataset
    part: Part

    @torch.no_grad()
    def features(
        self, dataset: ClipDataset, joints: Chosen | None = None, *, batch: int = 64
    ) -> Tensor:
        """Of the test view of every clip, in the dataset's order: ``-> (N, D)`` float32.

        Args:
            dataset: The clips.
            joints: Which joints the encoder looks at, from `name_keys` of the clips: ``(B,) ->
                (B, K)``, -1 for none. None: all.
            batch: Clips at a time.
        """
        weight = next(self.encoder.parameters())
        keys = name_keys(_names(dataset)).to(weight.device).split(batch)
        rows = []
        for number, clips in enumerate(batches(dataset, EpochSampler(len(dataset), batch))):
            poses, present = self.view(clips.to(weight.device))
            kept = joints(keys[number]) if joints else None
            rows.append(masked_mean(self.encoder(poses.to(weight.dtype), present, kept)).float())
        return torch.cat(rows)

    def frozen(self, joints: Chosen | None = None) -> Frozen:
        """Features of training and test clips, arguments as `features` takes them."""
        train, tested = self.features(self.train, joints), self.features(self.test, joints)
        labels = torch.tensor(self.train.labels, device=train.device)
        return Frozen(self.benchmark, train, labels, tested, self.part, _names(self.test))


def still(path: Path, data: Path, benchmark: str | None = None, *, scratch: bool = False) -> Still:
    """A run's encoder and a benchmark's clips, for features without augmentation or dropout.

    Args:
        path: The run folder; its classes need not be the benchmark's.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.
        scratch: The encoder with random weights, drawn by the seed of the run's training.

    Raises:
        LabanError: Where the store has another skeleton than the run.
    """
    run, store = Run.open(path), Store(data)
    chosen = run.judged_on(benchmark)
    run.check(store.skeleton, store.channels, str(data))
    splits = split_store(store, chosen)
    splits.need("train", "test")
    torch.manual_seed(run.recipe["training"]["seed"])
    parts = run.in_use(fresh=scratch)
    encoder = parts.encoder.eval()
    train, test = (
        ClipDataset(store, part.keys, part.labels, parts.pipeline)
        for part in (splits.train, splits.test)
    )
    return Still(chosen, encoder, View(parts.pipeline, run.stream), train, test, splits.test)


def frozen(
    path: Path, data: Path, benchmark: str | None = None, *, scratch: bool = False
) -> Frozen:
    """Pooled features of the training and test clips, arguments as `still` takes them."""
    return still(path, data, benchmark, scratch=scratch).frozen()


def _names(dataset: ClipDataset) -> tuple[str, ...]:
    """The clips' names, in the dataset's order."""
    return tuple(dataset.store.names[key] for key in dataset.keys)


def check_counts(**counts: int) -> None:
    """Refuses a count below 1, named as on the command line."""
    for name, count in counts.items():
        if count < 1:
            raise LabanError(f"{name} is {count}, give 1 or more")
