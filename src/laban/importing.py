"""``laban import``: a file of official weights becomes a run.

The run is the base recipe of that system and dataset with the encoder that the tensors tell. Its
pipeline is that recipe's, and where the official data differ from it by a named option, as they
do: the lost bones of DSTA-Net and STST on Kinect v2 (``official_bones``) and ST-TR's bodies in the
order of the file (``listed``). A recipe that the user names is taken as it is.

What no option covers stays with the run:
- The official DSTA-Net and STST train on the odd setups of NTU-120 X-Set, the benchmark on the even
  ones: such a checkpoint knows the clips that ``ntu120-xset`` tests.
- The official motion of Hi-TRS comes a frame later than the stream ``motion``.
- Training lengths that no tensor tells, such as 40 frames or 128, are those of the recipe.

Classes are in the official order, the numbers of the dataset, which is the benchmark's, but for
DHG-28: there the official code counts the 14 gestures with one finger, then with the whole hand.
"""

import hashlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jsonargparse import ArgumentError, ArgumentParser
from torch import nn

import laban
from laban import config, official
from laban.assembly import Parts, assemble
from laban.batch import collate
from laban.benchmarks import BENCHMARKS, FOLDS, Benchmark, find_benchmark
from laban.clip import Clip
from laban.errors import LabanError, unknown_name
from laban.objectives.recognition import Recognition
from laban.official.checkpoint import read_checkpoint
from laban.readers import READERS
from laban.result import Result
from laban.run import Run, environment, new_folder
from laban.skeletons import Skeleton, skeleton_named
from laban.streams import stream_named

__all__ = ["BASES", "import_checkpoint"]

# Of each network with a class head the base recipes, first the one to try first.
BASES: dict[str, tuple[str, ...]] = {
    "dsta-net": ("dsta-net-shrec17", "dsta-net-dhg", "dsta-net-ntu", "nw-ucla"),
    "st-tr-spatial": ("st-tr-ntu",),
    "st-tr-temporal": ("st-tr-ntu",),
    "stst": ("stst-shrec17-official", "stst-ntu"),
    "hi-trs": ("hi-trs-ntu", "hi-trs-shrec17", "hi-trs-nw-ucla"),
}


def import_checkpoint(
    name: str,
    checkpoint: Path,
    *,
    out: Path,
    benchmark: str | None = None,
    stream: str | None = None,
    recipe: str | None = None,
    option: list[str] | None = None,
) -> Result:
    """An official checkpoint becomes a run.

    Args:
        name: dsta-net, st-tr-spatial, st-tr-temporal, stst or hi-trs.
        checkpoint: The file: a state dict, or one under 'model', 'state_dict' or the like.
        out: The run folder, a new one.
        benchmark: What it was trained for; by default the first that has as many classes and
            joints.
        stream: What it was trained on; by default joint, or joint+bone where it takes 6 channels.
        recipe: A recipe instead of the base one; its encoder is replaced.
        option: What the tensors do not tell, such as strides=[1,2,1] heads=8: the options of
            laban.official.load.
    """
    _check_name(name)
    options = _options(name, option or [])
    tensors = read_checkpoint(checkpoint)
    network = official.load(name, tensors, **options)
    encoder, head = _parts(network)
    skeleton: Skeleton = vars(encoder)["skeleton"]
    made: dict[str, Any] = dict(vars(encoder)["recipe"])
    values, word, chosen = _fitting(name, benchmark, recipe, skeleton, head.out_features)
    stream, channels = _stream(name, stream, made.pop("channels"))
    said = {"stream": stream, "benchmark": word, "objective": {"name": "recognition"}}
    said |= {"about": f"the official {name} of {checkpoint.name}, imported", "encoder": made}
    resolved = config.resolve(config.plain(values | said), place=f"recipe {recipe or 'of ' + name}")
    parts = assemble(resolved.values, skeleton, channels, stream, len(chosen.classes))
    _fill(parts, network, chosen)
    _try(parts, skeleton, channels)
    run = Run(
        path=out,
        recipe=resolved.values,
        skeleton=skeleton,
        channels=channels,
        stream=stream,
        benchmark=chosen,
    )
    run.notes = _notes(name, checkpoint, options, encoder)
    new_folder(out)
    run.save_facts()
    run.save_weights(parts.objective)
    return _result(run)


