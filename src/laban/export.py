"""A run as one file that other programs execute: ONNX, or PyTorch's own exported program.

The graph holds the test view (stream and sampling), encoder and head. Its inputs are what a
pipeline prepares, as `laban.clip.stacked` puts it side by side: ``poses`` (B, M, T, V, C) float32,
``present`` (B, M, T) bool, ``frames`` (B,) int64; its output is ``scores`` (B, K), before the
softmax. B, M and T are open but for what an encoder fixes (ST-TR's ``persons``, a temporal
regularisation's ``frames``). The card of the run, with classes, skeleton, stream and pipeline, is
in the file's metadata under ``laban``.

ONNX: https://onnx.ai, exporter: https://docs.pytorch.org/docs/stable/onnx_export.html
"""

import json
from copy import deepcopy
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from laban.assembly import Parts
from laban.batch import Batch
from laban.card import Card
from laban.errors import LabanError
from laban.objectives import scorer
from laban.quantise import quantise, quietly
from laban.result import Result
from laban.run import Run
from laban.runtime import CARD, ExportedPredictor
from laban.splits import Splits, split_store
from laban.store import Store

__all__ = ["TOLERANCE", "Graph", "exported", "export"]

TOLERANCE = 1e-4  # of the largest score, or of 1
ROUNDINGS = 10  # times its own rounding a network's file may be away from it
UNBOUNDED = 2**31
CALIBRATION = 64  # clips


class Graph(nn.Module):
    """What an exported file computes.

    Args:
        parts: The run's objects, trained.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.objective = parts.objective
        scorer(parts.objective)  # refuses what knows no classes

    def forward(self, poses: Tensor, present: Tensor, frames: Tensor) -> Tensor:
        """(B, M, T, V, C), (B, M, T), (B,) -> (B, K) scores before the softmax."""
        return scorer(self.objective).scores(Batch(poses, present, frames, frames, frames))


def example(
    run: Run, parts: Parts, *, clips: int = 3, persons: int = 2, frames: int = 20
) -> tuple[Tensor, Tensor, Tensor]:
    """Random clips with what a graph must mask: ``-> (B, M, T, V, C), (B, M, T), (B,)``.

    The last person of the first clip is absent and the last clip is two frames shorter. Persons and
    frames are those that the encoder fixes, where it does.
    """
    persons, frames = _fixed(parts, "persons") or persons, _fixed_frames(parts) or frames
    poses = torch.randn(clips, persons, frames, len(run.skeleton), run.channels)
    present = torch.ones(clips, persons, frames, dtype=torch.bool)
    present[0, 1:] = False
    lengths = torch.full((clips,), frames)
    if clips > 1:
        lengths[-1] = max(1, frames - 2)
        present[-1, :, lengths[-1] :] = False
    return poses * present[..., None, None], present, lengths


def _fixed(parts: Parts, what: str) -> int | None:
    """An encoder's attribute where it is a number."""
    number = getattr(parts.encoder, what, None)
    return number if isinstance(number, int) else None


def _fixed_frames(parts: Parts) -> int | None:
    """T of prepared clips where the encoder fixes its own and the pipeline's view does not."""
    if _fixed(parts, "frames") is None:
        return None
    return None if hasattr(parts.pipeline, "crop") else getattr(parts.pipeline, "frames", None)


def exported(run: Run, parts: Parts) -> ExportedProgram:
    """The run's graph as PyTorch's exported program, for the CPU."""
    graph = Graph(parts).cpu().eval()
    open_axes = {0: Dim.DYNAMIC}
    if _fixed(parts, "persons") is None:
        open_axes[1] = Dim.DYNAMIC
    if _fixed_frames(parts) is None:
        open_axes[2] = Dim.DYNAMIC
    shapes = (open_axes, open_axes, {0: Dim.DYNAMIC})
    with torch.no_grad(), quietly():
        return torch.export.export(graph, example(run, parts), dynamic_shapes=shapes)


