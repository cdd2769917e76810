"""The linear protocol: features that stay, a head that learns, and where its scores go."""

import json

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from laban.batch import collate
from laban.cli import main
from laban.evaluation.frozen import Frozen, frozen
from laban.evaluation.linear import _head, linear, trained_head
from laban.evaluation.scores import Scores
from laban.pipelines import View
from laban.run import Run
from laban.splits import Part
from laban.store import Store


def test_features_are_the_encoder_s_test_view_clip_by_clip(toy, pretrained):
    found = frozen(pretrained, toy / "store.arrow")
    run, store = Run.open(pretrained), Store(toy / "store.arrow")
    parts = run.load()
    assert found.train.shape == (36, parts.encoder.dim) and len(found.test) == 12
    view = View(parts.pipeline, run.stream)
    for key, feature in ((0, found.train[0]), (17, found.train[17]), (36, found.test[0])):
        alone = collate([parts.pipeline.prepare(store[key])], [0], [key])
        values, present = parts.encoder(*view(alone))
        wanted = values[present].mean(0)
        torch.testing.assert_close(feature, wanted, atol=1e-5, rtol=1e-4)


def separable():
    """Three classes around three points."""
    torch.manual_seed(0)
    labels = torch.arange(60) % 3
    features = torch.eye(3)[labels] * 4 + torch.randn(60, 3) * 0.5
    benchmark = type("Words", (), {"name": "toy", "classes": ("a", "b", "c")})
    part = Part(list(range(30)), labels[30:].tolist())
    names = tuple(f"c{n}" for n in range(30))
    return Frozen(benchmark, features[:30], labels[:30], features[30:], part, names)


def test_the_head_learns_by_adam_at_a_cosine():
    """Against the loop written out: batches of 8, three epochs at 1, 3/4 and 1/4 of the rate."""
    features = separable()
    got = trained_head(features, lr=0.1, epochs=3, batch=8, seed=5)
    generator = torch.Generator().manual_seed(5)
    head = _head(features, generator)
    adam = torch.optim.Adam(head.parameters())
    for epoch in range(3):
        adam.param_groups[0]["lr"] = 0.1 * (1 + np.cos(np.pi * epoch / 3)) / 2
        order = torch.randperm(30, generator=generator)
        for start in range(0, 30, 8):
            rows = order[start : start + 8]
            adam.zero_grad()
            cross_entropy(head(features.train[rows]), features.labels[rows]).backward()
            adam.step()
    torch.testing.assert_close(got.weight, head.weight)
    torch.testing.assert_close(got.bias, head.bias)


def test_separable_features_are_told_apart():
    features = separable()
    head = trained_head(features)
    assert features.scores(head(features.test).detach()).top(1) == 100


def test_standardised_features_are_those_of_a_batch_normalisation():
    wide, other = 1e-3 * torch.randn(40, 5) + 7, torch.randn(9, 5)
    wide[:, 2] = 3  # says nothing
    features = Frozen(None, wide, torch.zeros(40, dtype=torch.int64), other, None, ())
    norm = torch.nn.BatchNorm1d(5, eps=1e-30, momentum=1.0, affine=False)
    norm(wide)
    norm.running_var = wide.var(0, correction=0)
    found = features.standardised()
    kept = [0, 1, 3, 4]
    torch.testing.assert_close(
        found.test[:, kept], norm.eval()(other)[:, kept], rtol=1e-3, atol=1e-3
    )
    assert found.train.isfinite().all() and (found.train[:, 2] == 0).all()


def test_seeds_give_a_mean_and_a_spread(toy, pretrained, capsys):
    store = str(toy / "store.arrow")
    options = ["--data", store, "--protocol", "linear", "--epochs", "3", "--seeds", "3"]
    assert main(["evaluate", str(pretrained), *options, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    tops = value["seeds"]
    assert len(tops) == 3 and value["top1"] == tops[0]
    assert value["top1_mean"] == pytest.approx(np.mean(tops), abs=0.01)
    assert value["top1_spread"] == pytest.approx(np.std(tops, ddof=1), abs=0.01)
    kept = Scores.load(pretrained / "linear-toy-epochs-3-seeds-3.parquet")
    assert kept.repeats == pytest.approx(tops, abs=0.01)
    assert linear(pretrained, toy / "store.arrow", epochs=3).top(1) == pytest.approx(
        tops[0], abs=0.01
    )


def test_a_rate_that_does_not_learn_is_refused(toy, pretrained, capsys):
    options = ["--data", str(toy / "store.arrow"), "--protocol", "linear", "--lr", "-1"]
    assert main(["evaluate", str(pretrained), *options]) == 2
    assert "lr is -1, give a number above 0" in capsys.readouterr().err
