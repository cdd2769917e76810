"""The layout file of plain tables: which columns are which joints, and what else a column says.

YAML (https://yaml.org/spec/1.2.2/) or JSON::

    joints: [hip, chest, head, hand-left, hand-right]
    parents: {chest: hip, head: chest, hand-left: chest, hand-right: chest}
    columns: "{joint}_{axis}"     # how columns are named, or a mapping joint: [x, y, z]
    label: action                 # the column of the class

=============  ==================================================================================
key            what it says
=============  ==================================================================================
skeleton       a layout of the library, such as ``kinect-v2``, instead of joints and parents
joints         joint names in order
parents        joint to parent, or a list as long as ``joints``; who has none is a root
columns        columns' names with ``{joint}`` and ``{axis}`` (and ``{number}``, the joint's, from
               0), or joint to list of columns; by default ``{joint}_{axis}``
axes           ``[x, y, z]`` by default, or two; ``-y`` turns the numbers of y round
confidence     names of columns with ``{joint}``; by default there are none
name           the layout's word
mirror         left joint to right joint; by default told from the names, as are the next three
parts          body part to joints
spine          lower and upper joint of the upright line
across         right and left joint of a line across the body
clip           the column that tells clips apart, where a table holds several
frame, person  the columns of frame number and person; by default a row is the next frame
label          the column of the class; where it changes within a clip it gives segments, and an
               empty cell is background
facts          columns that are facts, such as ``[subject, camera]``
fps            frames a second, 30 by default
unit           metres of one unit of length, 1 by default
delimiter      between the fields of a CSV file, a comma by default
decimal        between the digits of a CSV file's numbers, a point by default, or a comma
=============  ==================================================================================

Formats of numbered joints take such a file too, for ``skeleton`` or ``joints`` and what describes
these. The word of a layout of the library stands for a file with that ``skeleton`` alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from laban.errors import LabanError, nearest, unknown_name
from laban.own_layout import own_skeleton
from laban.skeletons import SKELETONS, Skeleton, skeleton_named
from laban.yaml_text import parse_yaml

__all__ = ["TableLayout", "given_layout", "layout_at", "parse_layout"]

_KEYS = (
    "skeleton joints parents columns axes confidence name mirror parts spine across clip frame "
    "person label facts fps unit delimiter decimal"
).split()
_LARGEST = 2**16  # bytes, of some hundred joints: YAML is slow to parse


@dataclass(frozen=True)
class TableLayout:
    """What the columns of a table are.

    Attributes:
        skeleton: The joint layout.
        columns: For each joint the columns of its coordinates.
        signs: For each coordinate 1, or -1 where its numbers are turned round.
        confidence: For each joint the column of its confidence; empty where there are none.
        clip: The column that tells clips apart; this and the next three are "" where not used.
        frame: The column of the frame number.
        person: The column of the person.
        label: The column of the class.
        facts: Columns that are facts.
        fps: Frames a second.
        unit: Metres of one unit of length.
        delimiter: Between the fields of a CSV file.
        decimal: Between the digits of its numbers.
    """

    skeleton: Skeleton
    columns: tuple[tuple[str, ...], ...]
    signs: tuple[int, ...] = (1, 1, 1)
    confidence: tuple[str, ...] = ()
    clip: str = ""
    frame: str = ""
    person: str = ""
    label: str = ""
    facts: tuple[str, ...] = ()
    fps: float = 30.0
    unit: float = 1.0
    delimiter: str = ","
    decimal: str = "."

    @property
    def numbers(self) -> list[str]:
        """Columns of numbers, each once."""
        named = [column for joint in self.columns for column in joint]
        return list(dict.fromkeys([*named, *self.confidence, *filter(None, [self.frame])]))

    @property
    def words(self) -> list[str]:
        """Columns of words, each once."""
        named = filter(None, [self.clip, self.person, self.label, *self.facts])
        return list(dict.fromkeys(named))


def parse_layout(data: bytes, name: str) -> TableLayout:
    """The layout in a file's text; raises LabanError with file, key and fault."""
    if len(data) > _LARGEST:
        raise LabanError(f"{name} has {len(data):,} bytes, too many for a layout file")
    value = parse_yaml(data, name)
    if not isinstance(value, dict):
        raise LabanError(f"{name}: give keys and values, at the least joints, parents and columns")
    for key in value:
        if key not in _KEYS:
            raise unknown_name(f"key in {name}", str(key), _KEYS)
    get = _Getter(value, name)
    skeleton = _skeleton(get)
    axes = get("axes", _is_words, "a list of two or three axes", ["x", "y", "z"])
    if len(axes) not in (2, 3):
        raise LabanError(f"{name}: 'axes' has {len(axes)} entries, give two or three")
    person, frame = get("person", _is_word, "a column", ""), get("frame", _is_word, "a column", "")
    if person and not frame:
        raise LabanError(f"{name}: 'person' needs 'frame', for a frame then has several rows")
    delimiter = get("delimiter", _is_letter, "one character", ",")
    decimal = get("decimal", lambda value: value in (".", ","), 'a point or a comma, "."', ".")
    if decimal == delimiter:
        raise LabanError(f"{name}: 'decimal' and 'delimiter' are both a comma, give the delimiter")
    pattern = get("confidence", _is_word, "columns' names with {joint}", "")
    return TableLayout(
        skeleton=skeleton,
        columns=_columns(get, skeleton, [axis.removeprefix("-") for axis in axes]),
        signs=tuple(-1 if axis.startswith("-") else 1 for axis in axes),
        confidence=tuple(
            _filled(pattern, joint, number, "") for number, joint in enumerate(skeleton.joints)
        )
        if pattern
        else (),
        clip=get("clip", _is_word, "a column", ""),
        frame=frame,
        person=person,
        label=get("label", _is_word, "a column", ""),
        facts=tuple(get("facts", _is_words, "a list of columns", [])),
        fps=float(get("fps", _is_positive, "a number above 0", 30)),
        unit=float(get("unit", _is_positive, "a number above 0", 1)),
        delimiter=delimiter,
        decimal=decimal,
    )


