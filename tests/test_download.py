"""Datasets come whole, go on where they stopped, and nothing else than what was checked is kept."""

import hashlib
import re
import shlex
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import laban.download
from laban.arguments import signature_parser
from laban.cli import main
from laban.convert import convert
from laban.download import ASK, SETS
from laban.readers import READERS

PAGE = (Path(__file__).parents[1] / "docs/datasets.md").read_text()
FILES = {"Dictionary/1/1.txt": b"1 2 3\n" * 2000, "Sequences/sequencesGT.csv": b"1,0\n"}


class Owner(BaseHTTPRequestHandler):
    """A host that may know Range, cut its answers off, or have lost the file."""

    def do_GET(self):
        server = self.server
        server.asked.append(self.headers.get("Range"))
        if server.status:
            self.send_error(server.status)
            return
        body, first = server.body, 0
        if server.ranges and self.headers.get("Range"):
            first = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
            if first >= len(body):
                self.send_error(416)
                return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body) - first))
        self.end_headers()
        self.wfile.write(body[first : server.until])

    def log_message(self, *_):
        pass


@pytest.fixture
def owner(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(laban.download, "CHUNK", 100)
    path = tmp_path / "owner.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Repository-1/", b"")
        archive.writestr("Repository-1/README.md", b"# Read me")
        for name, content in FILES.items():
            archive.writestr(f"Repository-1/{name}", content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Owner)
    server.body, server.asked, server.ranges = path.read_bytes(), [], True
    server.status, server.until = 0, None
    path.unlink()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sums = [f"{hashlib.sha256(FILES[name]).hexdigest()}  {name}\n" for name in sorted(FILES)]
    checksum = hashlib.sha256("".join(sums).encode()).hexdigest()
    address = f"http://127.0.0.1:{server.server_address[1]}/owner.zip"
    made = replace(SETS["sfinge"], address=address, files=len(FILES), checksum=checksum)
    monkeypatch.setitem(SETS, "sfinge", made)
    yield server
    server.shutdown()
    server.server_close()


def refused(capsys, *words):
    """The sentence with which a command line is refused."""
    assert main(["download", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    return err


def test_the_recordings_come_and_nothing_else(owner, tmp_path, capsys):
    assert main(["download", "sfinge"]) == 0
    said = capsys.readouterr().out
    assert "2 files" in said and "laban convert sfinge sfinge.zip" in said and "cite" in said
    with zipfile.ZipFile("sfinge.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["sfinge.zip"]
    assert "exists already" in refused(capsys, "sfinge")


@pytest.mark.parametrize("ranges", [True, False])
def test_what_was_cut_off_goes_on(owner, ranges, capsys):
    owner.ranges, owner.until = ranges, 1000
    sentence = refused(capsys, "sfinge")
    assert "1000 of" in sentence and "the same command goes on" in sentence
    assert not Path("sfinge.zip").exists()
    owner.until = None
    assert main(["download", "sfinge", "--out", "sfinge.zip"]) == 0
    assert owner.asked == [None, "bytes=1000-"]


def test_a_download_that_was_whole_already_is_not_asked_for_again(owner):
    Path("sfinge.zip.download").write_bytes(owner.body)
    assert main(["download", "sfinge"]) == 0


def test_something_else_is_refused_and_removed(owner, tmp_path, monkeypatch, capsys):
    whole = owner.body
    at = whole.index(b"1 2 3")
    for body in (b"<html>not here</html>", whole[:at] + b"7" + whole[at + 1 :], whole[:-40]):
        owner.body = body
        assert "something else than what was checked" in refused(capsys, "sfinge")
        assert not list(tmp_path.iterdir())
    owner.body = whole
    monkeypatch.setitem(SETS, "sfinge", replace(SETS["sfinge"], checksum="0" * 64))
    assert "something else" in refused(capsys, "sfinge")


def test_no_network_and_no_file_are_one_sentence(owner, monkeypatch, capsys):
    owner.status = 404
    assert "answers 404" in refused(capsys, "sfinge")
    closed = replace(SETS["sfinge"], address="http://127.0.0.1:9/x.zip")
    monkeypatch.setitem(SETS, "sfinge", closed)
    assert "was not received in whole" in refused(capsys, "sfinge")
    assert "no folder" in refused(capsys, "sfinge", "--out", "nowhere/x.zip")


def test_what_must_be_asked_for_says_where(capsys):
    for name, ask in ASK.items():
        sentence = refused(capsys, name)
        assert ask.address in sentence and ask.convert in sentence
    assert "did you mean sfinge" in refused(capsys, "sfing")


def test_the_page_names_every_set_and_its_next_command():
    parser = signature_parser("convert", convert)
    for name, one in {**SETS, **ASK}.items():
        assert f"`{name}`" in PAGE and one.convert in PAGE, name
        _, _, *words = shlex.split(one.convert)
        assert parser.parse_args(words).format in READERS
    for name, one in SETS.items():
        assert f"laban download {name}" in PAGE and str(one.files).replace("2902", "2,902") in PAGE
    for name, one in ASK.items():
        assert one.address in PAGE, name


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "archive"),
    [("precog", "precog2016.zip"), ("sfinge", "sfinge3d-v1.zip")],
)
def test_checksums_are_those_of_the_recordings_that_the_readers_were_tested_on(
    real_data, name, archive
):
    wanted, sums = SETS[name], []
    with zipfile.ZipFile(real_data(archive)) as source:
        for path in sorted(source.namelist()):
            if path.startswith(wanted.folder) and path.endswith(wanted.ending):
                sums.append(f"{hashlib.sha256(source.read(path)).hexdigest()}  {path}\n")
    assert len(sums) == wanted.files
    assert hashlib.sha256("".join(sums).encode()).hexdigest() == wanted.checksum
