"""Runs an objective's test view over clips."""

import numpy as np
import torch
from torch import nn

from laban.dataset import ClipDataset, EpochSampler, batches
from laban.errors import LabanError
from laban.objectives import scorer

__all__ = ["score"]


@torch.inference_mode()
def score(
    objective: nn.Module, dataset: ClipDataset, *, batch: int = 64, workers: int = 0
) -> np.ndarray:
    """Class scores before the softmax of every clip, in the dataset's order: ``-> (N, K)`` float32.

    The objective is in evaluation mode meanwhile and in its own mode afterwards.
    """
    scores = scorer(objective).scores
    device = next(objective.parameters()).device
    if not len(dataset):
        raise LabanError("there is no clip to score")
    mode = objective.training
    objective.eval()
    sampler = EpochSampler(len(dataset), batch)
    rows = [
        scores(part.to(device)).cpu().numpy() for part in batches(dataset, sampler, workers=workers)
    ]
    objective.train(mode)
    return np.concatenate(rows)
