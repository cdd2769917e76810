"""Arrays of NumPy's npy and npz files as views of the file: nothing is read before it is asked for.

Formats: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html; an npz is a zip of
npy files, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. Arrays of Python objects,
which would be pickles, are refused.
"""

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Collection
from tokenize import TokenError
from typing import IO, cast

import numpy as np

from laban.errors import LabanError
from laban.readers.source import ZIP_FAULTS, Mapped

__all__ = ["npy_array", "npz_arrays"]

_LARGEST_HEADER = 2**14
_MOST_UNPACKED = 256 * 2**20  # bytes of the compressed arrays of a file
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What NumPy's parser of headers raises, by its own list and Python's.
_HEADER_FAULTS = (
    *(ValueError, KeyError, TypeError, IndexError, AttributeError, TokenError),
    *(SyntaxError, RecursionError, MemoryError, OverflowError),
)


def npy_array(data: Mapped | memoryview, name: str) -> np.ndarray:
    """The array of an npy file as a read-only view of its bytes.

    Raises:
        LabanError: Where it is no npy file, is cut off or holds anything but numbers.
    """
    file = io.BytesIO(bytes(data[:_LARGEST_HEADER]))
    try:
        shape, columns_first, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    except _HEADER_FAULTS as fault:
        reason = " ".join(str(fault).split())[:100]
        raise LabanError(
            f"{name} is no npy file that can be read ({reason}), save the array again"
        ) from fault
    if dtype.kind not in "fiub":
        raise LabanError(f"{name} holds {str(dtype)[:60]}, only arrays of numbers are read")
    size, there = math.prod(shape) * dtype.itemsize, len(data) - file.tell()
    if min(shape, default=1) < 1 or there != size:
        raise LabanError(
            f"{name} has {there:,} bytes of numbers, which the shape {str(shape)[:60]} does not "
            "fit: copy the file again, or leave it out if it is empty"
        )
    flat = np.frombuffer(data, dtype, offset=file.tell())
    return flat.reshape(shape, order="F" if columns_first else "C")


def npz_arrays(data: Mapped, name: str, wanted: Collection[str]) -> dict[str, np.ndarray]:
    """Some arrays of an npz file by name: views of its bytes, but for those that are compressed.

    Raises:
        LabanError: Where it is no npz file or an array cannot be read.
    """
    arrays: dict[str, np.ndarray] = {}
    left = _MOST_UNPACKED
    try:
        # A mapped file has what zipfile needs of a file to list it.
        file = io.BytesIO(data) if isinstance(data, bytes) else cast(IO[bytes], data)
        with zipfile.ZipFile(file) as archive:
            infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        for array in wanted:
            if array in infos:
                part, left = _part(data, infos[array], left)
                arrays[array] = npy_array(part, f"{name}, {array}")
    except LabanError:
        raise
    except (*ZIP_FAULTS, NotImplementedError) as fault:
        reason = " ".join(str(fault).split())[:100]
        raise LabanError(
            f"{name} is no npz file that can be read ({reason}), save the arrays again"
        ) from fault
    return arrays


def _part(data: Mapped, info: zipfile.ZipInfo, left: int) -> tuple[memoryview, int]:
    """The bytes of one entry of a zip, and how many more may be unpacked."""
    name_length, extra_length = struct.unpack_from("<HH", data, info.header_offset + 26)
    start = info.header_offset + 30 + name_length + extra_length
    packed = memoryview(data)[start : start + info.compress_size]
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("it is encrypted or packed in an unusual way")
    if info.compress_type == zipfile.ZIP_STORED:
        return packed, left
    if info.file_size > left:
        raise ValueError("its arrays are compressed and too large to unpack, use numpy.savez")
    unpacked = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, info.file_size + 1)
    return memoryview(unpacked), left - len(unpacked)
