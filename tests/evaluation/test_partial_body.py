"""Shaded joints and parts: which, and that nothing of them is left in what the encoder says."""

import json
from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.cli import main
from laban.draws import name_keys
from laban.evaluation.frozen import still
from laban.evaluation.linear import trained_head
from laban.evaluation.partial_body import joints_left, parts_left
from laban.evaluation.scores import Scores
from laban.skeletons import SKELETONS
from laban.store import Store

BODY = SKELETONS["kinect-v2"]


def test_joints_are_drawn_evenly_for_each_clip_and_more_include_fewer():
    keys = torch.arange(400)
    left = {count: joints_left(BODY, count, 3, keys) for count in (0, 2, 10)}
    for count, kept in left.items():
        assert kept.shape == (400, 25 - count)
        assert all(row == sorted(set(row)) for row in kept.tolist())
    gone = [[set(range(25)) - set(row) for row in left[count].tolist()] for count in (2, 10)]
    assert all(few < many for few, many in zip(*gone, strict=True))
    times = Counter(joint for row in gone[1] for joint in row)
    # Each joint goes in 10 of 25 draws: 160 of 400, with a standard deviation of 9.8.
    assert all(abs(times[joint] - 160) < 4 * 9.8 for joint in range(25))


def test_a_draw_is_a_function_of_its_number_and_the_clip():
    many, one = torch.arange(50), torch.tensor([17])
    for left in (joints_left, parts_left):
        first = left(BODY, 3, 1, many)
        alone = left(BODY, 3, 1, one)[0]
        assert set(first[17].tolist()) - {-1} == set(alone.tolist()) - {-1}
        assert not torch.equal(first, left(BODY, 3, 2, many))


def test_parts_go_as_a_whole():
    parts = [set(joints) for joints in BODY.parts.values()]
    times = Counter()
    for row in parts_left(BODY, 2, 0, torch.arange(300)).tolist():
        gone = set(range(25)) - set(row)
        lost = [number for number, joints in enumerate(parts) if joints <= gone]
        assert len(lost) == 2 and gone == parts[lost[0]] | parts[lost[1]]
        times.update(lost)
    assert all(abs(times[number] - 120) < 4 * 8.5 for number in range(5))  # 2 of 5 times


def test_what_is_shaded_is_not_looked_at(toy, pretrained):
    """Features of shaded clips, against the encoder on each clip whose shaded joints are noise."""
    source = still(pretrained, toy / "store.arrow")
    found = source.features(source.test, lambda keys: parts_left(BODY, 2, 0, keys))
    store = Store(toy / "store.arrow")
    for row in (0, 7):
        key = source.test.keys[row]
        clip = source.view.pipeline.prepare(store[key])
        poses, present = source.view(collate([clip], [0], [key]))
        (kept,) = parts_left(BODY, 2, 0, name_keys([clip.name]))
        hidden = torch.ones(25, dtype=torch.bool)
        hidden[kept[kept >= 0]] = False
        poses[..., hidden, :] = 1e3 * torch.randn_like(poses[..., hidden, :])
        values, there = source.encoder(poses, present, kept[kept >= 0])
        torch.testing.assert_close(found[row], values[there].mean(0), atol=1e-5, rtol=1e-4)


def test_a_store_in_another_order_is_shaded_alike(toy, pretrained, tmp_path):
    clips = list(Store(toy / "store.arrow"))
    order = np.random.default_rng(0).permutation(len(clips))
    Store.write(tmp_path / "other.arrow", [clips[place] for place in order])
    found = []
    for path in (toy / "store.arrow", tmp_path / "other.arrow"):
        source = still(pretrained, path)
        names = [source.test.store.names[key] for key in source.test.keys]
        for left in (joints_left, parts_left):
            values = source.features(source.test, partial(left, BODY, 3, 1))
            found.append(dict(zip(names, values, strict=True)))
    for one, other in zip(found[:2], found[2:], strict=True):
        assert one.keys() == other.keys() and list(one) != list(other)
        for name, values in one.items():
            torch.testing.assert_close(values, other[name], atol=1e-5, rtol=1e-4)


def test_curves_are_those_of_one_head_on_shaded_test_clips(toy, pretrained, capsys):
    options = ["--data", str(toy / "store.arrow"), "--protocol", "partial-body", "--draws", "2"]
    shaded = ["--joints", "0", "20", "--parts", "4", "--shaded-training"]
    assert main(["evaluate", str(pretrained), *options, *shaded, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    curves = value["curves"]
    both = [
        f"{what} shaded{more}" for what in ("joints", "parts") for more in ("", " in training too")
    ]
    assert list(curves) == both
    assert curves["joints shaded"][0] == {
        "count": 0,
        "top1_mean": value["top1"],
        "top1_spread": 0.0,
        "draws": [value["top1"]],
    }
    source = still(pretrained, toy / "store.arrow")
    whole = source.frozen()
    head, tops, others = trained_head(whole), [], []
    for draw in range(2):
        hidden = lambda keys, draw=draw: joints_left(BODY, 20, draw, keys)  # noqa: E731
        seen = source.frozen(hidden)
        tops.append(whole.scores(head(seen.test).detach()).top(1))
        others.append(whole.scores(trained_head(seen, seed=draw)(seen.test).detach()).top(1))
    assert curves["joints shaded"][1]["draws"] == pytest.approx(tops, abs=0.01)
    assert curves["joints shaded in training too"][1]["draws"] == pytest.approx(others, abs=0.01)
    assert curves["joints shaded"][1]["top1_spread"] == pytest.approx(
        np.std(tops, ddof=1), abs=0.01
    )
    (kept,) = pretrained.glob("partial-body-toy-*.parquet")
    assert Scores.load(kept).to_json()["curves"] == curves
    page = (pretrained / "report.html").read_text()
    assert kept.stem in page and "top-1 over parts shaded" in page
    assert (pretrained / f"figures/{kept.stem}-joints.png").stat().st_size > 1000


@pytest.mark.parametrize("count", ["25", "-1"])
def test_a_body_without_joints_is_refused(count, toy, pretrained, capsys):
    options = ["--data", str(toy / "store.arrow"), "--protocol", "partial-body", "--joints", count]
    assert main(["evaluate", str(pretrained), *options]) == 2
    assert f"--joints {count}: kinect-v2 can lose 0 to 24 joints" in capsys.readouterr().err
