"""Fine-tuning, few labels and transfer: the whole encoder trained on, as runs of their own."""

import json
from collections import Counter

import numpy as np
import pytest
import torch

import laban.training.loop
from laban.cli import main
from laban.clip import Clip
from laban.errors import LabanError
from laban.evaluation.scores import Scores
from laban.protocols import PROTOCOLS
from laban.run import Run
from laban.skeletons import SKELETONS
from laban.splits import Part, labelled_share
from laban.store import Store

QUICK = ["--epochs", "2", "--batch", "12"]


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    for name in ("write_report", "write_pretraining_report"):
        monkeypatch.setattr(f"laban.report.{name}", lambda *_: None)


def evaluate(run, store, protocol, *more):
    arguments = [str(run), "--data", str(store), "--protocol", protocol, *QUICK, *more]
    return main(["evaluate", *arguments, "--json"])


def test_few_labels_are_a_share_of_each_class_whatever_the_order():
    rng = np.random.default_rng(0)
    names = np.array([f"clip {n}" for n in rng.permutation(500)])
    labels = rng.choice(4, 500, p=[0.6, 0.3, 0.094, 0.006]).tolist()
    part = Part(list(range(500)), labels, ["left"])
    drawn = {}
    for share in (0.01, 0.05, 0.1):
        found = labelled_share(part, names, share, 3)
        assert found.left_out == ["left"] and [labels[k] for k in found.keys] == found.labels
        counts, wanted = Counter(found.labels), Counter(labels)
        assert counts == {c: max(1, round(share * n)) for c, n in wanted.items()}
        drawn[share] = {names[key] for key in found.keys}
    assert drawn[0.01] < drawn[0.05] < drawn[0.1]
    order = rng.permutation(500)
    other = Part(order.tolist(), [labels[k] for k in order])
    again = labelled_share(other, names, 0.1, 3)
    assert {names[key] for key in again.keys} == drawn[0.1]
    assert {names[k] for k in labelled_share(part, names, 0.1, 4).keys} != drawn[0.1]


def test_the_draw_favours_nobody():
    part, names = Part(list(range(20)), [0] * 20), np.array([f"c{n}" for n in range(20)])
    times = Counter(k for seed in range(2000) for k in labelled_share(part, names, 0.25, seed).keys)
    # 500 times each, with a standard deviation of 19.4.
    assert all(abs(times[k] - 500) < 4 * 19.4 for k in range(20))


def test_a_training_on_is_a_run_and_gives_a_mean_over_seeds(toy, pretrained, capsys):
    assert evaluate(pretrained, toy / "store.arrow", "fine-tune", "--seeds", "2") == 0
    value = json.loads(capsys.readouterr().out)
    folder = pretrained / "fine-tune-toy-epochs-2-batch-12"
    tested = [Scores.load(folder / f"seed-{seed}/test.parquet") for seed in (0, 1)]
    assert value["seeds"] == [round(one.top(1), 2) for one in tested]
    assert value["top1"] == value["seeds"][0]
    run = Run.open(folder / "seed-1")
    assert run.recipe["training"]["seed"] == 1 and run.recipe["start"] == str(pretrained)
    assert run.recipe["pipeline"]["augment"] is False
    assert run.recipe["encoder"] == Run.open(pretrained).recipe["encoder"]
    assert run.notes["start"] == Run.open(pretrained).digest()
    assert (pretrained / "fine-tune-toy-epochs-2-batch-12-seeds-2.parquet").exists()


def test_an_own_benchmark_is_the_run_s_wherever_its_file_is_by_now(
    toy, pretrained, tmp_path, capsys
):
    run = Run.open(pretrained)
    objective = run.load().objective
    run.path, run.recipe["benchmark"] = tmp_path / "run", "gone/toy.yaml"
    run.path.mkdir()
    run.save(objective)
    assert evaluate(run.path, toy / "store.arrow", "fine-tune") == 0
    assert Run.open(run.path / "fine-tune-toy-epochs-2-batch-12/seed-0").benchmark == run.benchmark
    capsys.readouterr()


