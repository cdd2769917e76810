"""Folders, zips and single files: the same names and bytes, and what is refused."""

import os
import pickle
import zipfile
from concurrent.futures import ProcessPoolExecutor

import pytest

from laban.errors import LabanError
from laban.readers.source import Entry, Source, distinct

FILES = {"b.txt": b"two", "a/x.txt": b"one", "a/deep/y.txt": b""}


@pytest.fixture(params=["folder", "zip"])
def source(request, tmp_path):
    folder = tmp_path / "raw"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    if request.param == "folder":
        return Source.open(folder)
    return Source.open(make_zip(tmp_path / "raw.zip", FILES))


def make_zip(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.mkdir("empty")
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def read_one(source, name):
    return source.read(name)


def test_names_sizes_and_bytes_are_the_same_in_a_folder_and_a_zip(source):
    with source:
        assert source.names() == sorted(FILES)
        for name, data in FILES.items():
            assert source.read(name) == data
            assert source.size(name) == len(data)
    assert source.read("b.txt") == b"two"  # a closed source opens itself again


def test_a_single_file_is_a_source_of_one(tmp_path):
    (tmp_path / "clip.skeleton").write_bytes(b"1\n")
    source = Source.open(str(tmp_path / "clip.skeleton"))
    assert source.names() == ["clip.skeleton"]
    assert source.read("clip.skeleton") == b"1\n"
    with pytest.raises(LabanError, match="one file, there is no other"):
        source.read("other")


def test_a_source_reads_in_another_process(source):
    source.read("b.txt")
    assert pickle.loads(pickle.dumps(source)).read("a/x.txt") == b"one"  # noqa: S301
    with ProcessPoolExecutor(1) as pool:
        assert pool.submit(read_one, source, "a/x.txt").result() == b"one"


def test_a_forked_child_does_not_move_the_parents_place(source):
    source.read("b.txt")
    if (child := os.fork()) == 0:
        os._exit(0 if source.read("a/x.txt") == b"one" else 1)
    assert source.read("a/x.txt") == b"one"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(LabanError, match="nowhere.zip cannot be read: No such file"):
        Source.open(tmp_path / "nowhere.zip")
    with pytest.raises(LabanError, match="null"):
        Source.open("a\0b")


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04" + bytes(100)])
def test_a_zip_that_is_not_one_gets_one_sentence(tmp_path, data):
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(LabanError, match=r"bad.zip is not a zip that can be read \(.*pack it"):
        Source.open(tmp_path / "bad.zip")


def test_a_missing_name_is_an_error(source):
    with pytest.raises(LabanError, match=r"no/such\.txt"):
        source.read("no/such.txt")


@pytest.mark.parametrize("name", ["/etc/passwd", "../up.txt", "a/../../up.txt", "C:/x", "a\\..\\b"])
def test_a_zip_entry_that_points_out_of_it_is_refused(tmp_path, name):
    with pytest.raises(LabanError, match="points out of the zip"):
        Source.open(make_zip(tmp_path / "evil.zip", {"fine.txt": b"", name: b"x"}))


def test_a_zip_bomb_is_refused_and_an_honest_repetition_is_not(tmp_path):
    files = {"bomb": bytes(3 * 2**20), "small": bytes(2**20)}
    source = Source.open(make_zip(tmp_path / "bomb.zip", files))
    with pytest.raises(LabanError, match="more than 200 times"):
        source.read("bomb")
    assert source.read("small") == files["small"]


def test_a_file_above_the_limit_is_refused(tmp_path):
    (tmp_path / "big").write_bytes(bytes(11))
    with pytest.raises(LabanError, match="has 11 bytes, more than the 10"):
        Source.open(tmp_path, largest=10).read("big")


def test_an_entry_that_lies_about_its_size_is_damaged(tmp_path):
    path = make_zip(tmp_path / "lie.zip", {"x": bytes(5000)})
    data = path.read_bytes()
    path.write_bytes(data.replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little")))
    with pytest.raises(LabanError, match="x is damaged"):
        Source.open(path).read("x")


def test_an_encrypted_entry_is_refused(tmp_path):
    path = make_zip(tmp_path / "locked.zip", {"x": b"secret"})
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(mark) + place] |= 1
    path.write_bytes(data)
    with pytest.raises(LabanError, match="x is encrypted"):
        Source.open(path).read("x")


def test_an_unusual_packing_is_refused(tmp_path):
    path = make_zip(tmp_path / "odd.zip", {"x": b"abc" * 99}, zipfile.ZIP_BZIP2)
    with pytest.raises(LabanError, match="unusual way"):
        Source.open(path).read("x")


def test_damaged_zips_never_raise_anything_else(tmp_path):
    data = make_zip(tmp_path / "good.zip", FILES).read_bytes()
    path = tmp_path / "damaged.zip"
    refused = 0
    for place in range(len(data)):
        for damaged in (data[:place], data[:place] + b"\xff" + data[place + 1 :]):
            path.write_bytes(damaged)
            try:
                with Source.open(path) as source:
                    for name in source.names():
                        source.read(name)
            except LabanError as fault:
                assert "\n" not in str(fault)
                refused += 1
    assert refused > len(data)


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(b"s")
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "inside").write_bytes(b"i")
    (folder / "good").symlink_to(folder / "inside")
    (folder / "bad").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    source = Source.open(folder)
    assert source.names() == ["bad", "good", "inside"]
    assert source.read("good") == b"i"
    for name in ("bad", "../secret", str(tmp_path / "secret")):
        with pytest.raises(LabanError, match="outside of the folder"):
            source.read(name)


def test_a_pipe_is_neither_listed_nor_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert Source.open(tmp_path).names() == []
    with pytest.raises(LabanError, match="neither a folder nor a file"):
        Source.open(tmp_path / "pipe")


def test_two_files_for_one_clip_are_an_error():
    one, other = Entry("A", "x/A.txt"), Entry("A", "y/A.txt")
    assert distinct([Entry("B", "b"), one]) == [one, Entry("B", "b")]
    with pytest.raises(LabanError, match=r"x/A.txt and y/A.txt are both the clip A"):
        distinct([one, other])


def test_a_mapped_file_has_the_bytes_of_the_file(source):
    for name in source.names():
        data = source.map(name)
        assert data[:] == source.read(name)
        assert source.map(name) is data
    with pytest.raises(LabanError, match="missing"):
        source.map("missing.txt")
    copy = pickle.loads(pickle.dumps(source))  # noqa: S301 - as processes send it
    assert copy.map("b.txt")[:] == b"two"


def test_only_files_in_a_zip_may_not_be_large_to_be_mapped(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.pkl").write_bytes(b"x" * 100)
    assert len(Source.open(tmp_path / "raw", largest=99).map("a.pkl")) == 100
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
        archive.write(tmp_path / "raw/a.pkl", "a.pkl")
    with pytest.raises(LabanError, match="a.pkl has 100 bytes.*unpack the zip first"):
        Source.open(tmp_path / "raw.zip", largest=99).map("a.pkl")
