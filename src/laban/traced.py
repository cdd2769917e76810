"""A run as one graph, and how far a file of it is from the run.

The graph holds the test view (stream and sampling), encoder and head. Its inputs are what a
pipeline prepares, as `laban.clip.stacked` puts it side by side: ``poses`` (B, M, T, V, C) float32,
``present`` (B, M, T) bool, ``frames`` (B,) int64; its output is ``scores`` (B, K), before the
softmax. B, M and T are open but for what an encoder fixes (ST-TR's ``persons``, a temporal
regularisation's ``frames``).
"""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from laban.assembly import Parts
from laban.batch import Batch
from laban.objectives import scorer
from laban.quantise import quietly
from laban.run import Run

__all__ = ["TOLERANCE", "Computed", "Graph", "difference", "exported", "most_frames"]

TOLERANCE = 1e-4  # of the largest score, or of 1
ROUNDINGS = 10  # times its own rounding a network's file may be away from it
UNBOUNDED = 2**31

Computed = Callable[..., np.ndarray]  # a graph's inputs to its scores


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


def difference(run: Run, parts: Parts, computed: Computed) -> float:
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
