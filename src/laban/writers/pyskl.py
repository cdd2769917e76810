"""A store as PYSKL's annotation pickle, which PYSKL, mmaction2 and their descendants train on.

Format: https://github.com/kennymckormick/pyskl/blob/main/tools/data/README.md, told in
`laban.readers.pyskl`. Clips of two channels become pixels with y down again, as they were read.

The file says more than PYSKL asks for, in keys that it passes over: the joint layout under
``laban``, the class names under ``classes``, and for each clip under ``laban`` who is present when,
the label, the frame rate and all facts; so a store comes back as it was.

Unusual here: the file is written clip by clip, in the memory of one, and arrays by the name that
every version of NumPy since 1 reads (NumPy 2 itself pickles by a name that older ones lack).
"""

import pickle
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from laban.clip import Clip
from laban.store import Store

__all__ = ["write_pyskl"]

_PROTOCOL = 3  # its memo has places of its own in each part, so that parts follow each other


def write_pyskl(
    store: Store,
    keys: Sequence[int],
    labels: Sequence[int | None],
    classes: Sequence[str],
    split: Mapping[str, Iterable[str]],
    path: Path,
) -> None:
    """Writes clips of a store.

    Args:
        store: The clips.
        keys: Their numbers.
        labels: The class number of each, None where it has none.
        classes: The names of the classes.
        split: Lists of clip names.
        path: The file.
    """
    lists = {word: list(names) for word, names in split.items()}
    with path.open("wb") as file:
        file.write(pickle.PROTO + bytes([_PROTOCOL]) + pickle.EMPTY_DICT)
        file.writelines(_item("split", _plain(lists)))
        file.writelines(_item("classes", _plain(list(classes))))
        file.writelines(_item("laban", _plain({"skeleton": store.skeleton.to_json()})))
        file.write(_plain("annotations") + pickle.EMPTY_LIST)
        for key, label in zip(keys, labels, strict=True):
            file.writelines(_annotation(store[key], label))
            file.write(pickle.APPEND)
        file.write(pickle.SETITEM + pickle.STOP)


def _annotation(clip: Clip, label: int | None) -> Iterator[bytes]:
    """The dict of one clip."""
    flat = clip.poses.shape[3] == 2
    yield pickle.EMPTY_DICT
    yield from _item("frame_dir", _plain(clip.name))
    yield from _item("total_frames", _plain(clip.frames))
    if label is not None:
        yield from _item("label", _plain(label))
    yield from _item("keypoint", _array(0 - clip.poses if flat else clip.poses))
    if clip.confidence is not None:
        yield from _item("keypoint_score", _array(clip.confidence))
    if (size := _picture(clip)) is not None:
        yield from _item("img_shape", _plain(size))
        yield from _item("original_shape", _plain(size))
    yield from _item("laban", pickle.EMPTY_DICT)[:-1]
    yield from _item("present", _array(clip.present))
    yield from _item("label", _plain(clip.label))
    yield from _item("fps", _plain(float(clip.fps)))
    yield from _item("facts", _plain(dict(clip.facts)))
    yield pickle.SETITEM


def _picture(clip: Clip) -> tuple[int, int] | None:
    """Height and width of the picture where the clip's facts tell them."""
    sides = clip.facts.get("picture", "").split("x")
    if len(sides) != 2 or not all(side.isascii() and side.isdigit() for side in sides):
        return None
    return int(sides[0]), int(sides[1])


def _item(key: str, value: bytes) -> tuple[bytes, ...]:
    return _plain(key), value, pickle.SETITEM


def _plain(value: Any) -> bytes:
    """The opcodes of a plain value, without the pickle's beginning and end."""
    return pickle.dumps(value, _PROTOCOL)[2:-1]


def _array(array: np.ndarray) -> bytes:
    """The opcodes of an array, as NumPy 1 wrote them: ``_reconstruct`` and a state."""
    little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    kind = little.dtype.str[1:]
    order = "|" if little.dtype.itemsize == 1 else "<"
    raw = little.tobytes()
    return b"".join(
        [
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n",
            _plain((0,)) + _plain(b"b") + pickle.TUPLE3 + pickle.REDUCE + pickle.MARK,
            _plain(1) + _plain(tuple(little.shape)),
            b"cnumpy\ndtype\n" + _plain((kind, False, True)) + pickle.REDUCE,
            _plain((3, order, None, None, None, -1, -1, 0)) + pickle.BUILD + pickle.NEWFALSE,
            pickle.BINBYTES8 + struct.pack("<Q", len(raw)) + raw + pickle.TUPLE + pickle.BUILD,
        ]
    )
