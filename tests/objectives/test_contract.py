"""What holds for every objective, on a tiny encoder and sixteen clips."""

import pytest
import torch

from laban.batch import collate
from laban.encoders import ENCODERS
from laban.objectives import OBJECTIVES
from laban.pipelines import PIPELINES, View
from laban.store import Store


@pytest.fixture
def parts(toy):
    store = Store(toy / "store.arrow")
    pipeline = PIPELINES["general"](store.skeleton, frames=8, persons=1)
    clips = [pipeline.prepare(store[key]) for key in range(16)]
    labels = [int(store.labels[key] == "fall") for key in range(16)]
    return store, pipeline, collate(clips, labels, range(16))


def build(name, store, pipeline):
    torch.manual_seed(0)
    encoder = ENCODERS["dsta-net"](store.skeleton, heads=2, layers=((16, 8, 1), (32, 8, 2)))
    return OBJECTIVES[name](encoder, View(pipeline, "joint"), classes=2)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_loss_is_finite_repeats_by_seed_and_reaches_every_parameter(name, parts):
    store, pipeline, batch = parts
    losses = []
    for seed in (1, 1, 2):
        objective = build(name, store, pipeline)
        loss, logs = objective(batch, torch.Generator().manual_seed(seed))
        assert loss.shape == () and loss.isfinite()
        assert "loss" in logs and not any(value.requires_grad for value in logs.values())
        losses.append(float(loss.detach()))
    assert losses[0] == losses[1] != losses[2]
    loss.backward()
    lost = [key for key, p in objective.named_parameters() if p.grad is None]
    assert not lost


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_loss_falls_in_thirty_steps(name, parts):
    objective = build(name, *parts[:2])
    optimiser = torch.optim.Adam(objective.parameters(), lr=3e-3)
    losses = []
    for step in range(30):
        loss, _ = objective(parts[2], torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
