"""A run as one file that other programs execute: ONNX, or PyTorch's own exported program.

What is in its graph says `laban.traced`. The card of the run, with classes, skeleton, stream and
pipeline, is in the file's metadata under ``laban``. A file appears once it is whole and has been
compared with its run, or not at all.

ONNX: https://onnx.ai, exporter: https://docs.pytorch.org/docs/stable/onnx_export.html
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.text import Text
from torch import Tensor
from torch.export import ExportedProgram

from laban.card import Card
from laban.errors import LabanError
from laban.quantise import quantise, quietly
from laban.result import Result
from laban.run import Run
from laban.runtime import CARD, EXPORTED, ExportedPredictor
from laban.splits import Splits, split_store
from laban.store import Store
from laban.traced import Computed, difference, exported, most_frames
from laban.unfinished import remove_unfinished, unfinished

__all__ = ["export"]

CALIBRATION = 64  # clips


def export(
    run: Path,
    out: Path,
    *,
    data: Path | None = None,
    int8: bool = False,
    overwrite: bool = False,
) -> Result:
    """A run as one file: .onnx for ONNX Runtime, .pt2 for torch.export.

    Args:
        run: The run folder.
        out: The file, ending in .onnx or .pt2.
        data: A store; its test clips are judged by the files.
        int8: Also write an .onnx file in 8 bits, .int8.onnx, beside it. With ``data`` all of the
            network is, by ranges that training clips show; without, its linear maps' weights are.
        overwrite: Replace files that are there.
    """
    outs = _free(out, data, int8=int8, overwrite=overwrite)
    opened = Run.open(run)
    opened.need_clips()
    judged = None if data is None else _judged(opened, data)
    if judged is not None:  # before minutes of work are done
        for part in ("test", *(["train"] if int8 else [])):
            judged[1].need(part)
    tops: dict[Path, float] = {}
    with _together(outs) as places:
        worst = _written(opened, places, judged)
        if judged is not None:
            for path, place in zip(outs, places, strict=True):
                with _step(f"judging {len(judged[1].test):,} test clips with {path.name}"):
                    tops[path] = top1(ExportedPredictor(place), *judged)
    value: dict[str, Any] = {"out": str(out), "difference": worst}
    lines = [f"{out}: {_size(out)}, largest difference to PyTorch {worst:.1e}"]
    for small in outs[1:]:
        value["int8"] = str(small)
        lines.append(f"{small}: {_size(small)}")
    if tops:
        value["top1"] = {str(path): top for path, top in tops.items()}
        lines += [f"top-1 of {path}: {top:.2f} %" for path, top in tops.items()]
    return Result(value, "\n".join(lines))


def _free(out: Path, data: Path | None, *, int8: bool, overwrite: bool) -> list[Path]:
    """The files to write, all of which can be."""
    if out.suffix not in EXPORTED:
        raise LabanError(f"{out} must end in {' or '.join(EXPORTED)}")
    for option, given in (("--int8", int8), ("--data", data is not None)):
        if given and out.suffix != ".onnx":
            raise LabanError(f"{option} is about .onnx files, not {out}")
    if not out.parent.is_dir():
        raise LabanError(f"{out.parent} is no folder, make it or choose another place")
    outs = [out, *([out.with_suffix(".int8.onnx")] if int8 else [])]
    for path in outs:
        if path.exists() and (not overwrite or not path.is_file()):
            raise LabanError(f"{path} exists: give another path, or --overwrite to replace a file")
    if out.suffix == ".onnx":
        _need_exporter()
    return outs


@contextmanager
def _together(outs: list[Path]) -> Iterator[list[Path]]:
    """Where to write files that appear together, once nothing more can go wrong, or not at all."""
    part = unfinished(outs[0])
    part.mkdir(exist_ok=True)
    places = [part / out.name for out in outs]
    try:
        yield places
        for place, out in zip(places, outs, strict=True):
            os.replace(place, out)
    except LabanError as error:  # where it lay for a while is nobody's business
        sentence = str(error)
        for place, out in zip(places, outs, strict=True):
            sentence = sentence.replace(str(place), str(out))
        raise LabanError(sentence) from None
    finally:
        remove_unfinished(part)


def _step(words: str) -> Any:
    """Says what is going on, on a terminal alone, for as long as it does."""
    return Console(stderr=True).status(Text(words))


def _written(run: Run, places: list[Path], judged: tuple[Store, Splits] | None) -> float:
    """Writes a run's file, and the one in 8 bits where there is a second place.

    Returns:
        The first one's largest difference to the run.
    """
    out, *smalls = places
    parts = run.load()
    parts.objective.float()
    with _step("tracing the network"):
        program = exported(run, parts)
    facts = run.facts() | {"most_frames": most_frames(program)}
    save = save_onnx if out.suffix == ".onnx" else save_pt2
    with _step(f"writing {out.name}"):
        computed = save(program, out, facts)
    with _step(f"comparing {out.name} with PyTorch"):
        worst = difference(run, parts, computed)
    for small in smalls:
        with _step(f"writing {small.name}"):
            feeds = () if judged is None else calibration(ExportedPredictor(out), *judged)
            quantise(out, small, facts, feeds)
    return worst


def save_pt2(program: ExportedProgram, out: Path, facts: dict[str, Any]) -> Computed:
    """Writes an exported program, and gives what computes its scores."""
    torch.export.save(program, out, extra_files={f"{CARD}.json": json.dumps(facts)})
    again = torch.export.load(out).module()
    return lambda *inputs: again(*inputs).detach().numpy()


def save_onnx(program: ExportedProgram, out: Path, facts: dict[str, Any]) -> Computed:
    """Writes an ONNX file, and gives what computes its scores under ONNX Runtime."""
    with torch.no_grad(), quietly():
        converted = torch.onnx.export(
            program,
            dynamo=True,
            input_names=["poses", "present", "frames"],
            output_names=["scores"],
            verbose=False,
        )
    assert converted is not None
    converted.model.metadata_props[CARD] = json.dumps(facts)
    converted.save(str(out))
    session = ExportedPredictor(out).session

    def computed(*inputs: Tensor) -> np.ndarray:
        named = dict(zip(("poses", "present", "frames"), inputs, strict=True))
        wanted = {one.name for one in session.get_inputs()}
        return session.run(None, {k: v.numpy() for k, v in named.items() if k in wanted})[0]

    return computed


def calibration(
    predictor: ExportedPredictor, store: Store, splits: Splits
) -> list[dict[str, np.ndarray]]:
    """A file's inputs of training clips that stand evenly spread in a store."""
    places = np.linspace(0, len(splits.train) - 1, min(CALIBRATION, len(splits.train)))
    keys = [splits.train.keys[int(place)] for place in places]
    clips = [predictor.pipeline.prepare(store[key]) for key in keys]
    return [predictor.feeds(clips[at : at + 8]) for at in range(0, len(clips), 8)]


def top1(predictor: ExportedPredictor, store: Store, splits: Splits) -> float:
    """Per cent of a store's test clips that a file names rightly."""
    clips = (replace(store[key], name=str(key)) for key in splits.test.keys)
    found = [row.index for row in predictor.predict(clips)]
    return round(100 * float(np.mean(np.array(found) == splits.test.labels)), 2)


def _judged(card: Card, data: Path) -> tuple[Store, Splits]:
    """A store that fits a network, and the parts that the network's benchmark makes of it."""
    store = Store(data)
    card.check(store.skeleton, store.channels, str(data))
    return store, split_store(store, card.benchmark)


def _need_exporter() -> None:
    """Says what to install before any work is done."""
    for name in ("onnx", "onnxruntime", "onnxscript"):
        if find_spec(name) is None:
            raise LabanError(f"ONNX files need {name}: pip install 'laban[export]'")


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 2**20:.1f} MiB"
