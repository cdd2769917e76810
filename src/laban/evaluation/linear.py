"""Linear: a linear classifier learns the training clips' classes from features that stay frozen.

PSTL's linear evaluation, https://arxiv.org/abs/2302.09018, section "Experiment Setting"; what it
leaves open is as in its code, https://github.com/YujieOuO/PSTL: Adam at 0.01 without decay, falling
as a cosine over 150 epochs of batches of 128, on the test view of every clip, without augmentation
and with the encoder in evaluation mode.

Differs from the official code: the last epoch is tested (there the best test epoch), and accuracy
is over clips (there the mean over batches, the last smaller one with the same weight).
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from laban.errors import LabanError
from laban.evaluation.frozen import Frozen, check_counts, frozen
from laban.evaluation.scores import Scores
from laban.training.settings import Optimiser, Schedule

__all__ = ["linear", "trained_head"]


def linear(
    path: Path,
    data: Path,
    benchmark: str | None = None,
    *,
    epochs: int = 150,
    lr: float = 0.01,
    batch: int = 128,
    seeds: int = 1,
    standardise: bool = False,
    scratch: bool = False,
) -> Scores:
    """Scores of a classifier on a run's frozen features.

    Args:
        path: The run folder.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.
        epochs: Passes over the training clips.
        lr: Learning rate at the beginning.
        batch: Clips a step.
        seeds: How many classifiers are trained, from seed 0; the scores are those of the first.
        standardise: Give the classifier features with mean 0 and variance 1 over the training
            clips, as a batch normalisation before it does: what it learns in its epochs then hangs
            on what features say and not on how large they are. Fair to an encoder with random
            weights, whose features differ little between clips.
        scratch: Judge the encoder with random weights instead, for comparison.
    """
    check_counts(epochs=epochs, batch=batch, seeds=seeds)
    if lr <= 0:
        raise LabanError(f"lr is {lr:g}, give a number above 0")
    features = frozen(path, data, benchmark, scratch=scratch)
    if standardise:
        features = features.standardised()
    tested = []
    for seed in range(seeds):
        head = trained_head(features, epochs=epochs, lr=lr, batch=batch, seed=seed)
        tested.append(features.scores(head(features.test).detach()))
    return Scores.of_seeds(tested)


def trained_head(
    features: Frozen, *, epochs: int = 150, lr: float = 0.01, batch: int = 128, seed: int = 0
) -> nn.Linear:
    """A classifier of the training clips' features, (N, D) -> (N, K), arguments as `linear`'s."""
    optimiser = Optimiser(name="adam", lr=lr, weight_decay=0.0)
    generator = torch.Generator().manual_seed(seed)
    head = _head(features, generator)
    descent, schedule = optimiser.build(head), Schedule(name="cosine")
    count = len(features.train)
    for epoch in range(epochs):
        for group in descent.param_groups:
            group["lr"] = optimiser.lr * schedule.rate(epoch, epochs)
        order = torch.randperm(count, generator=generator).to(features.train.device)
        for rows in order.split(batch):
            loss = cross_entropy(head(features.train[rows]), features.labels[rows])
            descent.zero_grad()
            loss.backward()
            descent.step()
    return head


def _head(features: Frozen, generator: torch.Generator) -> nn.Linear:
    """The classifier as it starts: Xavier's weights and no bias."""
    head = nn.Linear(features.train.shape[1], len(features.benchmark.classes))
    weight: Tensor = head.weight
    nn.init.xavier_normal_(weight, generator=generator)
    nn.init.zeros_(head.bias)
    return head.to(features.train.device)
