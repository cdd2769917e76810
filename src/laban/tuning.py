"""Protocols that train the whole encoder on, from a run's weights, with a class head behind it.

Fine-tuning and semi-supervised learning as PSTL has them, https://arxiv.org/abs/2302.09018, section
"Experiment Setting"; what it leaves open is as in its code, https://github.com/YujieOuO/PSTL: Adam
at 0.005 without decay, falling as a cosine over 150 epochs of batches of 128, without augmentation
where the pipeline can do without (``augment: false``). Another paper's numbers come with its recipe
(``--recipe hi-trs-ntu``), and so does what an absent person is (``absent_as_zeros``) where that
recipe has the run's kind of encoder: Hi-TRS's pre-training takes persons apart and knows no absent
ones, its fine-tuning always averages two. Transfer is Hi-TRS's,
https://arxiv.org/abs/2207.09644, Table 3.

Every training is an ordinary run in a folder of the judged run, one a seed, and is resumed where it
was interrupted. Its seed draws head, order and, where labels are few, the clips that have them: a
function of seed and clip name, so all methods get the same, and 1 % is a part of 10 %. With
``scratch`` the encoder begins with fresh weights instead.

Differs from the official code: the last epoch is tested (there the best test epoch).
"""

from pathlib import Path
from typing import Any

from laban import config
from laban.benchmarks import find_benchmark
from laban.errors import LabanError
from laban.evaluation.frozen import check_counts
from laban.evaluation.naming import kept_name
from laban.evaluation.scores import Scores
from laban.mapping import map_clip
from laban.objectives import task_of
from laban.run import Run
from laban.store import Store
from laban.train import train

__all__ = ["fine_tune", "semi_supervised", "transfer"]

TRAINING: dict[str, Any] = {
    "epochs": 150,
    "batch": 128,
    "drop_last": False,
    "optimiser": {"name": "adam", "lr": 0.005, "weight_decay": 0.0},
    "schedule": {"name": "cosine"},
}


def fine_tune(
    path: Path,
    data: Path,
    benchmark: str | None = None,
    *,
    recipe: str | None = None,
    epochs: int | None = None,
    lr: float | None = None,
    batch: int | None = None,
    seeds: int = 1,
    scratch: bool = False,
) -> Scores | None:
    """Scores of the whole network, trained on from a run's encoder with all labels.

    Args:
        path: The run folder.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.
        recipe: Whose pipeline, objective and training; PSTL's numbers by default.
        epochs: Passes over the training clips; the recipe's, or 150, by default.
        lr: Learning rate; the recipe's, or 0.005, by default.
        batch: Clips a step; the recipe's, or 128, by default.
        seeds: How many trainings, from seed 0; the scores are those of the first.
        scratch: Begin with fresh weights, for comparison.

    Returns:
        The scores; None on all processes but the first.
    """
    own: dict[str, Any] = {"recipe": recipe, "epochs": epochs, "lr": lr, "batch": batch}
    own["scratch"] = scratch
    chosen = Run.open(path).judged_on(benchmark)
    folder = path / kept_name("fine-tune", fine_tune, chosen.name, own)
    return _trained(path, data, benchmark, folder, seeds, **own)


def semi_supervised(
    path: Path,
    data: Path,
    benchmark: str | None = None,
    *,
    share: float,
    recipe: str | None = None,
    epochs: int | None = None,
    lr: float | None = None,
    batch: int | None = None,
    seeds: int = 1,
    scratch: bool = False,
) -> Scores | None:
    """Scores of the whole network, trained on from a run's encoder with few labels.

    Args:
        path: The run folder.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.
        share: Per cent of each class's training clips that have labels, one clip at least.
        recipe: Whose pipeline, objective and training; PSTL's numbers by default.
        epochs: Passes over these clips; the recipe's, or 150, by default.
        lr: Learning rate; the recipe's, or 0.005, by default.
        batch: Clips a step; the recipe's, or 128, by default.
        seeds: How many draws and trainings, from seed 0; the scores are those of the first.
        scratch: Begin with fresh weights, for comparison.

    Returns:
        The scores; None on all processes but the first.
    """
    if not 0 < share < 100:
        raise LabanError(f"share is {share:g}, give per cent of the labels, above 0 and below 100")
    own: dict[str, Any] = {"recipe": recipe, "epochs": epochs, "lr": lr, "batch": batch}
    own["scratch"] = scratch
    chosen = Run.open(path).judged_on(benchmark)
    words = own | {"share": share}
    folder = path / kept_name("semi-supervised", semi_supervised, chosen.name, words)
    return _trained(path, data, benchmark, folder, seeds, labels=share / 100, **own)


