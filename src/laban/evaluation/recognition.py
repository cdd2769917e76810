"""Recognition: the trained objective's own scores on the test clips of a benchmark."""

from pathlib import Path

import numpy as np

from laban.benchmarks import find_benchmark
from laban.dataset import ClipDataset
from laban.errors import LabanError
from laban.evaluation.scores import Scores
from laban.evaluation.scoring import score
from laban.run import Run
from laban.splits import split_store, usable
from laban.store import Store

__all__ = ["recognition"]


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
    chosen = find_benchmark(benchmark) if benchmark else run.benchmark
    if chosen.classes != run.classes:
        raise LabanError(
            f"benchmark {chosen.name} has other classes than {run.benchmark.name}, on which the "
            "run was trained: evaluate it on one with the same classes"
        )
    if store.skeleton.joints != run.skeleton.joints:
        raise LabanError(
            f"{data} has skeleton {store.skeleton.name}, the run takes {run.skeleton.name}"
        )
    parts = run.load()
    part, _ = usable(store, split_store(store, chosen)["test"], parts.pipeline)
    dataset = ClipDataset(store, part.keys, part.labels, parts.pipeline)
    return Scores(
        chosen.name,
        "test",
        chosen.classes,
        tuple(store.names[key] for key in part.keys),
        np.array(part.labels),
        score(parts.objective, dataset),
    )
