"""Recognition: the trained objective's own scores on the test clips of a benchmark."""

from collections.abc import Sequence
from pathlib import Path

import torch

from laban.benchmarks import Benchmark
from laban.dataset import ClipDataset
from laban.evaluation.scores import Scores
from laban.evaluation.scoring import score
from laban.run import Run
from laban.splits import split_store
from laban.store import Store

__all__ = ["recognition", "scored"]


def recognition(path: Path, data: Path, benchmark: str | None = None) -> Scores:
    """Scores of a run on a store's test clips.

    Args:
        path: The run folder.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.

    Raises:
        LabanError: Where store or benchmark have another skeleton or other classes than the run.
    """
    run, store = Run.open(path), Store(data)
    run.need_clips()
    chosen = run.judged_on(benchmark, same_classes=True)
    run.check(store.skeleton, store.channels, str(data))
    splits = split_store(store, chosen)
    splits.need("test")
    parts = run.in_use()
    dataset = ClipDataset(store, splits.test.keys, splits.test.labels, parts.pipeline)
    return scored(parts.objective, dataset, chosen, splits.test.left_out)


def scored(
    objective: torch.nn.Module,
    dataset: ClipDataset,
    benchmark: Benchmark,
    left_out: Sequence[str] = (),
) -> Scores:
    """The scores of a dataset of test clips."""
    return Scores(
        benchmark.name,
        "test",
        benchmark.classes,
        tuple(dataset.store.names[key] for key in dataset.keys),
        torch.tensor(dataset.labels).numpy(),
        score(objective, dataset),
        tuple(left_out),
    )
