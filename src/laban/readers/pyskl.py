"""PYSKL's annotation pickle, in which skeletons of many datasets are shared.

Duan and others, https://arxiv.org/abs/2205.09443; format:
https://github.com/kennymckormick/pyskl/blob/main/tools/data/README.md. One file a dataset, such as
``ntu60_3danno.pkl``: ``{"split": {"xsub_train": ["S001C001P001R001A001", ...], "xsub_val": [...]},
"annotations": [{"frame_dir": "S001C001P001R001A001", "label": 0, "total_frames": 103, "keypoint":
array (M, T, V, C), ...}]}``, or that list alone. In 3-D, C is 3, metres in the camera's frame. In
the picture C is 2, pixels with y down, with ``keypoint_score`` (M, T, V) and ``img_shape`` (height,
width). Arrays are float16 or float32, zeros where a person is absent.

The lists of a split are facts of the clips: ``xsub: train`` or ``test``
(`laban.readers.exchange.listed_facts`), the size of the picture is ``picture: 1080x1920``. A
benchmark's file names them, as in ``train: {xsub: train}``; clips with NTU's names also have NTU's
facts and class names, so that ``ntu60-xsub`` and its like fit them.

What the file does not say: the frame rate (taken as 30), subjects and cameras where the names do
not tell them, the names of the classes (a list ``classes.txt`` in the folder or zip gives them, see
`laban.readers.exchange`) and of the joints (their number tells the layout, or ``--layout``).
A file that `laban.writers.pyskl` wrote says all of it.

Unusual here: the pickle is not unpickled, see `laban.readers.pickle_file`. In the picture x and y
change sign, a half turn about the line of sight, as for OpenPose and Kinetics: y is up and nothing
is mirrored. Persons and frames of zeros are absent, and stay. The key-point files of PYSKL's
Kinetics-400 and its compressed key points are not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from laban.clip import Clip
from laban.errors import LabanError
from laban.readers.exchange import MOST_PLACES, ClassNames, layout_for, listed_facts, numbered
from laban.readers.pickle_file import PickledArray, read_pickle
from laban.readers.source import Entry, Source, distinct
from laban.readers.table_layout import TableLayout
from laban.skeletons import Skeleton

__all__ = ["Pyskl"]

_ENDINGS = (".pkl", ".pickle")
_MOST_JOINTS = 1000


@dataclass(frozen=True)
class _Annotation(Entry):
    """An entry with the places of its arrays, so that its clip is read without the others."""

    keypoint: PickledArray = field(default_factory=PickledArray, hash=False)
    score: PickledArray | None = field(default=None, hash=False)
    present: PickledArray | None = field(default=None, hash=False)
    total: Any = field(default=None, hash=False)
    fps: float = 30.0
    skeleton: Skeleton | None = None


@dataclass(frozen=True)
class Pyskl:
    """Reader of PYSKL's annotation pickles.

    Attributes:
        given: A layout, of which the joints count; None: told by their number.
    """

    given: TableLayout | None = None

    name = "pyskl"
    about = "PYSKL's annotation pickle (3-D, or x y and score): NAME.pkl with split, annotations"
    layout = "ntu60_3danno.pkl, a pickle of {'split': ..., 'annotations': ...}"
    skeleton = None
    fps = None

    def matches(self, source: Source) -> bool:
        """Whether the source has pickles, other than lists of labels."""
        return bool(_files(source))

    def find(self, source: Source) -> list[Entry]:
        """All clips of all files; the arrays are passed over."""
        classes = ClassNames.beside(source)
        return distinct(entry for path in _files(source) for entry in _all(source, path, classes))

    def read(self, source: Source, entry: Entry) -> Clip:
        """The clip of one entry, (M, T, V, 3) or, in pixels and y up, (M, T, V, 2)."""
        where = _where(entry.path, entry.name)
        if not isinstance(entry, _Annotation):
            raise LabanError(f"{where}: it is no annotation that was found in the file")
        skeleton = self._checked(entry, where)
        data, score = source.map(entry.path), entry.score
        poses = numbered(entry.keypoint.load(data, where), where)
        if poses.shape[3] == 2:
            poses = 0 - poses  # where -poses would make zeros negative
        present = (poses != 0).any((2, 3))
        if entry.present is not None:
            present = entry.present.load(data, where)
        if not present.any():
            raise LabanError(f"{where} has nobody in any frame: leave it out")
        return Clip(
            name=entry.name,
            poses=poses,
            skeleton=skeleton,
            present=present,
            confidence=None if score is None else numbered(score.load(data, where), where),
            fps=entry.fps,
            label=entry.label,
            facts=dict(entry.facts),
        )

    def _checked(self, entry: _Annotation, where: str) -> Skeleton:
        """The joint layout of an annotation whose arrays fit each other."""
        shape = entry.keypoint.shape
        if len(shape) != 4 or shape[3] not in (2, 3) or shape[0] * shape[1] > MOST_PLACES:
            raise LabanError(
                f"{where}: 'keypoint' has the shape {str(shape)[:60]}, give (persons, frames, "
                f"joints, 2 or 3) of up to {MOST_PLACES:,} persons x frames"
            )
        if 0 in shape:
            raise LabanError(f"{where} has nobody in any frame: leave it out")
        skeleton = entry.skeleton or layout_for(shape[2], self.given, where)
        faults = {
            "total_frames": entry.total not in (None, shape[1]),
            "keypoint_score": entry.score is not None and entry.score.shape != shape[:3],
            "present": entry.present is not None and entry.present.shape != shape[:2],
            "skeleton": len(skeleton) != shape[2],
        }
        for key, is_wrong in faults.items():
            if is_wrong:
                raise LabanError(
                    f"{where}: '{key}' does not fit 'keypoint' of the shape {shape}, mend one"
                )
        return skeleton


def _files(source: Source) -> list[str]:
    names = (name for name in source.names() if name.lower().endswith(_ENDINGS))
    return [name for name in names if not name.rpartition(".")[0].endswith("_label")]


def _where(path: str, name: str) -> str:
    return f"{path}, clip {name[:60]}"


def _all(source: Source, path: str, classes: ClassNames) -> list[Entry]:
    """The entries of one file."""
    value = read_pickle(source.map(path), path)
    rows = value.get("annotations") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise LabanError(f"{path}: there is no list 'annotations', is this PYSKL's pickle?")
    extra = value.get("laban") if isinstance(value, dict) else None
    skeleton = None if extra is None else _own_skeleton(extra, path)
    lists = value.get("split", {}) if isinstance(value, dict) else {}
    try:
        facts = listed_facts(_words(lists, path))
    except LabanError as fault:
        raise LabanError(f"{path}: {fault}") from fault
    return [_entry(row, n, path, classes, facts, skeleton) for n, row in enumerate(rows)]


def _words(lists: Any, path: str) -> dict[str, list[str]]:
    """The lists of a file's split, checked."""
    good = isinstance(lists, dict) and all(
        isinstance(word, str)
        and isinstance(names, list | tuple | set)
        and all(isinstance(name, str) for name in names)
        for word, names in lists.items()
    )
    if not good:
        raise LabanError(f"{path}: 'split' must be lists of clip names, each with a name")
    return lists


