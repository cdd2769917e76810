"""Numbers to text without a loop: NumPy takes the decimal digits of a whole array apart.

A recording of NTU RGB+D (https://arxiv.org/abs/1604.02808) holds some 20,000 numbers a second and
person; formatting them one by one would take most of the time of writing a dataset.
"""

import numpy as np

__all__ = ["as_text", "cells"]


def cells(values: np.ndarray, *, whole: int, decimals: int, end: str = " ") -> np.ndarray:
    """Numbers (...,) -> their characters (..., W) uint8, 0 where a cell has fewer; `end` follows.

    Args:
        values: Clipped to what fits.
        whole: Digits before the point; with decimals at most 9.
        decimals: Digits behind it; trailing zeros are left out.
        end: One character.
    """
    scale = 10**decimals
    top = 10 ** (whole + decimals) - 1
    scaled = np.rint(np.asarray(values, np.float64) * scale)
    units = np.minimum(np.abs(scaled), top).astype(np.uint32)
    text = np.zeros((*units.shape, whole + decimals + 3), np.uint8)
    text[..., 0] = np.where((scaled < 0) & (units > 0), ord("-"), 0)
    rest, filled = units, np.zeros(units.shape, bool)
    for k in range(decimals):
        rest, digit = np.divmod(rest, np.uint32(10))
        filled |= digit > 0
        text[..., 1 + whole + decimals - k] = np.where(filled, digit + 48, 0)
    text[..., 1 + whole] = np.where(filled, ord("."), 0)
    for k in range(whole):
        digit = rest % np.uint32(10)
        text[..., whole - k] = np.where((rest > 0) | (k == 0), digit + 48, 0)
        rest = rest // np.uint32(10)
    text[..., -1] = ord(end)
    return text


def as_text(characters: np.ndarray) -> bytes:
    """Characters of any shape uint8 -> the text in that order, without the empty cells."""
    flat = characters.reshape(-1)
    return flat[flat != 0].tobytes()
