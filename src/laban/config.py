"""Recipes: an experiment as YAML, whose keys are the arguments of the code that does the work.

A recipe names a pipeline, an encoder and an objective; their options are their constructors', read
off the signature, so there is no second schema. What a recipe does not say stays at the default;
anything in it can be set again on the command line, such as ``--training.optimiser.lr 0.05``.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from inspect import signature
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentError, ArgumentParser

from laban.arguments import complaint, option_value
from laban.encoders import ENCODERS
from laban.errors import LabanError, nearest, unknown_name
from laban.objectives import OBJECTIVES
from laban.pipelines import PIPELINES
from laban.streams import STREAMS
from laban.training.settings import Optimiser, Schedule, Training
from laban.yaml_text import parse_yaml

__all__ = [
    "Recipe",
    "flat",
    "judging",
    "load_recipe",
    "recipe_list",
    "recipe_names",
    "resolve",
    "table_row",
]

# Which constructor a component's options belong to, and what the library itself hands it.
COMPONENTS: dict[str, tuple[Mapping[str, type], set[str]]] = {
    "pipeline": (PIPELINES, {"skeleton"}),
    "encoder": (ENCODERS, {"skeleton", "channels"}),
    "objective": (OBJECTIVES, {"encoder", "view", "classes", "fps"}),
}


@dataclass
class Recipe:
    """A resolved experiment.

    Attributes:
        pipeline: ``name`` and the options of the pipeline.
        encoder: ``name`` and the options of the encoder.
        objective: ``name`` and the options of the objective.
        training: The numbers of the training.
        stream: The stream's word.
        benchmark: The benchmark's word, or None where the command line must give it.
        start: The run folder whose encoder's weights the training begins with, or None.
        values: All of it as plain values, as written to a run.
    """

    pipeline: dict[str, Any]
    encoder: dict[str, Any]
    objective: dict[str, Any]
    training: Training
    stream: str
    benchmark: str | None
    start: str | None
    values: dict[str, Any]


def recipe_names() -> list[str]:
    """The built-in recipes: base recipes and the rows of the papers' tables."""
    folder = files("laban.recipes")
    bases = {path.name.removesuffix(".yaml") for path in folder.iterdir() if _is_base(path.name)}
    return sorted(bases | set(_tables()))


def _is_base(name: str) -> bool:
    return name.endswith(".yaml") and name != "tables.yaml"


def _tables() -> dict[str, dict]:
    """Rows of the papers' tables by name: base, overrides and what was published."""
    return _built_in("tables.yaml")


@cache
def _built_in(name: str) -> dict[str, Any]:
    """A file of the recipes' folder; not to be changed."""
    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # seven times as fast, if it is built
    return yaml.load((files("laban.recipes") / name).read_text(), fast) or {}


def table_row(name: str) -> dict[str, Any]:
    """The row of a paper's table by its recipe's name; empty for a base recipe."""
    return _tables().get(name, {})


def judging(row: Mapping[str, Any]) -> str:
    """The options of ``laban evaluate`` that judge a row; empty where its own classifier counts."""
    words = ["--protocol", row["protocol"]] if "protocol" in row else []
    for name, value in row.get("options", {}).items():
        values = value if isinstance(value, list) else [value]
        words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return " ".join(words)


def load_recipe(word: str) -> dict[str, Any]:
    """The values of a built-in recipe, of a row of a table, or of a YAML file, unchecked."""
    rows = _tables()
    if word in rows:
        row = rows[word]
        if "fuse" in row:
            verb, judged, by = "train", "", ""
            if "protocol" in row:
                verb, by = "pretrain", f" --protocol {row['protocol']}"
                judged = f", judge each by 'laban evaluate {judging(row)}'"
            raise LabanError(
                f"recipe {word} is a fusion: {verb} {', '.join(row['fuse'])}{judged} and give "
                f"their runs to 'laban fuse{by}'"
            )
        values = _merged(load_recipe(row["base"]), row.get("set", {}))
        return _merged(values, {"benchmark": row["benchmark"]})
    if (files("laban.recipes") / f"{word}.yaml").is_file() and _is_base(f"{word}.yaml"):
        return _on_base(deepcopy(_built_in(f"{word}.yaml")), word)
    path = Path(word)
    if path.suffix not in (".yaml", ".yml", ".json"):
        raise unknown_name("recipe", word, recipe_names())
    if not path.is_file():
        raise LabanError(f"{word} does not exist: give a recipe file, or see 'laban recipes'")
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise LabanError(f"{path} cannot be read ({fault.strerror}): check the path") from fault
    values = parse_yaml(data, str(path))
    if not isinstance(values, dict):
        raise LabanError(
            f"{path}: a recipe is a YAML mapping, such as 'encoder: {{name: dsta-net}}'"
        )
    return _on_base(values, str(path))


def _on_base(values: dict[str, Any], place: str) -> dict[str, Any]:
    """The values of a recipe, what it does not say taken from the built-in one that is its base."""
    base = values.pop("base", None)
    if base is None:
        return values
    if not isinstance(base, str) or base not in recipe_names():
        raise LabanError(f"{place}: base: {unknown_name('recipe', str(base), recipe_names())}")
    return _merged(load_recipe(base), values)


