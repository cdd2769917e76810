"""Words that choose among few behaviours: checked where a network is made."""

from typing import Any, get_args

from laban.errors import unknown_name

__all__ = ["check_words"]


def check_words(network: str, **options: tuple[str, Any]) -> None:
    """Raises a LabanError for the first word that its option does not know.

    Args:
        network: Whose options they are.
        options: By name the word given and the ``Literal`` of those known.
    """
    for option, (word, known) in options.items():
        if word not in get_args(known):
            raise unknown_name(f"{option} of {network}", word, get_args(known))