def given_layout(word: str) -> TableLayout:
    """The layout that a person names: a layout file, or one of the library by its word.

    Raises:
        LabanError: Where it is neither, or the file is at fault.
    """
    if word in SKELETONS:
        return parse_layout(f"skeleton: {word}".encode(), word)
    if not Path(word).is_file():
        raise LabanError(
            f"--layout {word} is neither a layout file nor a joint layout of the library: "
            f"{nearest(word, SKELETONS)}"
        )
    return layout_at(Path(word))


def layout_at(path: Path) -> TableLayout:
    """The layout in a file; raises LabanError where it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise LabanError(f"{path} cannot be read ({fault.strerror}): check --layout") from fault
    return parse_layout(data, str(path))


@dataclass
class _Getter:
    """Values of a layout file, each checked by a function and described in its error."""

    values: dict[str, Any]
    name: str

    def __call__(
        self, key: str, fits: Callable[[Any], bool], meant: str, default: Any = None
    ) -> Any:
        value = self.values.get(key, default)
        if value is not default and not fits(value):
            raise LabanError(f"{self.name}: '{key}' must be {meant}")
        return value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_word, value)) and len(set(value)) == len(value)


def _is_pairs(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_word(v) for pair in value.items() for v in pair)


def _is_two_words(value: Any) -> bool:
    return _is_words(value) and len(value) == 2


def _is_lists(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_word(k) and _is_words(v) for k, v in value.items())


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9


def _is_letter(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1 and value.isascii() and value not in '"\r\n'


def _skeleton(get: _Getter) -> Skeleton:
    """The joint layout that the file names or describes."""
    known = get("skeleton", _is_word, "the word of a layout")
    joints = get("joints", _is_words, "a list of names that differ")
    if (known is None) == (joints is None):
        raise LabanError(f"{get.name}: give either 'joints' or 'skeleton'")
    if known is not None:
        try:
            return skeleton_named(known)
        except LabanError as error:
            raise LabanError(f"{get.name}: {error}") from error
    parents = get("parents", lambda v: _is_pairs(v) or _is_row(v, joints), "joint to parent", {})
    if isinstance(parents, list):
        parents = dict(zip(joints, parents, strict=True))
    for joint in parents:
        if joint not in joints:
            raise unknown_name(f"joint in 'parents' of {get.name}", joint, joints)
    pair = "two joints"
    try:
        return own_skeleton(
            get("name", _is_word, "a word", f"table-{len(joints)}"),
            {joint: parents.get(joint, joint) for joint in joints},
            mirror=get("mirror", _is_pairs, "left joint to right joint"),
            parts=get("parts", _is_lists, "body part to a list of joints"),
            spine=_pair(get("spine", _is_two_words, pair)),
            across=_pair(get("across", _is_two_words, pair)),
        )
    except LabanError as error:
        raise LabanError(f"{get.name}: {error}") from error


def _is_row(value: Any, joints: list[str] | None) -> bool:
    """Whether a value is one word for each joint."""
    return isinstance(value, list) and all(map(_is_word, value)) and len(value) == len(joints or ())


def _pair(value: list[str] | None) -> tuple[str, str] | None:
    return (value[0], value[1]) if value else None


def _columns(get: _Getter, skeleton: Skeleton, axes: list[str]) -> tuple[tuple[str, ...], ...]:
    """For each joint the columns of its coordinates."""
    meant = "names with {joint} and {axis}, or a mapping of joint to columns"
    given = get("columns", lambda v: _is_word(v) or _is_lists(v), meant, "{joint}_{axis}")
    if isinstance(given, Mapping):
        for joint in given:
            if joint not in skeleton.joints:
                raise unknown_name(f"joint in 'columns' of {get.name}", joint, skeleton.joints)
        rows = [tuple(given.get(joint, ())) for joint in skeleton.joints]
    else:
        rows = [
            tuple(_filled(given, joint, number, axis) for axis in axes)
            for number, joint in enumerate(skeleton.joints)
        ]
    for joint, row in zip(skeleton.joints, rows, strict=True):
        if len(row) != len(axes):
            raise LabanError(f"{get.name}: 'columns' must give {len(axes)} columns for '{joint}'")
    if len({column for row in rows for column in row}) != len(axes) * len(rows):
        raise LabanError(f"{get.name}: 'columns' gives one column to two coordinates")
    return tuple(rows)


def _filled(pattern: str, joint: str, number: int, axis: str) -> str:
    fields = {"{joint}": joint, "{number}": str(number), "{axis}": axis}
    for field, word in fields.items():
        pattern = pattern.replace(field, word)
    return pattern