def _check_name(name: str) -> None:
    if name not in official.LOADERS:
        raise unknown_name("official network", name, BASES)
    if name not in BASES:
        raise LabanError(
            f"{name} is an encoder without a class head, so there is no run to make of it: use "
            f"laban.official.load('{name}', state_dict) in Python"
        )


def _options(name: str, words: list[str]) -> dict[str, Any]:
    """The options of a network's loader from ``key=value``, in the types of its signature."""
    known = {
        one.name: one.annotation
        for one in inspect.signature(official.LOADERS[name]).parameters.values()
        if one.kind is inspect.Parameter.KEYWORD_ONLY
        and one.name != "classes"  # a fresh head would be no import
    }
    values: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if key not in known:
            raise unknown_name(f"option of {name}", key, known)
        if not equals:
            raise LabanError(f"option {key} has no value: write --option {key}=VALUE")
        if key == "skeleton":
            values[key] = skeleton_named(text)
            continue
        parser = ArgumentParser(exit_on_error=False)
        parser.add_argument(f"--{key}", type=known[key])
        try:
            values[key] = parser.parse_args([f"--{key}={text}"])[key]
        except ArgumentError as error:
            reason = " ".join(str(error).split())
            raise LabanError(f"option {key} of {name}: {reason}") from None
    return values


def _parts(network: nn.Module) -> tuple[nn.Module, nn.Linear]:
    """The encoder and the class head of a loaded network."""
    encoder, head = network.get_submodule("encoder"), network.get_submodule("head")
    assert isinstance(head, nn.Linear)
    return encoder, head


def _fitting(
    name: str, benchmark: str | None, recipe: str | None, skeleton: Skeleton, classes: int
) -> tuple[dict[str, Any], str, Benchmark]:
    """The recipe's values, the benchmark's word and the benchmark for so many classes.

    Raises:
        LabanError: Where none fits, or what is named does not.
    """
    bases = {word: config.load_recipe(word) for word in ([recipe] if recipe else BASES[name])}
    size = f"{len(skeleton)} joints and {classes} classes"
    if benchmark is None:
        for values in bases.values():
            for word, one in _benchmarks(values):
                if len(one.classes) == classes and _has_joints(one, skeleton):
                    return _faithful(values, skeleton, given=recipe), word, one
        raise LabanError(
            f"{name}: no benchmark of its recipes has {size}: give --benchmark and --recipe"
        )
    chosen = find_benchmark(benchmark)
    if len(chosen.classes) != classes or not _has_joints(chosen, skeleton):
        layout = _layout(chosen)
        joints = f"{len(layout)} joints and " if layout else ""
        raise LabanError(
            f"benchmark {benchmark} has {joints}{len(chosen.classes)} classes, but these tensors "
            f"have {size}: name the benchmark that they were trained for"
        )
    if recipe:
        return bases[recipe], benchmark, chosen
    same = [base for base in bases.values() if _home(base).dataset == chosen.dataset]
    near = [base for base in bases.values() if _has_joints(_home(base), skeleton)]
    if not same + near:
        raise LabanError(
            f"{name}: no base recipe is for {len(skeleton)} joints of {skeleton.name}: give "
            "--recipe, whose pipeline takes them"
        )
    return _faithful((same + near)[0], skeleton, given=None), benchmark, chosen


def _home(values: dict[str, Any]) -> Benchmark:
    """The benchmark that a recipe names, of folds the first."""
    word = values["benchmark"]
    return find_benchmark(f"{word}:1" if word in FOLDS else word)


def _benchmarks(values: dict[str, Any]) -> Iterator[tuple[str, Benchmark]]:
    """The benchmark that a recipe names, then the others of that dataset."""
    if values.get("benchmark"):
        home = _home(values)
        yield values["benchmark"] if values["benchmark"] not in FOLDS else home.name, home
        yield from ((w, one) for w, one in BENCHMARKS.items() if one.dataset == home.dataset)


