"""What holds for every objective on every encoder, tiny ones, and sixteen clips.

Which of them go together says the table of docs/design.md.
"""

import copy
from pathlib import Path

import pytest
import torch

from laban.batch import Batch, collate
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.objectives import OBJECTIVES, task_of
from laban.pipelines import PIPELINES, View
from laban.store import Store

# A stem of graph convolutions, then attention.
_ST_TR = {
    "layers": ((8, 1, "convolution"), (16, 2, "convolution"), (16, 1, "attention")),
    "heads": 2,
    "poses_at": 2,
    "dropout": 0.0,
    "drop_attention": 0.0,
}
TINY = {
    "dsta-net": {"heads": 2, "layers": ((16, 8, 1), (32, 8, 2))},
    "stst": {"heads": (2, 2), "layers": ((16, 8, 1), (32, 8, 2))},
    "st-gcn": {"layers": ((16, 1), (32, 2)), "dropout": 0.0},
    "s-tr": _ST_TR,
    "t-tr": _ST_TR,
    "st-tr-1s": _ST_TR,
    "hi-trs": {"width": 16, "depth": 1, "heads": 2, "head_width": 4, "dropout": 0.0},
}
_CONTRAST = {"width": 16, "queue": 32, "momentum": 0.9}
OPTIONS = {
    "skeleton-clr": _CONTRAST,
    "aim-clr": _CONTRAST,
}
OPTIONS |= {"forecasting": {"fps": 30.0, "seen": 0.2, "horizons": (80,), "width": 16}}
OPTIONS |= {"pstl": {"width": 64, "joints": 5, "frames": 2}, "skeleton-bt": {"width": 64}}


def table():
    """What docs/design.md says of each objective and encoder: yes, no or without what."""
    text = (Path(__file__).parents[2] / "docs/design.md").read_text()
    lines = text.split("## Which objective trains which encoder")[1].split("\n\n")[2].splitlines()
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {
        (row[0], encoder): cell
        for row in rows
        for encoder, cell in zip(head[1:], row[1:], strict=True)
    }


TABLE = table()


def left_out(name, encoder):
    """The options that must be false."""
    cell = TABLE[name, encoder]
    return cell.removeprefix("without ").split(", ") if cell.startswith("without ") else []


HOLD = [pair for pair, cell in TABLE.items() if cell != "no"]
every_pair = pytest.mark.parametrize(("name", "encoder"), HOLD)


@pytest.fixture(scope="module")
def parts(toy):
    store = Store(toy / "store.arrow")
    pipeline = PIPELINES["general"](store.skeleton, frames=8, persons=1)
    clips = [pipeline.prepare(store[key]) for key in range(16)]
    labels = [int(store.labels[key] == "fall") for key in range(16)]
    return store, pipeline, collate(clips, labels, range(16))


def build(name, encoder, store, pipeline, **more):
    torch.manual_seed(0)
    if name == "forecasting":  # which predicts metres; the poses are what they are for the others
        pipeline = PIPELINES["metric"](store.skeleton, persons=1)
    made = ENCODERS[encoder](store.skeleton, **TINY[encoder])
    if task_of({"objective": {"name": name}}) in ("recognition", "detection"):
        more["classes"] = 2
    options = OPTIONS.get(name, {}) | dict.fromkeys(left_out(name, encoder), False) | more
    return OBJECTIVES[name](made, View(pipeline, "joint"), **options)


def test_the_table_has_all_and_no_more():
    assert TABLE.keys() == {(name, encoder) for name in OBJECTIVES for encoder in ENCODERS}


@pytest.mark.parametrize(
    ("name", "encoder", "option"),
    [(*pair, None) for pair, cell in TABLE.items() if cell == "no"]
    + [(*pair, option) for pair in TABLE for option in left_out(*pair)],
)
def test_what_does_not_go_together_is_said(name, encoder, option, parts):
    more = {} if option is None else {option: True}
    with pytest.raises(LabanError, match=option or name):
        build(name, encoder, *parts[:2], **more)


@every_pair
def test_the_loss_is_finite_repeats_by_seed_and_reaches_every_parameter(name, encoder, parts):
    store, pipeline, batch = parts
    losses = []
    for seed in (1, 1, 2):
        objective = build(name, encoder, store, pipeline)
        loss, logs = objective(batch, torch.Generator().manual_seed(seed))
        assert loss.shape == () and loss.isfinite()
        assert "loss" in logs and not any(value.requires_grad for value in logs.values())
        losses.append(float(loss.detach()))
    assert losses[0] == losses[1] != losses[2]
    loss.backward()
    lost = [k for k, p in objective.named_parameters() if p.requires_grad and p.grad is None]
    assert not lost


def on(name):
    """A quick encoder that the objective takes."""
    return next(one for one in ("st-gcn", "hi-trs") if TABLE[name, one] != "no")


@pytest.mark.parametrize("name", OBJECTIVES)
def test_thirty_steps_lower_the_loss(name, parts):
    """Against the same queue, where there is one: it starts with what is easy to tell apart."""
    objective = build(name, on(name), *parts[:2])
    learned = {k: p for k, p in objective.named_parameters() if p.requires_grad}
    untaught = {k: p.detach().clone() for k, p in learned.items()}
    optimiser = torch.optim.Adam(learned.values(), lr=3e-3)
    for step in range(30):
        loss, _ = objective(parts[2], torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    before = copy.deepcopy(objective)
    before.load_state_dict(untaught, strict=False)
    losses = []
    for one in (before, objective):
        tries = [copy.deepcopy(one)(parts[2], torch.Generator().manual_seed(n)) for n in range(3)]
        losses.append(sum(float(loss.detach()) for loss, _ in tries))
    assert losses[1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_labels_count_only_where_they_are_asked_for(name, parts):
    store, pipeline, batch = parts
    other = Batch(**vars(batch) | {"labels": 1 - batch.labels})
    losses = [
        build(name, on(name), store, pipeline)(one, torch.Generator().manual_seed(0))[0]
        for one in (batch, other)
    ]
    asked = task_of({"objective": {"name": name}}) in ("recognition", "detection")
    assert (losses[0] != losses[1]) == asked
    assert hasattr(OBJECTIVES[name], "scores") == asked
