"""k nearest neighbours: the class of the training clips whose frozen features are most alike.

Nothing is trained. Alike is the cosine of the angle between two features; with one neighbour this
is the retrieval by which Su, Liu and Shlizerman judge, "Predict & Cluster",
https://arxiv.org/abs/1911.12409.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize

from laban.evaluation.frozen import check_counts, frozen
from laban.evaluation.scores import Scores

__all__ = ["knn", "votes"]


def knn(
    path: Path,
    data: Path,
    benchmark: str | None = None,
    *,
    neighbours: int = 1,
    scratch: bool = False,
) -> Scores:
    """Votes of the nearest training clips on a run's frozen features.

    Args:
        path: The run folder.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.
        neighbours: k, how many training clips vote.
        scratch: Judge the encoder with random weights instead, for comparison.
    """
    check_counts(neighbours=neighbours)
    features = frozen(path, data, benchmark, scratch=scratch)
    classes = len(features.benchmark.classes)
    values = votes(features.train, features.labels, features.test, classes, neighbours)
    return features.scores(values)


def votes(
    train: Tensor, labels: Tensor, test: Tensor, classes: int, neighbours: int, *, rows: int = 1024
) -> Tensor:
    """(N, D), (N,), (N', D) -> (N', K): each neighbour's vote is (1 + cosine) / 2.

    Classes without a vote stand below the others, from -1 to 0, by how near their nearest clip is.

    Args:
        train: Features of the clips that vote.
        labels: Their class numbers.
        test: Features of the clips that are asked about.
        classes: K.
        neighbours: How many vote, at most all.
        rows: So many are compared at a time.
    """
    known = normalize(train, dim=1)
    found = []
    for part in test.split(rows):
        alike = (1 + normalize(part, dim=1) @ known.T) / 2
        vote, nearest = alike.topk(min(neighbours, len(known)))
        empty = part.new_zeros(len(part), classes)
        voted = empty.scatter_add(1, labels[nearest], vote)
        best = empty.scatter_reduce(1, labels.expand(len(part), -1), alike, "amax")
        chosen = empty.bool().scatter(1, labels[nearest], True)  # a vote may be 0
        found.append(torch.where(chosen, voted, best - 1))
    return torch.cat(found)
