"""What a network is made for, checked: words that choose among few behaviours, and sizes."""

from typing import Any, get_args

from torch import Tensor

from laban.errors import LabanError, unknown_name

__all__ = ["check_counts", "check_shape", "check_words"]


def check_words(network: str, **options: tuple[str, Any]) -> None:
    """Raises a LabanError for the first word that its option does not know.

    Args:
        network: Whose options they are.
        options: By name the word given and the ``Literal`` of those known.
    """
    for option, (word, known) in options.items():
        if word not in get_args(known):
            raise unknown_name(f"{option} of {network}", word, get_args(known))


def check_counts(network: str, **counts: int) -> None:
    """Raises a LabanError for the first of a network's counts and widths that is below 1."""
    for option, count in counts.items():
        if count < 1:
            raise LabanError(f"{option} of {network} is {count}, give 1 or more")


def check_shares(network: str, **shares: float) -> None:
    """Raises a LabanError for the first share that is dropped which is not from 0 to below 1."""
    for option, share in shares.items():
        if not 0 <= share < 1:
            raise LabanError(f"{option} of {network} is {share}, give 0 to below 1")


def check_shape(
    network: str, poses: Tensor, *, joints: int, channels: int, frames: int | None = None
) -> None:
    """Raises a LabanError where poses (B, M, T, V, C) have another size than the network's.

    Args:
        network: Its name in the error.
        poses: The batch.
        joints: V.
        channels: C.
        frames: T; None: any.
    """
    for what, given, wanted in zip(
        ("frames", "joints", "channels"), poses.shape[2:], (frames, joints, channels), strict=True
    ):
        if wanted is not None and given != wanted:
            raise LabanError(
                f"poses have {given} {what} but this {network} was made for {wanted}: "
                "check the skeleton, the stream and the pipeline"
            )