def most_frames(program: ExportedProgram) -> int | None:
    """The largest T of the input, where a table of the network ends; None: there is no end."""
    poses = next(n for n in program.graph.nodes if n.op == "placeholder" and n.name == "poses")
    length = poses.meta["val"].shape[2]
    if isinstance(length, int):
        return length
    upper = program.range_constraints[length.node.expr].upper
    return int(upper) if upper < UNBOUNDED else None


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
    if out.suffix not in (".onnx", ".pt2"):
        raise LabanError(f"{out} must end in .onnx or .pt2")
    for option, given in (("--int8", int8), ("--data", data is not None)):
        if given and out.suffix != ".onnx":
            raise LabanError(f"{option} is about .onnx files, not {out}")
    if not out.parent.is_dir():
        raise LabanError(f"{out.parent} is no folder, make it or choose another place")
    small = out.with_suffix(".int8.onnx")
    for path in [out, *([small] if int8 else [])]:
        if path.exists() and (not overwrite or not path.is_file()):
            raise LabanError(f"{path} exists: give another path, or --overwrite to replace a file")
    if out.suffix == ".onnx":
        _need_exporter()
    opened = Run.open(run)
    opened.need_clips()
    judged = None if data is None else _judged(opened, data)
    if judged is not None:  # before minutes of work are done
        for part in ("test", *(["train"] if int8 else [])):
            judged[1].need(part)
    parts = opened.load()
    parts.objective.float()
    program = exported(opened, parts)
    facts = opened.facts() | {"most_frames": most_frames(program)}
    save = save_onnx if out.suffix == ".onnx" else save_pt2
    difference = save(program, out, facts, opened, parts)
    value: dict[str, Any] = {"out": str(out), "difference": difference}
    lines = [f"{out}: {_size(out)}, largest difference to PyTorch {difference:.1e}"]
    if int8:
        value["int8"] = str(small)
        feeds = () if judged is None else calibration(ExportedPredictor(out), *judged)
        quantise(out, small, facts, feeds)
        lines.append(f"{small}: {_size(small)}")
    if judged is not None:
        files = [out, *([small] if int8 else [])]
        value["top1"] = {str(path): top1(ExportedPredictor(path), *judged) for path in files}
        lines += [f"top-1 of {path}: {top:.2f} %" for path, top in value["top1"].items()]
    return Result(value, "\n".join(lines))


def save_pt2(
    program: ExportedProgram, out: Path, facts: dict[str, Any], run: Run, parts: Parts
) -> float:
    """Writes an exported program, and gives its largest difference to the run."""
    torch.export.save(program, out, extra_files={f"{CARD}.json": json.dumps(facts)})
    again = torch.export.load(out).module()
    return _difference(run, parts, lambda *inputs: again(*inputs).detach().numpy())


def save_onnx(
    program: ExportedProgram, out: Path, facts: dict[str, Any], run: Run, parts: Parts
) -> float:
    """Writes an ONNX file, and gives its largest difference to the run under ONNX Runtime."""
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

    return _difference(run, parts, computed)


def _difference(run: Run, parts: Parts, computed: Any) -> float:
    """How far a file is from its run: on batches, persons and lengths that it was not traced with.

    Random poses are far from what a network's batch statistics know: one that multiplies them, and
    with them their rounding, by thousands is measured by its own rounding.

    Raises:
        RuntimeError: Where that is more than rounding.
    """
    graph, worst = Graph(parts).cpu().eval(), 0.0
    for clips, persons, frames in ((1, 1, 20), (2, 2, 33), (5, 2, 9)):
        inputs = example(run, parts, clips=clips, persons=persons, frames=frames)
        with torch.no_grad():
            wanted = graph(*inputs).numpy()
        found = np.abs(computed(*inputs) - wanted).max() / max(1.0, np.abs(wanted).max())
        worst = max(worst, float(found))
        if not found <= TOLERANCE and not found <= ROUNDINGS * _rounding(graph, inputs, wanted):
            raise RuntimeError(f"the exported file differs from its run by {found:.1e}")
    return worst


@torch.no_grad()
def _rounding(graph: Graph, inputs: tuple[Tensor, ...], wanted: np.ndarray) -> float:
    """How far a graph's scores are from those that it gives in double precision."""
    doubled = [one.double() if one.is_floating_point() else one for one in inputs]
    exact = deepcopy(graph).double()(*doubled).numpy()
    return float(np.abs(wanted - exact).max() / max(1.0, np.abs(exact).max()))


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