def _merged(base: Mapping, over: Mapping) -> dict:
    """Nested mappings, the second one's values winning; another component name drops options."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            fresh = value.get("name", old.get("name")) != old.get("name") and key in COMPONENTS
            result[key] = dict(value) if fresh else _merged(old, value)
        else:
            result[key] = value
    return result


def resolve(
    values: Mapping[str, Any], arguments: Sequence[str] = (), *, place: str = "recipe"
) -> Recipe:
    """Checks a recipe's values against the constructors, with command-line arguments on top.

    Raises LabanError for unknown keys and names (with the nearest ones) and for wrong types.
    """
    arguments = list(arguments)
    values = _named(values, arguments, place)
    parser = _parser(values)
    defaults = flat(parser.get_defaults().as_dict())
    _check_keys(values, defaults, place)
    try:
        parser.parse_object(deepcopy(dict(values)))  # set_defaults does not check types
        parser.set_defaults(flat(values))
        chosen = parser.parse_args(arguments).as_dict()
    except ArgumentError as error:
        raise LabanError(_sentence(error, place)) from None
    empty = {key for key, value in flat(chosen).items() if value is None} - _nullable(values)
    for key in sorted(empty):
        if defaults.get(key) is not None:
            raise LabanError(f"{place}: {key} is null, give a value or leave the key out")
    if any(chosen[kind]["name"] != values[kind]["name"] for kind in COMPONENTS):
        raise LabanError(f"{place}: write a component's name once and in full, --encoder.name NAME")
    return _recipe(chosen)


def _named(values: Mapping[str, Any], arguments: Sequence[str], place: str) -> Mapping[str, Any]:
    """The values with the components' names from the command line, each a known one."""
    for kind, (names, _) in COMPONENTS.items():
        wanted = option_value(arguments, f"{kind}.name")
        if wanted is not None:
            values = _merged(values, {kind: {"name": wanted}})
        options = values.get(kind)
        name = options.get("name") if isinstance(options, Mapping) else None
        if not isinstance(name, str):
            raise LabanError(
                f"{place}: {kind} has no name, write '{kind}: {{name: {next(iter(names))}}}'"
            )
        if name not in names:
            raise unknown_name(f"{kind} in {place}", name, names)
    return values


def _parser(values: Mapping[str, Any]) -> ArgumentParser:
    """A parser with the options of the three components that the recipe names."""
    parser = ArgumentParser(prog="laban train RECIPE", exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--about", type=str, default="", help="what the recipe is")
    parser.add_argument("--stream", type=str, default="joint", help=" ".join(STREAMS))
    parser.add_argument("--benchmark", type=str | None, default=None, help="label set and split")
    about = "a run whose encoder's weights the training begins with"
    parser.add_argument("--start", type=str | None, default=None, help=about)
    for kind, (names, given) in COMPONENTS.items():
        name = values[kind]["name"]
        parser.add_argument(f"--{kind}.name", type=str, default=name, help=" ".join(names))
        parser.add_class_arguments(names[name], kind, skip=given, as_group=False)
    parser.add_class_arguments(Training, "training")
    return parser


def _nullable(values: Mapping[str, Any]) -> set[str]:
    """The components' options that may be None, such as ``encoder.poses_at``."""
    return {
        f"{kind}.{name}"
        for kind, (names, _) in COMPONENTS.items()
        for name, option in signature(names[values[kind]["name"]]).parameters.items()
        if "None" in str(option.annotation)
    }


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as dotted keys."""
    flattened: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flattened |= flat(value, f"{prefix}{key}.")
        else:
            flattened[f"{prefix}{key}"] = value
    return flattened


def _check_keys(values: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    """Refuses keys that no constructor takes, with the nearest that one does."""
    known = set(known)
    for key in flat(values):
        if key not in known:
            leaf = key.split(".")[-1]
            near = [k for k in known if difflib.get_close_matches(leaf, [k.split(".")[-1]])]
            hint = nearest(key, near or known)
            raise LabanError(f"{place}: unknown key '{key}': {hint}")


def _sentence(error: Exception, place: str) -> str:
    return f"{place}: {complaint(error)}"


def _recipe(chosen: Mapping[str, Any]) -> Recipe:
    """The record of checked values."""
    if chosen["stream"] not in STREAMS:
        raise unknown_name("stream", chosen["stream"], STREAMS)
    return Recipe(
        pipeline=chosen["pipeline"],
        encoder=chosen["encoder"],
        objective=chosen["objective"],
        training=training_from(chosen["training"]),
        stream=chosen["stream"],
        benchmark=chosen["benchmark"],
        start=chosen["start"],
        values=plain(chosen),
    )


def training_from(values: Mapping[str, Any]) -> Training:
    """The training record of plain values."""
    optimiser, schedule = Optimiser(**values["optimiser"]), Schedule(**values["schedule"])
    return Training(**{**values, "optimiser": optimiser, "schedule": schedule})


def plain(value: Any) -> Any:
    """The value with tuples as lists, as YAML and JSON write them."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def help_text(values: Mapping[str, Any]) -> str:
    """All keys of a recipe with their meanings, as the command line takes them."""
    return _parser(values).format_help()


def recipe_list(paper: str | None = None) -> list[dict[str, Any]]:
    """Every built-in recipe: name, paper, table, row, benchmark and the published per cent.

    A row whose encoder is judged otherwise than by its own scores names its ``protocol`` too, with
    the ``options`` that this gets; one that fuses runs names their recipes (``fuse``); one whose
    figure is no per cent names its ``unit``.
    """
    papers = sorted({row["paper"] for row in _tables().values()})
    if paper is not None and paper not in papers:
        raise unknown_name("paper", paper, papers)
    rows: list[dict[str, Any]] = []
    for name in recipe_names():
        row = table_row(name)
        if paper not in (None, row.get("paper", "")):
            continue
        values = {} if "fuse" in row else load_recipe(name)
        rows.append(
            {
                "name": name,
                "paper": row.get("paper", ""),
                "table": row.get("table", ""),
                "row": row.get("row", values.get("about", "")),
                "benchmark": row.get("benchmark", values.get("benchmark")),
                "published": row.get("published"),
            }
        )
        rows[-1] |= {key: row[key] for key in ("protocol", "options", "fuse", "unit") if key in row}
    return rows
