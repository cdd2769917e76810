"""What a training is for: which clips it takes, what it watches on its way, and what it leaves."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from lightning_fabric import Fabric
from rich.console import Console

from laban.assembly import Parts
from laban.benchmarks import Benchmark
from laban.config import Recipe
from laban.dataset import ClipDataset
from laban.evaluation.scoring import score
from laban.result import Result
from laban.run import Run
from laban.splits import Splits
from laban.store import Store
from laban.windows import RecordingSplits

__all__ = ["Task", "Watch"]

Watch = Callable[[], dict[str, float]]  # called behind every epoch: more figures for its row


class Task(ABC):
    """A recipe's use of a store.

    Args:
        store: The clips or recordings.
        benchmark: Its label set and split.
        recipe: The resolved recipe.

    Attributes:
        splits: What trains, validates and tests.
        unit: What is split, in words.

    Raises:
        LabanError: Where the recipe asks for what this task has not, or the store lacks a part.
    """

    splits: Splits | RecordingSplits
    unit = "clips"

    def __init__(self, store: Store, benchmark: Benchmark, recipe: Recipe) -> None:
        self.store, self.benchmark, self.recipe = store, benchmark, recipe
        self.splits = self.split()

    @abstractmethod
    def split(self) -> Splits | RecordingSplits:
        """The store's parts."""

    def facts(self) -> dict[str, Any]:
        """What a run must know before its network is built."""
        return {}

    def datasets(self, parts: Parts) -> tuple[ClipDataset, ClipDataset]:
        """What trains and what validates, the latter empty where nothing does.

        What this network cannot use leaves the splits.
        """
        assert isinstance(self.splits, Splits)
        train, apart = self.splits.train, self.splits.validation
        return (
            ClipDataset(self.store, train.keys, train.labels, parts.pipeline),
            ClipDataset(self.store, apart.keys, apart.labels, parts.pipeline),
        )

    def watch(
        self,
        fabric: Fabric,
        run: Run,
        parts: Parts,
        datasets: tuple[ClipDataset, ClipDataset],
        console: Console,
    ) -> Watch | None:
        """What is measured behind every epoch: the accuracy on validation clips, if there are any.

        Args:
            fabric: Of the training; all processes get the same figures.
            run: Its run.
            parts: Its network.
            datasets: From `datasets`, prepared.
            console: For warnings.
        """
        _, validation = datasets
        if not len(validation):
            return None

        def accuracy() -> dict[str, float]:
            share = 0.0
            if fabric.global_rank == 0:
                values = score(parts.objective, validation)
                share = float((values.argmax(1) == validation.labels).mean())
            return {"validation_accuracy": fabric.broadcast(share)}

        return accuracy

    @abstractmethod
    def finish(self, run: Run, parts: Parts, *, report: bool) -> Result:
        """Weights, figures and, where it is asked for, pictures of a trained network."""