def test_it_begins_with_the_run_s_weights_unless_from_scratch(toy, pretrained, monkeypatch, capsys):
    begun = []

    def stops(fabric, objective, *_, **__):
        begun.append({k: v.clone() for k, v in objective.model.encoder.state_dict().items()})
        raise LabanError("enough")

    monkeypatch.setattr("laban.train.fit", stops)
    before = Run.open(pretrained).load().encoder.state_dict()
    for more in ((), ("--scratch",)):
        assert evaluate(pretrained, toy / "store.arrow", "fine-tune", "--lr", "0.1", *more) == 2
    for name, value in before.items():
        torch.testing.assert_close(begun[0][name], value, rtol=0, atol=0)
    weight = "blocks.0.spatial.conv.weight"
    assert (begun[1][weight] - before[weight]).abs().max() > 1e-3


def test_few_labels_train_and_are_listed(toy, pretrained, capsys):
    assert evaluate(pretrained, toy / "store.arrow", "semi-supervised", "--share", "10") == 0
    run = Run.open(pretrained / "semi-supervised-toy-share-10-epochs-2-batch-12/seed-0")
    store = Store(toy / "store.arrow")
    labels = Counter(store.labels[store.index(name)] for name in run.notes["labelled"])
    assert labels == {"rise": 2, "fall": 2} and run.notes["clips"]["train"] == 4
    assert run.notes["clips"]["test"] == 12
    assert evaluate(pretrained, toy / "store.arrow", "semi-supervised", "--share", "0") == 2
    assert "share is 0" in capsys.readouterr().err


def test_a_recipe_that_names_no_clips_is_refused_before_it_trains(toy, pretrained, capsys):
    for protocol, more in (("fine-tune", []), ("semi-supervised", ["--share", "10"])):
        options = ["--recipe", str(toy / "pretrain.yaml"), *more]
        assert evaluate(pretrained, toy / "store.arrow", protocol, *options) == 2
        assert "which names no clips: give one that laban train takes" in capsys.readouterr().err
    assert not list(pretrained.glob("*-recipe-*"))


def test_an_interrupted_one_goes_on(toy, pretrained, monkeypatch, capsys):
    save, epochs = laban.training.loop._save, []

    def dies(fabric, state, out):
        save(fabric, state, out)
        epochs.append(len(state["history"]))
        if len(epochs) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(laban.training.loop, "_save", dies)
    arguments = (pretrained, toy / "store.arrow", "fine-tune", "--lr", "0.002")
    assert evaluate(*arguments) == 130
    assert evaluate(*arguments) == 0
    assert epochs == [1, 2]  # not [1, 1, 2]: the first epoch was not repeated
    assert evaluate(*arguments) == 0
    assert epochs == [1, 2]  # nor is what has ended


def test_another_training_in_the_folder_is_told_as_evaluate_s_user_can_mend_it(
    toy, pretrained, tmp_path, capsys
):
    word = tmp_path / "own.yaml"
    word.write_text((toy / "toy.yaml").read_text().replace("name: toy", "name: own"))
    own = (pretrained, toy / "store.arrow", "fine-tune", "--benchmark")
    assert evaluate(*own, str(word)) == 0
    assert "epoch" in capsys.readouterr().err
    # The same benchmark by another path is the same training, and nothing is trained.
    again = tmp_path / "again.yaml"
    again.write_text(word.read_text())
    assert evaluate(*own, str(again)) == 0
    assert "epoch" not in capsys.readouterr().err
    again.write_text(word.read_text().replace("[rise, fall]", "[fall, rise]"))
    assert evaluate(*own, str(again)) == 2
    said = capsys.readouterr().err
    folder = pretrained / "fine-tune-own-epochs-2-batch-12/seed-0"
    assert "was trained with other values of benchmark.classes" in said
    assert f"or remove {folder} to train anew" in said
    assert "--out" not in said and "--resume" not in said


def test_another_recipe_s_numbers(toy, pretrained, capsys):
    own = toy / "tuning.yaml"
    own.write_text((toy / "recipe.yaml").read_text().replace("epochs: 4", "epochs: 1"))
    arguments = ["--data", str(toy / "store.arrow"), "--protocol", "fine-tune"]
    assert main(["evaluate", str(pretrained), *arguments, "--recipe", str(own)]) == 0
    (folder,) = pretrained.glob("fine-tune-toy-recipe-tuning/seed-0")
    run = Run.open(folder)
    assert run.recipe["training"]["epochs"] == 1 and run.recipe["training"]["batch"] == 8
    assert run.recipe["pipeline"]["name"] == "general"
    assert run.recipe["encoder"]["name"] == "st-gcn"


