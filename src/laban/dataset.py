"""Clips of a store as batches: which clips, in which order, on which process.

The store stays on disk; loader workers open it themselves. A clip is prepared when it is read, or,
where it is read again and again, once for all (`ClipDataset.prepare`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from laban.batch import Batch, collate
from laban.clip import Clip
from laban.pipelines import Pipeline
from laban.store import Store

__all__ = ["ClipDataset", "EpochSampler", "batches"]


class ClipDataset(Dataset):
    """Prepared clips of a store with their class numbers.

    Args:
        store: Where the clips are.
        keys: The clips' numbers in the store.
        labels: Their class numbers, -1 where unknown.
        pipeline: Prepares each clip.
    """

    once = True  # Whether clips are prepared before a training, once for all epochs.

    def __init__(
        self, store: Store, keys: Sequence[int], labels: Sequence[int], pipeline: Pipeline
    ) -> None:
        self.store, self.pipeline = store, pipeline
        self.keys: Sequence[int] = [int(key) for key in keys]
        self.labels: Sequence[int] = [int(label) for label in labels]
        self._prepared: Store | None = None

    def prepare(self, path: Path) -> None:
        """Writes all clips, prepared, to a store at that path, in this order."""
        # What was said of the recording's frames need not fit those of the prepared clip.
        clips = (replace(self[place][0], segments=()) for place in range(len(self)))
        Store.write(path, clips, overwrite=True)

    def prepared_at(self, path: Path) -> "ClipDataset":
        """The same clips, read from the store that `prepare` wrote."""
        other = ClipDataset(self.store, self.keys, self.labels, self.pipeline)
        other._prepared = Store(path)
        return other

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def per_epoch(self) -> int:
        """Clips of an epoch."""
        return len(self)

    def order(self, generator: torch.Generator) -> list[int]:
        """The places of an epoch, shuffled."""
        return _shuffled(len(self), generator)

    def __getitem__(self, place: int) -> tuple[Clip, int, int]:
        key = self.keys[place]
        if self._prepared is not None:
            return self._prepared[place], self.labels[place], key
        return self.pipeline.prepare(self.store[key]), self.labels[place], key


def _shuffled(size: int, generator: torch.Generator) -> list[int]:
    return torch.randperm(size, generator=generator).tolist()


class EpochSampler(Sampler[list[int]]):
    """The places of one process's share of each global batch, in an order fixed by seed and epoch.

    Args:
        size: Clips of an epoch.
        batch: Clips in a global batch, over all processes.
        rank: This process.
        world: How many processes.
        seed: Fixes the order together with ``epoch``; None keeps the dataset's order and the last,
            smaller batch.
        order: Draws the places of an epoch; by default all, shuffled.
        rest: Clips of the last, smaller batch, 0 for none; an epoch has one batch at least.
    """

    def __init__(
        self,
        size: int,
        batch: int,
        *,
        rank: int = 0,
        world: int = 1,
        seed: int | None = None,
        order: Callable[[torch.Generator], list[int]] | None = None,
        rest: int = 0,
    ) -> None:
        self.size, self.batch, self.rank, self.world, self.seed = size, batch, rank, world, seed
        self.rest = rest
        self.order = order or partial(_shuffled, size)
        self.epoch = 0

    def __len__(self) -> int:
        if self.seed is None:
            return -(-self.size // self.batch)
        return max(1, self.size // self.batch + (self.rest > 0))

    def __iter__(self) -> Iterator[list[int]]:
        if self.seed is None:
            order = list(range(self.size))
        else:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            order = self.order(generator)
        whole = self.size // self.batch
        for number in range(len(self)):
            chosen = order[number * self.batch : (number + 1) * self.batch]
            if self.seed is not None and 0 < whole <= number:  # behind the whole ones
                chosen = chosen[: self.rest]
            yield chosen[self.rank :: self.world]


def _collate(items: list[tuple[Clip, int, int]]) -> Batch:
    clips, labels, keys = zip(*items, strict=True)
    return collate(clips, labels, keys)


def batches(dataset: ClipDataset, sampler: EpochSampler, *, workers: int = 0) -> DataLoader:
    """Batches in the sampler's order; with workers the reading runs beside the training."""
    return DataLoader(
        dataset,
        batch_sampler=sampler,
        collate_fn=_collate,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )
