"""The commands that need PyTorch: each a function whose signature is its command line."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from laban import config
from laban.arguments import (
    JSON_HELP,
    add_options,
    option_value,
    options_of,
    parse,
    signature_parser,
    summary,
)
from laban.benchmarks import FOLDS
from laban.errors import LabanError, unknown_name
from laban.evaluation.scores import Scores
from laban.evaluation.scores import fuse as fused
from laban.objectives import task_of
from laban.protocols import PROTOCOLS, check_options, find_scores, judge
from laban.recordings import recordings
from laban.result import Result
from laban.train import train

__all__ = [
    "evaluate",
    "evaluate_command",
    "fuse",
    "pretrain_command",
    "recipes",
    "render",
    "train_command",
]


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
        about = parser.format_help() + f"\n{JSON_HELP}\n"
        return Result(None, about + "\n" + config.help_text(values))
    for key in ("recipe", "data", "out"):
        if getattr(given, key) is None:
            option = "a recipe" if key == "recipe" else f"--{key}"
            raise LabanError(f"laban {name} needs {option}, see 'laban {name} --help'")
    recipe = config.resolve(config.load_recipe(given.recipe), rest, place=f"recipe {given.recipe}")
    right = "pretrain" if task_of(recipe.values) == "pretraining" else "train"
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


def evaluate_command(arguments: Sequence[str]) -> Result | None:
    """``laban evaluate RUN --data STORE [--benchmark B] [--protocol P] [P's own options]``."""
    if "--help" in arguments or "-h" in arguments:
        return Result(None, _evaluation_help())
    return evaluate(**parse("evaluate", evaluation_parser(arguments), arguments))


def evaluation_parser(arguments: Sequence[str]) -> Any:
    """The parser of ``laban evaluate`` with the options of the protocol that the line names."""
    protocol = option_value(arguments, "protocol") or "recognition"
    every = {name for function in PROTOCOLS.values() for name in options_of(function)}
    words = {word.split("=")[0] for word in arguments}
    check_options(protocol, [n for n in sorted(every) if f"--{n.replace('_', '-')}" in words])
    parser = signature_parser("evaluate", evaluate)
    add_options(parser, PROTOCOLS[protocol])
    return parser


def _evaluation_help() -> str:
    """What all protocols share, then each of them with its own options."""
    from jsonargparse import ArgumentParser

    texts = [signature_parser("evaluate", evaluate).format_help()]
    for name, function in sorted(PROTOCOLS.items()):
        parser = ArgumentParser(add_help=False, usage=argparse.SUPPRESS)
        group = parser.add_argument_group(f"--protocol {name}", summary(function))
        add_options(group, function)
        texts.append(parser.format_help())
    return "\n".join(text.strip("\n") + "\n" for text in texts).rstrip("\n")


def evaluate(
    run: Path,
    *,
    data: Path,
    benchmark: str | None = None,
    protocol: str = "recognition",
    **options: Any,
) -> Result | None:
    """A run's scores on the test clips of a benchmark.

    What a protocol finds is kept in the run, under a name of protocol, benchmark and options.
    An imported run keeps its first scores on its own benchmark, as training does, for 'laban fuse'.

    Args:
        run: The run folder.
        data: The store.
        benchmark: Another benchmark; with the same classes unless the protocol learns them anew.
            The run's own by default.
        protocol: How the encoder is judged; each has options of its own.
        options: Those of the protocol.
    """
    scores = judge(run, data, benchmark, protocol, options)
    if scores is None:
        return None
    if not isinstance(scores, Scores):
        return Result(scores.to_json(), str(scores))
    value = scores.to_json()
    return Result(value, scores_text(value))


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
    for name, curve in value.get("curves", {}).items():
        lines.append(f"{name}, mean and spread of the draws")
        for point in curve:
            mean, spread = point["top1_mean"], point["top1_spread"]
            lines.append(f"  {point['count']:2d}  {mean:5.1f} ± {spread:.1f} %")
    return "\n".join(lines)


def fuse(
    runs: list[Path],
    *,
    weights: list[float] | None = None,
    scores: Literal["softmax", "logits"] = "softmax",
    protocol: str = "recognition",
    benchmark: str | None = None,
    out: Path | None = None,
) -> Result:
    """Sums the test scores of several runs, clip by clip.

    Runs of all folds of a benchmark are fused fold by fold, for the mean of the folds.

    Args:
        runs: Run folders that were tested on the same clips, or the files of their scores.
        weights: One a run; all 1 by default.
        scores: Sum probabilities, or the scores before the softmax.
        protocol: Whose scores: those that training left, or 'laban evaluate --protocol' in the run.
        benchmark: The benchmark of those scores; each run's own by default.
        out: A new folder for a report that compares the runs class by class.
    """
    folds = [sorted(path.name for path in run.glob("fold-*") if path.is_dir()) for run in runs]
    if any(folds):
        if out is not None or any(folds[0] != other for other in folds):
            counts = ", ".join(
                f"{run} has {len(names)}" for run, names in zip(runs, folds, strict=True)
            )
            raise LabanError(
                f"of folds, {counts}: give runs of the same ones, and no --out, whose report is of "
                "one fold"
            )
        own = {"weights": weights, "scores": scores, "protocol": protocol, "benchmark": benchmark}
        return _fuse_folds(runs, folds[0], own)
    files = [find_scores(run, protocol, benchmark) for run in runs]
    if len({path.name for path in files}) > 1 and files != runs:
        odd = ", ".join(map(str, files))
        raise LabanError(f"{odd} were not found alike: judge the runs with the same options")
    tested = [Scores.load(path) for path in files]
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


def _fuse_folds(runs: list[Path], folds: list[str], own: dict[str, Any]) -> Result:
    """The runs fused in each fold, and the means over the folds."""
    values = [fuse([run / fold for run in runs], **own).value for fold in folds]
    tops = [value["top1"] for value in values]
    mean = sum(tops) / len(tops)
    single = {
        str(run): round(sum(tested) / len(folds), 2)
        for run, tested in zip(
            runs, zip(*(v["runs"].values() for v in values), strict=True), strict=True
        )
    }
    word = values[0]["benchmark"].split(":")[0]
    value = {"benchmark": word, "folds": tops, "top1": round(mean, 2), "runs": single}
    lines = [f"  {run}: {top:.1f} %" for run, top in single.items()]
    lines += [f"fused, {word}, mean of {len(tops)} folds", f"top-1: {mean:.1f} %"]
    return Result(value, "\n".join(lines))


def render(source: Path, out: Path, *, clip: str | None = None) -> Result:
    """Draws a clip.

    Args:
        source: A recording of any known format or a store.
        out: A file that ends in gif, mp4, png or html; one that is there is replaced.
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
        unit = row.get("unit", "%")
        said = f"  published {row['published']} {unit}" if row["published"] is not None else ""
        where = f"{row['paper']} {row['table']}: {row['row']}" if row["table"] else row["row"]
        by = f"  {config.judging(row)}" if "protocol" in row else ""
        of = f"  fuses {' '.join(row['fuse'])}" if "fuse" in row else ""
        where = f"{row['benchmark'] or '-':<14}  {where}"
        lines.append(f"{row['name']:<{width}}  {where}{by}{of}{said}")
    return Result(value, "\n".join(lines))
