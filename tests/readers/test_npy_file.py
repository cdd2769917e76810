"""npy and npz files as views of their bytes, and what is refused."""

import io
import zipfile

import numpy as np
import pytest
from damage import damage, damages
from hypothesis import given, settings

from laban.errors import LabanError
from laban.readers.npy_file import npy_array, npz_arrays


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "i4", "u1", "bool"])
@pytest.mark.parametrize("order", "CF")
def test_a_view_is_what_numpy_reads(dtype, order):
    array = np.asarray(np.random.default_rng(0).random((3, 4, 5)) * 9, dtype, order=order)
    data = npy(array)
    view = npy_array(data, "a.npy")
    np.testing.assert_array_equal(view, array)
    assert view.dtype == array.dtype and not view.flags.owndata and not view.flags.writeable
    np.testing.assert_array_equal(npy_array(npy(array, version=(2, 0)), "a.npy"), array)


@pytest.mark.parametrize("compressed", [False, True])
def test_npz(compressed):
    arrays = {"x": np.arange(12.0).reshape(3, 4), "y": np.eye(3)}
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays, z=np.ones(2))
    data = file.getvalue()
    found = npz_arrays(data, "a.npz", ["x", "y", "w"])
    assert list(found) == ["x", "y"]
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert np.shares_memory(found[name], np.frombuffer(data, np.uint8)) != compressed


def test_objects_are_refused():
    array = np.array([{"a": 1}], object)
    with pytest.raises(LabanError, match="a.npy holds object, only arrays of numbers"):
        npy_array(npy(array, allow_pickle=True), "a.npy")
    with pytest.raises(LabanError, match="a.npy holds"):
        npy_array(npy(np.zeros(2, [("a", "f4"), ("b", "i4")])), "a.npy")


def test_other_shapes_than_bytes_are_refused():
    data = npy(np.ones((3, 4)))
    huge = data.replace(b"(3, 4), }    ", b"(99999999999,4),}"[:13].ljust(13))
    for bad in (data[:-1], data + b"x", huge, npy(np.ones((0, 4)))):
        with pytest.raises(LabanError, match=r"^a.npy "):
            npy_array(bad, "a.npy")


def test_a_bomb_is_refused():
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros((300, 2**17)))  # 300 MiB
    assert len(file.getvalue()) < 2**20
    with pytest.raises(LabanError, match="a.npz .* too large to unpack"):
        npz_arrays(file.getvalue(), "a.npz", ["x"])


def test_encrypted_or_unusual_zips_are_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.npy", npy(np.ones(3)))
    with pytest.raises(LabanError, match=r"a.npz .* unusual way"):
        npz_arrays(file.getvalue(), "a.npz", ["x"])


@given(operations=damages)
@settings(max_examples=200)
def test_damaged_files_are_sentences(operations):
    file = io.BytesIO()
    np.savez_compressed(file, x=np.arange(60.0))
    for data, read in (
        (npy(np.arange(60.0)), npy_array),
        (file.getvalue(), lambda data, name: npz_arrays(data, name, ["x"])),
    ):
        try:
            read(damage(data, operations), "a.np")
        except LabanError as fault:
            assert str(fault).startswith("a.np")