def transfer(
    path: Path,
    data: Path,
    benchmark: str | None = None,
    *,
    recipe: str | None = None,
    epochs: int | None = None,
    lr: float | None = None,
    batch: int | None = None,
    seeds: int = 1,
    scratch: bool = False,
) -> Scores | None:
    """Scores of the whole network, trained on from a run's encoder on another dataset.

    Clips in another joint layout become the run's, joint by joint by their names.

    Args:
        path: The run folder.
        data: The other dataset's store.
        benchmark: Its benchmark's word.
        recipe: Whose pipeline, objective and training; PSTL's numbers by default.
        epochs: Passes over the training clips; the recipe's, or 150, by default.
        lr: Learning rate; the recipe's, or 0.005, by default.
        batch: Clips a step; the recipe's, or 128, by default.
        seeds: How many trainings, from seed 0; the scores are those of the first.
        scratch: Begin with fresh weights, for comparison.

    Returns:
        The scores; None on all processes but the first.
    """
    if benchmark is None:
        raise LabanError("protocol transfer judges on another dataset: give its --benchmark")
    own: dict[str, Any] = {"recipe": recipe, "epochs": epochs, "lr": lr, "batch": batch}
    own["scratch"] = scratch
    chosen = find_benchmark(benchmark)
    folder = path / kept_name("transfer", transfer, chosen.name, own)
    run, store = Run.open(path), Store(data)
    if store.skeleton.joints == run.skeleton.joints:
        return _trained(path, data, benchmark, folder, seeds, **own)
    mapped = folder / "mapped.arrow"
    if not mapped.exists():
        clips = (map_clip(clip, run.skeleton) for clip in store)
        Store.write(mapped, clips, info={"mapped from": store.digest})
    elif Store(mapped).info.get("mapped from") != store.digest:
        raise LabanError(f"{mapped} was made of another store than {data}: remove {folder}")
    return _trained(path, mapped, benchmark, folder, seeds, **own)


def _trained(
    path: Path,
    data: Path,
    benchmark: str | None,
    folder: Path,
    seeds: int,
    *,
    scratch: bool,
    labels: float = 1.0,
    **numbers: Any,
) -> Scores | None:
    """The scores of one training a seed, each a run in the folder."""
    check_counts(seeds=seeds)
    run, tested = Run.open(path), []
    judged = run.judged_on(benchmark)
    for seed in range(seeds):
        values = _recipe(run, benchmark, **numbers)
        values["training"] |= {"seed": seed, "labels": labels}
        values["start"] = None if scratch else str(path)
        out = folder / f"seed-{seed}"
        recipe = config.resolve(values, place=f"the training of {out}")
        if task_of(recipe.values) != "recognition":
            raise LabanError(
                f"recipe {numbers['recipe']} has objective {recipe.objective['name']}, which names "
                "no clips: give one that laban train takes, such as hi-trs-ntu"
            )
        begun = out.is_dir() and any(out.iterdir())
        mend = f"judge with the same data and options as then, or remove {out} to train anew"
        own: dict[str, Any] = {"resume": begun, "mend": mend, "benchmark": judged}
        if train(recipe, data=data, out=out, **own) is not None:
            tested.append(Scores.load(out / "test.parquet"))
    if not tested:  # another process speaks
        return None
    return Scores.of_seeds(tested)


def _recipe(
    run: Run,
    benchmark: str | None,
    *,
    recipe: str | None,
    epochs: int | None,
    lr: float | None,
    batch: int | None,
) -> dict[str, Any]:
    """The values of a training of a run's encoder with a class head, before seed and labels."""
    encoder = run.recipe["encoder"]
    if recipe is not None:
        values = dict(config.load_recipe(recipe))
        theirs = values.get("encoder", {})
        if theirs.get("name") == encoder["name"] and "absent_as_zeros" in theirs:
            encoder = encoder | {"absent_as_zeros": theirs["absent_as_zeros"]}
    else:
        pipeline = dict(run.recipe["pipeline"])
        if "augment" in pipeline:
            pipeline["augment"] = False
        values = {"pipeline": pipeline, "objective": {"name": "recognition"}, "training": TRAINING}
    values["encoder"], values["stream"] = encoder, run.stream
    values["benchmark"] = benchmark or run.recipe["benchmark"]
    values["about"] = f"{run.recipe['encoder']['name']} of {run.path.name}, trained on"
    training = dict(values.get("training", {}))
    training |= {k: v for k, v in (("epochs", epochs), ("batch", batch)) if v is not None}
    if lr is not None:
        training["optimiser"] = dict(training.get("optimiser", {})) | {"lr": lr}
    return values | {"training": training}
