"""What CTR-GCN's and 2s-AGCN's arrays ask of a store, and how they are written clip by clip.

https://github.com/Uason-Chen/CTR-GCN and https://github.com/lshiwjx/2s-AGCN train on arrays of one
size: 300 frames, or as many as the longest clip has, and two persons, zeros where nobody is. Of a
clip with more than two bodies the two are written that `laban.people` chooses; all others go out
as they are. Frame rates and facts have no place in these arrays.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import IO

import numpy as np

from laban.clip import Clip
from laban.errors import LabanError
from laban.people import choose_people, most_confident
from laban.readers.exchange import MOST_PLACES, listed_facts
from laban.store import Store

__all__ = ["PERSONS", "class_list", "frames_of", "parts_of", "two_people", "write_npy"]

PERSONS = 2
_FRAMES = 300
_Rows = list[tuple[int, int]]  # the numbers of a clip and of its class


def parts_of(
    store: Store,
    keys: Sequence[int],
    labels: Sequence[int | None],
    split: Mapping[str, Iterable[str]],
    format: str,
) -> dict[str, _Rows]:
    """For ``train``, ``val`` and ``test`` its clips with their classes; empty parts are not there.

    Raises:
        LabanError: Where there is not one split, or a clip has no part or no label.
    """
    facts = listed_facts(split)
    words = sorted({word for told in facts.values() for word in told})
    if len(words) != 1:
        told = f"the splits {' and '.join(words)}" if words else "no split"
        raise LabanError(f"{store.path} has {told}, {format} keeps one: say which with --benchmark")
    parts: dict[str, _Rows] = {"train": [], "val": [], "test": []}
    for key, label in zip(keys, labels, strict=True):
        name = store.names[key]
        part = facts.get(name, {}).get(words[0])
        if part not in parts or label is None:
            lack = "label" if label is None else "part in the split"
            raise LabanError(
                f"clip {name} has no {lack}, which {format} asks for: give a --benchmark, "
                "which leaves such clips out"
            )
        parts[part].append((key, label))
    return {part: rows for part, rows in parts.items() if rows}


def frames_of(store: Store, keys: Sequence[int], format: str) -> int:
    """T of the arrays: 300, or more where a clip is longer."""
    longest = max(keys, key=lambda key: store.frames[key])
    frames = max(_FRAMES, int(store.frames[longest]))
    if PERSONS * frames > MOST_PLACES:
        raise LabanError(
            f"clip {store.names[longest]} has {frames:,} frames, and {format} would give as many "
            "to every clip: leave it out or cut it"
        )
    return frames


def class_list(classes: Sequence[str]) -> str:
    """The names of the classes, one a line.

    Raises:
        LabanError: Where a name does not stand on a line of its own.
    """
    for name in classes:
        if not name or name != name.strip() or len(name.splitlines()) != 1:
            raise LabanError(f"the class {name!r} does not fit on a line: give it a plain name")
    return "".join(name + "\n" for name in classes)


def two_people(clip: Clip, values: int) -> Clip:
    """The clip with two persons at the most, of ``values`` numbers a joint."""
    if clip.persons <= PERSONS:
        return clip
    return (most_confident if values == 2 else choose_people)(clip, most=PERSONS)


def write_npy(file: IO[bytes], shape: tuple[int, ...], rows: Iterable[np.ndarray]) -> None:
    """An npy file of float32 of this shape, from the arrays along its first axis one by one."""
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    for row in rows:
        file.write(np.ascontiguousarray(row, "<f4").tobytes())
