"""Partial body: how much a linear classifier's accuracy falls when joints or body parts are hidden.

PSTL's protocol, https://arxiv.org/abs/2302.09018, section "Experiment Setting" and Tables 4 and 5:
some joints, drawn evenly, or some of the five parts (arms, legs, trunk; of a hand its fingers and
the palm), are shaded. They leave the computation, by the encoder's ``joints``; nothing is zeroed.

The paper does not say whether the classifier has seen shaded clips, nor how many draws there were;
its code has no such test. The headline here: it learned from whole clips, and only test clips are
shaded. ``shaded_training`` adds the other reading: training clips are shaded too, with a classifier
for every draw.

Unusual here:
- Every clip has its own draw, a function of the number of the draw and the clip's name: all methods
  see the same joints, whatever the store's order. More shaded joints include the fewer.
- What a clip is normalised by (its centre, its turn to the camera) and the stream are computed
  before, as in PSTL's masking: the bone of a joint that is seen may end at one that is not.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from laban.draws import Draws
from laban.errors import LabanError
from laban.evaluation.frozen import Chosen, check_counts, still
from laban.evaluation.linear import trained_head
from laban.evaluation.scores import Scores
from laban.objectives.masking import central_joints, left_over
from laban.skeletons import Skeleton

__all__ = ["joints_left", "partial_body", "parts_left"]

JOINTS = (0, 2, 4, 6, 8, 10)
PARTS = (0, 1, 2, 3, 4)
Left = Callable[[Skeleton, int, int, Tensor], Tensor]


def partial_body(
    path: Path,
    data: Path,
    benchmark: str | None = None,
    *,
    joints: list[int] | None = None,
    parts: list[int] | None = None,
    draws: int = 5,
    shaded_training: bool = False,
    scratch: bool = False,
) -> Scores:
    """Top-1 of a classifier on a run's frozen features, by how many joints or parts are shaded.

    Args:
        path: The run folder.
        data: The store.
        benchmark: The benchmark's word; the run's own by default.
        joints: How many joints are shaded, one figure each; 0 2 4 6 8 10 by default.
        parts: How many body parts are shaded; 0 1 2 3 4 by default.
        draws: How often joints and parts are drawn, for a mean and a spread.
        shaded_training: Also with training clips shaded as the test clips are.
        scratch: Judge the encoder with random weights instead, for comparison.

    Returns:
        The scores of whole clips, and the curves.
    """
    check_counts(draws=draws)
    source = still(path, data, benchmark, scratch=scratch)
    skeleton = source.view.pipeline.skeleton
    most = {"joints": len(skeleton) - 1, "parts": max(0, len(skeleton.parts) - 1)}
    wanted = {
        "joints": list(JOINTS) if joints is None else joints,
        "parts": [n for n in PARTS if n <= most["parts"]] if parts is None else parts,
    }
    _check(wanted, most, skeleton)
    whole = source.frozen()
    head = trained_head(whole)
    scores = whole.scores(head(whole.test).detach())

    def top(left: Chosen, *, learns: bool, seed: int) -> float:
        if learns:
            seen = source.frozen(left)
            values = trained_head(seen, seed=seed)(seen.test)
        else:
            values = head(source.features(source.test, left))
        return whole.scores(values.detach()).top(1)

    for what, left in (("joints", joints_left), ("parts", parts_left)):
        for learns in (False, True) if shaded_training else (False,):
            name = f"{what} shaded" + (" in training too" if learns else "")
            scores.curves[name] = {
                count: tuple(
                    top(partial(left, skeleton, count, draw), learns=learns, seed=draw)
                    for draw in range(draws)
                )
                if count
                else (scores.top(1),)
                for count in wanted[what]
            }
    scores.curves = {name: curve for name, curve in scores.curves.items() if curve}
    return scores


def joints_left(skeleton: Skeleton, count: int, draw: int, keys: Tensor) -> Tensor:
    """The joints that stay when so many are drawn evenly: ``(B,) -> (B, V - count)``.

    Args:
        skeleton: The joint layout.
        count: How many go.
        draw: The number of the draw.
        keys: Of the clips, from `name_keys`.
    """
    draws = Draws(torch.Generator().manual_seed(2 * draw), keys)
    even = torch.ones(len(skeleton), device=keys.device)
    return central_joints(even, draws, count)


def parts_left(skeleton: Skeleton, count: int, draw: int, keys: Tensor) -> Tensor:
    """The joints that stay when so many parts are drawn: ``(B,) -> (B, K)``, -1 behind them.

    Arguments as `joints_left` takes them.
    """
    device = keys.device
    parts = torch.zeros(len(skeleton.parts), len(skeleton), dtype=torch.bool, device=device)
    for number, joints in enumerate(skeleton.parts.values()):
        parts[number, list(joints)] = True
    draws = Draws(torch.Generator().manual_seed(2 * draw + 1), keys)
    chosen = draws.uniform(len(parts)).argsort(dim=1, stable=True)[:, :count]
    return left_over(parts[chosen].any(1))


def _check(wanted: dict[str, list[int]], most: dict[str, int], skeleton: Skeleton) -> None:
    """Refuses counts that leave nothing, named as on the command line."""
    for what, counts in wanted.items():
        for count in counts:
            if not 0 <= count <= most[what]:
                raise LabanError(
                    f"--{what} {count}: {skeleton.name} can lose 0 to {most[what]} {what}"
                )