def _entry(
    row: Any,
    number: int,
    path: str,
    classes: ClassNames,
    facts: Mapping[str, Mapping[str, str]],
    skeleton: Skeleton | None,
) -> _Annotation:
    """One annotation as an entry."""
    where = f"{path}, annotation {number} (from 0)"
    name = row.get("frame_dir", row.get("filename")) if isinstance(row, dict) else None
    if not isinstance(name, str) or not name:
        raise LabanError(f"{where}: give its name as 'frame_dir'")
    keypoint = _array(row.get("keypoint"), where) or PickledArray()
    score = _array(row.get("keypoint_score"), where)
    own = row.get("laban")
    if skeleton is not None and isinstance(own, dict):
        own_facts, label, fps = _own_words(own, where)
        present = _array(own.get("present"), where)
        return _Annotation(
            name,
            path,
            facts=own_facts,
            label=label,
            keypoint=keypoint,
            score=score,
            present=present,
            fps=fps,
            skeleton=skeleton,
        )
    told = classes.entry(name, path, row.get("label"), _where(path, name))
    picture = row.get("img_shape")
    size = {"picture": "x".join(map(str, picture))} if _is_size(picture) else {}
    return _Annotation(
        name=told.name,
        path=path,
        facts={**told.facts, **facts.get(name, {}), **size},
        label=told.label,
        keypoint=keypoint,
        score=score,
        total=row.get("total_frames"),
    )


def _array(value: Any, where: str) -> PickledArray | None:
    if value is not None and not isinstance(value, PickledArray):
        raise LabanError(f"{where}: a {type(value).__name__} stands where an array belongs")
    return value


def _is_size(value: Any) -> bool:
    """Whether it is the height and width of a picture."""
    is_pair = isinstance(value, list | tuple) and len(value) == 2
    return is_pair and all(type(side) is int and 0 < side < 10**6 for side in value)


def _own_skeleton(extra: Any, path: str) -> Skeleton:
    """The joint layout in a file of our own."""
    try:
        value = extra["skeleton"]
        if not 0 < len(value["joints"]) <= _MOST_JOINTS:
            raise ValueError
        skeleton = Skeleton.from_json(value)
        if not all(isinstance(word, str) for word in (skeleton.name, *skeleton.joints)):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as fault:
        raise LabanError(f"{path}: the joint layout in it is damaged, write it again") from fault
    return skeleton


def _own_words(own: dict, where: str) -> tuple[dict[str, str], str | None, float]:
    """What a file of our own says of a clip beside its arrays."""
    facts, label, fps = own.get("facts"), own.get("label"), own.get("fps")
    if (
        not isinstance(facts, dict)
        or not all(isinstance(word, str) for pair in facts.items() for word in pair)
        or not isinstance(label, str | None)
        or not isinstance(fps, float)
        or not 0 < fps < float("inf")
    ):
        raise LabanError(f"{where}: what laban wrote of the clip is damaged, write it again")
    return facts, label, fps
