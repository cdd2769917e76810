"""Errors that a person can mend: one sentence with the place and the mend."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["LabanError", "nearest", "unknown_name"]


class LabanError(ValueError):
    """Something the user can mend; the command prints the sentence and exits with status 2.

    It stays one line whatever words of a file are in it: control characters become blanks.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__("".join(c if c.isprintable() else " " for c in sentence))


def nearest(name: str, options: Iterable[str]) -> str:
    """The sentence part that helps after an unknown name: the near ones, else all of them."""
    options = sorted(options)
    close = get_close_matches(name, options, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(_shown(name, 120) for name in close) + "?"
    most = 12
    more = f" or {len(options) - most} others" if len(options) > most else ""
    return "choose one of " + ", ".join(_shown(name, 36) for name in options[:most]) + more


def _shown(option: str, most: int) -> str:
    """A name with its odd characters told and its end cut: it may be a damaged file's."""
    plain = option if option.isprintable() else repr(option)[1:-1]
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def unknown_name(kind: str, name: str, options: Iterable[str]) -> LabanError:
    """An error for a word that is in no list, such as an unknown encoder or benchmark."""
    return LabanError(f"unknown {kind} '{name}': {nearest(name, options)}")
