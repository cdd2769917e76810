"""The commands that need PyTorch: each a function whose signature is its command line."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any, Literal, NoReturn

from laban import config
from laban.benchmarks import FOLDS
from laban.errors import LabanError, unknown_name
from laban.evaluation import PROTOCOLS
from laban.evaluation.scores import Scores
from laban.evaluation.scores import fuse as fused
from laban.objectives import learns_from_labels
from laban.recordings import recordings
from laban.result import Result
from laban.train import train

__all__ = ["evaluate", "fuse", "pretrain_command", "recipes", "render", "train_command"]


def train_command(arguments: Sequence[str]) -> Result | None:
    """``laban train RECIPE --data STORE --benchmark B --out RUN [--resume] [--any.key value]``."""
    return _train("train", "dsta-net-shrec17", arguments)


def pretrain_command(arguments: Sequence[str]) -> Result | None:
    """``laban pretrain``, as ``laban train``, of an objective that takes no labels."""
    return _train("pretrain", "pstl-nw-ucla", arguments)


def _train(name: str, example: str, arguments: Sequence[str]) -> Result | None:
    """``laban train`` or ``laban pretrain``."""
    parser = _OneSentence(prog=f"laban {name}", allow_abbrev=False, add_help=False)
    about = "a built-in recipe (see 'laban recipes') or a YAML file"
    parser.add_argument("recipe", nargs="?", help=about)
    parser.add_argument("--data", type=Path, help="the store")
    parser.add_argument("--out", type=Path, help="the run folder")
    parser.add_argument("--resume", action="store_true", help="go on where it stopped")
    parser.add_argument("--help", "-h", action="store_true", help="this, with the recipe's keys")
    if arguments and arguments[0].startswith("--") and arguments[0] != "--help":
        raise LabanError(f"laban {name}: name the recipe first, then the options")
    given, rest = parser.parse_known_args(list(arguments))
    if given.help:
        values = config.load_recipe(given.recipe or example)
        return Result(None, parser.format_help() + "\n" + config.help_text(values))
    for key in ("recipe", "data", "out"):
        if getattr(given, key) is None:
            option = "a recipe" if key == "recipe" else f"--{key}"
            raise LabanError(f"laban {name} needs {option}, see 'laban {name} --help'")
    recipe = config.resolve(config.load_recipe(given.recipe), rest, place=f"recipe {given.recipe}")
    right = "train" if learns_from_labels(recipe.values) else "pretrain"
    if name != right:
        objective = recipe.objective["name"]
        raise LabanError(f"objective {objective} is none of 'laban {name}', use 'laban {right}'")
    own = {"data": given.data, "resume": given.resume}
    own["command"] = shlex.join(["laban", name, *arguments])
    if recipe.benchmark in FOLDS and right == "train":  # what pre-trains names one fold
        return _train_folds(recipe, given.out, own)
    return train(recipe, out=given.out, **own)


class _OneSentence(argparse.ArgumentParser):
    """A parser whose complaint is a LabanError."""

    def error(self, message: str) -> NoReturn:
        raise LabanError(f"{self.prog}: {message}, see '{self.prog} --help'")


def _train_folds(recipe: config.Recipe, out: Path, own: dict[str, Any]) -> Result | None:
    """One run for each fold of a benchmark, and the mean of their accuracies."""
    word, tops = str(recipe.benchmark), []
    for fold in range(1, FOLDS[word] + 1):
        name = f"{word}:{fold}"
        one = replace(recipe, benchmark=name, values=recipe.values | {"benchmark": name})
        folder = out / f"fold-{fold:02d}"
        done = folder / "test.parquet"
        if own["resume"] and done.exists():
            tops.append(Scores.load(done).top(1))
            continue
        own_fold = own | {"resume": own["resume"] and folder.exists()}
        result = train(one, out=folder, **own_fold)
        if result is not None:
            tops.append(result.value["top1"])
    if not tops:
        return None
    mean = sum(tops) / len(tops)
    value = {"benchmark": word, "folds": [round(top, 2) for top in tops], "top1": round(mean, 2)}
    return Result(value, f"{word}, mean of {len(tops)} folds\ntop-1: {mean:.1f} %")


def evaluate(
    run: Path,
    *,
    data: Path,
    benchmark: str | None = None,
    protocol: str = "recognition",
    neighbours: int | None = None,
    epochs: int | None = None,
    lr: float | None = None,
    batch: int | None = None,
    seeds: int | None = None,
) -> Result:
    """A run's scores on the test clips of a benchmark.

    What linear and knn find is kept in the run, as linear.parquet and knn.parquet.
    An imported run keeps its first scores on its own benchmark, as training does, for 'laban fuse'.

    Args:
        run: The run folder.
        data: The store.
        benchmark: Another benchmark; with the same classes unless the protocol learns them anew.
            The run's own by default.
        protocol: How the encoder is judged: recognition, linear or knn.
        neighbours: Of knn, training clips that vote; 1 by default.
        epochs: Of linear; 150 by default.
        lr: Of linear, the learning rate; 0.01 by default.
        batch: Of linear, clips a step; 128 by default.
        seeds: Of linear, classifiers trained, for a mean and a spread; 1 by default.
    """
    if protocol not in PROTOCOLS:
        raise unknown_name("protocol", protocol, PROTOCOLS)
    options = {"neighbours": neighbours, "epochs": epochs, "lr": lr, "batch": batch, "seeds": seeds}
    given = {name: value for name, value in options.items() if value is not None}
    known = signature(PROTOCOLS[protocol]).parameters
    for name in given:
        if name not in known:
            raise LabanError(f"--{name} is no option of protocol {protocol}, leave it out")
    scores = PROTOCOLS[protocol](run, data, benchmark, **given)
    kept = scores_file(run, protocol)
    if protocol != "recognition" or (benchmark is None and not kept.exists()):
        scores.save(kept)
    value = scores.to_json()
    return Result(value, scores_text(value))


def scores_file(run: Path, protocol: str) -> Path:
    """Where a run keeps the test scores of a protocol; training writes those of recognition."""
    return run / f"{'test' if protocol == 'recognition' else protocol}.parquet"


def scores_text(value: dict[str, Any]) -> str:
    """The figures of `Scores.to_json` for a person."""
    width = max(map(len, value["per_class"]))
    lines = [f"{value['benchmark']}, {value['split']}, {value['clips']} clips"]
    lines += [
        f"  {name:<{width}}  {'-' if share is None else f'{share:5.1f} %'}"
        for name, share in value["per_class"].items()
    ]
    lines += value["left_out"]
    lines += [f"top-1: {value['top1']:.1f} %", f"top-5: {value['top5']:.1f} %"]
    if "seeds" in value:
        mean, spread = value["top1_mean"], value["top1_spread"]
        lines.append(f"top-1 of {len(value['seeds'])} seeds: {mean:.1f} ± {spread:.1f} %")
    return "\n".join(lines)


def fuse(
    runs: list[Path],
    *,
    weights: list[float] | None = None,
    scores: Literal["softmax", "logits"] = "softmax",
    protocol: str = "recognition",
    out: Path | None = None,
) -> Result:
    """Sums the test scores of several runs, clip by clip.

    Args:
        runs: Run folders that were tested on the same clips.
        weights: One a run; all 1 by default.
        scores: Sum probabilities, or the scores before the softmax.
        protocol: Whose scores: those that training left, or 'laban evaluate --protocol' in the run.
        out: A new folder for a report that compares the runs class by class.
    """
    if protocol not in PROTOCOLS:
        raise unknown_name("protocol", protocol, PROTOCOLS)
    tested = [Scores.load(scores_file(run, protocol)) for run in runs]
    total = fused(tested, weights, scores=scores)
    if out is not None:
        from laban.report import write_fusion_report
        from laban.run import new_folder

        same = len({run.name for run in runs}) < len(runs)
        names = [str(run) if same else run.name for run in runs]
        write_fusion_report(names, tested, total, new_folder(out))
    value = total.to_json()
    single = {str(run): round(one.top(1), 2) for run, one in zip(runs, tested, strict=True)}
    lines = [f"  {run}: {top:.1f} %" for run, top in single.items()]
    return Result(value | {"runs": single}, "\n".join([*lines, "fused", scores_text(value)]))


def render(source: Path, out: Path, *, clip: str | None = None) -> Result:
    """Draws a clip.

    Args:
        source: A recording of any known format or a store.
        out: A file that ends in gif, mp4, png or html.
        clip: Which clip, by name; the first by default.
    """
    from laban.render import render as draw

    names = []
    for found in recordings(source):
        if clip in (None, found.name):
            draw(found, out)
            return Result({"clip": found.name, "out": str(out)}, f"{found.name}: {out}")
        names.append(found.name)
    raise unknown_name(f"clip of {source}", clip or "", names)


def recipes(*, paper: str | None = None) -> Result:
    """The built-in recipes, and the rows of the papers' tables.

    Args:
        paper: Only those of dsta-net, st-tr, stst, hi-trs or pstl.
    """
    value = config.recipe_list(paper)
    width = max((len(row["name"]) for row in value), default=0)
    lines = []
    for row in value:
        said = f"  published {row['published']} %" if row["published"] is not None else ""
        where = f"{row['paper']} {row['table']}: {row['row']}" if row["table"] else row["row"]
        by = f", {row['protocol']}" if "protocol" in row else ""
        lines.append(f"{row['name']:<{width}}  {row['benchmark'] or '-':<14}  {where}{by}{said}")
    return Result(value, "\n".join(lines))
