"""Conversions that are stopped and taken up again, against those that nothing happened to."""

import os
import signal
import subprocess
import sys

import pytest
from make_nw_ucla import write_nw_ucla
from make_pku_mmd import write_pku_mmd

import laban.layout
from laban.convert import convert
from laban.errors import LabanError
from laban.info import info
from laban.layout import whole_batches
from laban.readers import READERS
from laban.store import Store
from laban.unfinished import left_behind

CLIPS = 24
FAULTY = "a01_s01_e03_v01"
# Converts, and waits behind a number of recordings, so that the signal always finds it there.
CHILD = """
import signal, sys, time
import laban.layout
from laban.convert import convert
from laban.readers import READERS

# Jobs in a shell's background, and what these start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
format, raw, store, stop, *skeleton = sys.argv[1:]
laban.layout.BATCH_BYTES = 8000
reader, left = type(READERS[format]), [int(stop)]
read = reader.read

def reading(self, source, entry):
    if not left[0]:
        print("there", flush=True)
        time.sleep(60)
    left[0] -= 1
    return read(self, source, entry)

reader.read = reading
own = {"skeleton": skeleton[0]} if skeleton else {}
convert(format, raw, store, overwrite=True, resume=True, trimmed=format == "pku-mmd", **own)
"""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(laban.layout, "BATCH_BYTES", 8000)


@pytest.fixture
def raw(tmp_path):
    write_nw_ucla(tmp_path / "raw", [f"a01_s01_e{n:02}_v01" for n in range(CLIPS)])
    (tmp_path / f"raw/all_sqe/{FAULTY}.json").write_text("{")  # to be skipped, each time
    return tmp_path / "raw"


def stopped(how, format, raw, store, clips, *skeleton):
    """What a process says whose conversion is stopped behind so many recordings."""
    words = [format, str(raw), str(store), str(clips), *skeleton]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout.readline() == b"there\n", child.communicate()[1].decode()
    child.send_signal(how)
    said = child.communicate(timeout=30)[1].decode()
    assert child.returncode == -how
    return said


def rows_left(store):
    (part,) = left_behind(store)
    return sum(batch.num_rows for batch in whole_batches(part)[1])


def read_from_now_on(monkeypatch, format):
    """The names of the entries that a reader reads."""
    names, reader = [], type(READERS[format])
    read = reader.read
    monkeypatch.setattr(
        reader, "read", lambda self, source, e: names.append(e.name) or read(self, source, e)
    )
    return names


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_stopped_conversion_is_taken_up_to_the_same_bytes(tmp_path, raw, how, monkeypatch):
    convert("nw-ucla", raw, tmp_path / "whole.arrow")
    store = tmp_path / "s.arrow"
    store.write_bytes(b"ARROW1 and an old store")
    said = stopped(how, "nw-ucla", raw, store, 20)
    assert ("stays for --resume" in said) == (how == signal.SIGINT)
    assert store.read_bytes() == b"ARROW1 and an old store"
    rows = rows_left(store)
    assert 10 < rows < 20
    read = read_from_now_on(monkeypatch, "nw-ucla")
    result = convert("nw-ucla", raw, store, overwrite=True, resume=True)
    assert len(read) == CLIPS - rows and FAULTY in read
    assert store.read_bytes() == (tmp_path / "whole.arrow").read_bytes()
    assert (result.value["clips"], result.value["resumed"]) == (CLIPS - 1, rows)
    assert [skip["path"] for skip in result.value["skipped"]] == [f"all_sqe/{FAULTY}.json"]
    assert f"{CLIPS - 1} clips ({rows} of them from before)" in result.text
    assert not list(tmp_path.glob("*.part"))


def test_it_may_be_interrupted_again(tmp_path, raw, monkeypatch):
    """The second is stopped at once: what the first had done is not lost."""
    store = tmp_path / "s.arrow"
    stopped(signal.SIGKILL, "nw-ucla", raw, store, 20)
    rows = rows_left(store)
    stopped(signal.SIGKILL, "nw-ucla", raw, store, 0)
    assert len(left_behind(store)) == 2
    result = convert("nw-ucla", raw, store, resume=True)
    assert (result.value["clips"], result.value["resumed"]) == (CLIPS - 1, rows)
    assert not list(tmp_path.glob("*.part"))


def test_cuts_and_another_layout(tmp_path, monkeypatch):
    """Of a recording whose cuts may not all be there, all are made again."""
    actions = {f"000{n}-L": [(8, 1, 5), (9, 6, 9), (8, 10, 12)] for n in range(6)}
    write_pku_mmd(tmp_path / "raw", actions)
    options = {"trimmed": True, "skeleton": "kinect-v1"}
    whole = convert("pku-mmd", tmp_path / "raw", tmp_path / "whole.arrow", **options)
    store = tmp_path / "s.arrow"
    stopped(signal.SIGKILL, "pku-mmd", tmp_path / "raw", store, 5, "kinect-v1")
    rows = rows_left(store)
    assert rows % 3, "the last recording has cuts that are not there"
    read = read_from_now_on(monkeypatch, "pku-mmd")
    result = convert("pku-mmd", tmp_path / "raw", store, resume=True, **options)
    assert len(read) == 6 - rows // 3
    assert store.read_bytes() == (tmp_path / "whole.arrow").read_bytes()
    assert result.value["mapping"] == whole.value["mapping"]
    assert result.value["resumed"] == rows - rows % 3


def test_other_options_and_no_resume(tmp_path, raw):
    store = tmp_path / "s.arrow"
    assert convert("nw-ucla", raw, store, resume=True).value["resumed"] == 0
    os.remove(store)
    stopped(signal.SIGKILL, "nw-ucla", raw, store, 20)
    with pytest.raises(LabanError, match="was of .*'nw-ucla'.*, this is of .*--skeleton kinect-v2"):
        convert("nw-ucla", raw, store, resume=True, skeleton="kinect-v2")
    assert rows_left(store)
    assert convert("nw-ucla", raw, store, skeleton="kinect-v2").value["resumed"] == 0
    assert not list(tmp_path.glob("*.part"))
    options = "--skeleton kinect-v2 --missing interpolate"
    assert info(store).value["info"]["options"] == options


def test_a_damaged_part_is_refused(tmp_path, raw):
    store = tmp_path / "s.arrow"
    stopped(signal.SIGKILL, "nw-ucla", raw, store, 20)
    (part,) = left_behind(store)
    made = part.read_bytes()
    poses = convert("nw-ucla", raw, tmp_path / "whole.arrow") and Store(tmp_path / "whole.arrow")[5]
    at = made.index(poses.poses.tobytes())
    part.write_bytes(made[:at] + b"\0" * 100 + made[at + 100 :])
    with pytest.raises(LabanError, match="is damaged at clip a01_s01_e06_v01: leave out --resume"):
        convert("nw-ucla", raw, store, resume=True)
    assert not store.exists()


def test_what_has_no_whole_batch_begins_anew(tmp_path, raw):
    store = tmp_path / "s.arrow"
    stopped(signal.SIGTERM, "nw-ucla", raw, store, 3)
    assert len(left_behind(store)) == 1 and rows_left(store) == 0
    assert "stays" not in stopped(signal.SIGINT, "nw-ucla", raw, store, 3)
    assert not left_behind(store)
    assert convert("nw-ucla", raw, store, resume=True).value["resumed"] == 0
