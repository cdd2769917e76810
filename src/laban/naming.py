r"""Labels and facts out of file names, by a pattern that a person writes.

A pattern is what the end of the path looks like: ``{label}`` is the class, any other word in
braces a fact, ``*`` anything; folders count, the file's ending may be left out. Where it fits in
several ways the label is the longest. Facts that are numbers lose their leading zeros, as in a
benchmark's file. Or it is a regular expression (https://docs.python.org/3/library/re.html), found
anywhere in the path, whose group ``label``, or else its first group, is the class and whose other
named groups are facts.

>>> find_words("dataset_{label}_{subject}.bvh", "data/dataset_walk-turn_007.bvh")
('walk-turn', {'subject': '7'})
>>> find_words(r"_([a-z]+)\d+[.]", "clips/s01_wave12.csv")
('wave', {})
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from laban.errors import LabanError
from laban.readers.source import Entry

__all__ = ["find_words", "label_entries"]


_Search = Callable[[str], re.Match[str] | None]


def label_entries(entries: Iterable[Entry], pattern: str) -> tuple[list[Entry], list[Entry]]:
    """The entries with labels and facts from their names, and those that do not fit."""
    search = _search(pattern)
    labelled, others = [], []
    for entry in entries:
        found = _words(search, entry.path) or _words(search, entry.name)
        if found is None:
            others.append(entry)
            continue
        label, facts = found
        labelled.append(replace(entry, label=label, facts={**entry.facts, **facts}))
    return labelled, others


def find_words(pattern: str, path: str) -> tuple[str, dict[str, str]] | None:
    """Label and facts of one path; None where the pattern does not fit.

    Raises:
        LabanError: Where the pattern has no label or is no regular expression.
    """
    return _words(_search(pattern), path)


def _search(pattern: str) -> _Search:
    """What finds the words of a pattern in a path."""
    try:
        if "{label}" not in pattern:
            rule = re.compile(pattern)
            if not rule.groups:
                raise LabanError(
                    f"the pattern {pattern!r} has no label: write {{label}} where the class stands"
                )
            return rule.search
        text = "".join(map(_expression, re.split(r"(\{\w+\}|\*)", pattern)))
        rule = re.compile(f"(?:^|/){text}$")
    except (re.error, RecursionError, OverflowError) as fault:
        raise LabanError(f"the pattern {pattern!r} cannot be read ({fault}), mend it") from fault
    if "." in pattern.rpartition("/")[2]:
        return rule.search
    return lambda path: rule.search(str(PurePosixPath(path).with_suffix("")))


def _expression(piece: str) -> str:
    """The regular expression of a field, a star or what stands between them."""
    if piece == "*":
        return "[^/]*?"
    if piece.startswith("{") and piece.endswith("}"):
        return f"(?P<{piece[1:-1]}>[^/]+{'' if piece == '{label}' else '?'})"
    return re.escape(piece)


def _words(search: _Search, path: str) -> tuple[str, dict[str, str]] | None:
    match = search(path)
    if match is None:
        return None
    named = {key: word for key, word in match.groupdict().items() if word is not None}
    label = named.pop("label", None) or match[1]
    if not label:
        return None
    return label, {fact: str(int(w)) if w.isdecimal() else w for fact, w in named.items()}
