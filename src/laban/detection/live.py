"""Actions while they happen: reported when they are long enough, and again when they are over.

The numbers are those of `laban.detection.joining`; what was found when all is over is the same but
for one thing: a stretch of another class that is too short to stay still parts the two around it,
for the first has been told by then.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from laban.detection.joining import Detection, Joining, Run, named, smoothed, stretches

__all__ = ["reported"]


def reported(
    blocks: Iterable[np.ndarray], joining: Joining, classes: Sequence[str]
) -> Iterator[tuple[Detection, bool]]:
    """Each action twice: as seen so far (False), and in full (True).

    Args:
        blocks: Probabilities (n, K + 1) of successive frames as they come, background last.
        joining: The numbers.
        classes: K class names.
    """
    held: Run | None = None
    told, start = False, 0

    def over() -> Iterator[tuple[Detection, bool]]:
        if held is not None and told:
            yield named(held, classes), True

    for block in smoothed(blocks, joining.smooth):
        for run in stretches([block], joining.threshold, joining.divide):
            run = replace(run, start=run.start + start, end=run.end + start)
            if held is not None and held.kind == run.kind and run.start - held.end <= joining.gap:
                held = held.with_next(run)
            else:
                yield from over()
                held, told = run, False
            if not told and held.end - held.start >= joining.shortest:
                told = True
                yield named(held, classes), False
        start += len(block)
        if held is not None and start - held.end > joining.gap:
            yield from over()
            held = None
    yield from over()