def test_another_recipe_tells_what_an_absent_person_is(toy, pretrained, monkeypatch):
    """hi-trs-ntu counts one as zeros, which the pre-training that it judges does not."""
    begun = []

    def stops(recipe, **_):
        begun.append(recipe.encoder)
        raise LabanError("enough")

    monkeypatch.setattr("laban.tuning.train", stops)
    own, encoder = toy / "absent.yaml", Run.open(pretrained).recipe["encoder"]
    assert encoder["name"] == "st-gcn" and encoder["absent_as_zeros"] is False
    arguments = ["--data", str(toy / "store.arrow"), "--protocol", "fine-tune"]
    for said, name in (("true", "st-gcn"), ("true", "dsta-net"), ("false", "st-gcn")):
        own.write_text(f"""base: hi-trs-ntu
encoder: {{name: {name}, absent_as_zeros: {said}}}
""")
        assert main(["evaluate", str(pretrained), *arguments, "--recipe", str(own)]) == 2
    assert begun == [encoder | {"absent_as_zeros": True}, encoder, encoder]


def test_transfer_to_another_dataset_in_another_layout(toy, pretrained, tmp_path, capsys):
    skeleton, rng = SKELETONS["kinect-v1"], np.random.default_rng(1)

    def clips():
        for number in range(24):
            poses = rng.normal(size=(1, 12, 20, 3)) + rng.normal(size=(20, 3))
            subject = str(1 + number % 2)
            label = "abc"[number % 3]
            yield Clip(f"n{number}", poses, skeleton, label=label, facts={"subject": subject})

    Store.write(tmp_path / "other.arrow", clips())
    word = tmp_path / "other.yaml"
    word.write_text(
        "name: other\nclasses: [a, b, c]\ntrain: {subject: [1]}\ntest: {subject: [2]}\n"
    )
    assert evaluate(pretrained, tmp_path / "other.arrow", "transfer") == 2
    assert "give its --benchmark" in capsys.readouterr().err
    other = (pretrained, tmp_path / "other.arrow", "transfer", "--benchmark", str(word))
    assert evaluate(*other) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["benchmark"] == "other" and len(value["per_class"]) == 3
    run = Run.open(pretrained / "transfer-other-epochs-2-batch-12/seed-0")
    assert run.skeleton.joints == SKELETONS["kinect-v2"].joints
    assert evaluate(*other) == 0  # again: nothing is trained or mapped anew
    Store.write(tmp_path / "third.arrow", list(clips())[1:])
    assert evaluate(other[0], tmp_path / "third.arrow", *other[2:]) == 2
    assert "was made of another store" in capsys.readouterr().err


def test_an_encoder_that_does_not_fit_is_refused(toy, pretrained, tmp_path, capsys):
    store = ["--data", str(toy / "store.arrow"), "--out", str(tmp_path / "run")]
    own = ["train", str(toy / "recipe.yaml"), *store, "--start", str(pretrained)]
    assert main(own) == 2
    assert "does not fit the recipe's" in capsys.readouterr().err
    assert main([*own, "--stream", "bone"]) == 2
    assert "was trained on stream joint, not on bone" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_fewer_levels_of_a_hi_trs_are_filled(toy, pretrained, tmp_path):
    from dataclasses import replace

    source = Run.open(pretrained)
    small = {"name": "hi-trs", "width": 8, "depth": 1, "heads": 1, "head_width": 8}
    recipe = source.recipe | {"pipeline": {"name": "general"}, "objective": {"name": "skeleton-bt"}}

    def run(level):
        values = recipe | {"encoder": small | {"level": level}}
        return replace(source, path=tmp_path, recipe=values)

    whole = run("video").build()
    run("video").save_weights(whole.objective)
    for level in ("frame", "clip"):
        part = run(level).build().encoder
        run("video").give_encoder(part, source.stream)
        given = whole.encoder.state_dict()
        assert all(torch.equal(value, given[name]) for name, value in part.state_dict().items())
    run("clip").save_weights(run("clip").build().objective)
    with pytest.raises(LabanError, match="does not fit the recipe's"):
        run("clip").give_encoder(run("video").build().encoder, source.stream)


def test_tuning_protocols_share_their_options():
    from laban.arguments import options_of

    shared = options_of(PROTOCOLS["fine-tune"])
    assert shared.keys() <= options_of(PROTOCOLS["transfer"]).keys()
    assert {"share"} == options_of(PROTOCOLS["semi-supervised"]).keys() - shared.keys()