def _layout(benchmark: Benchmark) -> Skeleton | None:
    """The joint layout of a benchmark's dataset; None: any."""
    return READERS[benchmark.dataset].skeleton if benchmark.dataset in READERS else None


def _has_joints(benchmark: Benchmark, skeleton: Skeleton) -> bool:
    layout = _layout(benchmark)
    return layout is None or len(layout) == len(skeleton)


def _faithful(values: dict[str, Any], skeleton: Skeleton, *, given: str | None) -> dict[str, Any]:
    """A base recipe whose pipeline is as the official data; a given one as it is."""
    pipeline = values["pipeline"]
    if given is None and pipeline["name"] == "dsta-net" and skeleton.name == "kinect-v2":
        pipeline = pipeline | {"official_bones": True}
    elif given is None and pipeline["name"] == "st-tr":
        pipeline = pipeline | {"listed": True}
    return values | {"pipeline": pipeline}


def _stream(name: str, stream: str | None, channels: int) -> tuple[str, int]:
    """The stream's word and the channels of the poses before it."""
    if stream is None:
        stream = "joint+bone" if channels in (4, 6) else "joint"
    width = stream_named(stream).width
    if channels not in (2 * width, 3 * width):
        raise LabanError(
            f"{name}: these tensors take {channels} channels, the stream {stream} has {2 * width} "
            f"or {3 * width}: name the --stream that they were trained on"
        )
    return stream, channels // width


def _fill(parts: Parts, network: nn.Module, benchmark: Benchmark) -> None:
    """The official weights in the run's objective, with the classes in the benchmark's order."""
    assert isinstance(parts.objective, Recognition)
    weights = network.state_dict()
    if benchmark.dataset == "dhg" and len(benchmark.classes) == 28:
        order = torch.arange(28).reshape(2, 14).T.flatten()
        weights |= {f"head.{end}": weights[f"head.{end}"][order] for end in ("weight", "bias")}
    parts.objective.model.load_state_dict(weights)
    parts.objective.eval()


@torch.inference_mode()
def _try(parts: Parts, skeleton: Skeleton, channels: int) -> None:
    """Scores one clip of noise: what does not fit speaks before a folder is made."""
    assert isinstance(parts.objective, Recognition)
    poses = np.random.default_rng(0).normal(size=(2, 32, len(skeleton), channels))
    try:
        clip = parts.pipeline.prepare(Clip("made-up", poses, skeleton))
        scores = parts.objective.scores(collate([clip], [-1], [0]))
    except LabanError as fault:
        raise LabanError(
            f"the recipe's pipeline does not fit these tensors ({fault}): give another --recipe"
        ) from None
    if not scores.isfinite().all():
        raise LabanError("these tensors give scores that are not finite: get the file again")


def _notes(
    name: str, checkpoint: Path, options: dict[str, Any], encoder: nn.Module
) -> dict[str, Any]:
    """Where the run came from, for the run to remember."""
    with checkpoint.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    given = {key: getattr(value, "name", value) for key, value in options.items()}
    return {
        "imported": {
            "network": name,
            "file": checkpoint.name,
            "sha256": digest,
            "options": config.plain(given),
        },
        "selection": f"imported from {checkpoint.name} (sha256 {digest[:16]}), not trained here",
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "environment": environment() | {"laban": laban.__version__},
    }


def _result(run: Run) -> Result:
    value = {
        "run": str(run.path),
        **run.notes["imported"],
        "benchmark": run.benchmark.name,
        "stream": run.stream,
        "skeleton": run.skeleton.name,
        "classes": len(run.classes),
        "parameters": run.notes["parameters"],
        "recipe": run.recipe,
    }
    lines = [
        f"{run.notes['selection']}",
        f"{run.benchmark.name}, {run.stream}, {run.skeleton.name}, {len(run.classes)} classes",
        f"run: {run.path}",
    ]
    return Result(value, "\n".join(lines))
