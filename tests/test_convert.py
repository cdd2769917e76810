"""Conversion: what is skipped is named, the store is whole or not there, workers change nothing."""

import json
import os
import weakref
import zipfile
from dataclasses import dataclass, field

import numpy as np
import pytest
from make_agcn import clip_values, write_agcn
from make_bvh import write_bvh
from make_nw_ucla import write_nw_ucla
from make_table import LAYOUT, csv_text

import laban.layout
import laban.reading
from laban.clip import Clip
from laban.convert import convert
from laban.errors import LabanError
from laban.info import info
from laban.readers import READERS, Entry, Source
from laban.skeletons import SKELETONS, Skeleton
from laban.store import Store

PAIR = Skeleton("pair", ("a", "b"), (0, 0))


@dataclass
class Numbers:
    """A made-up format: NAME.num holds the number of frames, or a word that asks for a fault."""

    layout = "NAME.num"
    seen: list[str] = field(default_factory=list)
    alive: weakref.WeakSet = field(default_factory=weakref.WeakSet)
    most_alive: int = 0

    def find(self, source: Source) -> list[Entry]:
        names = [name for name in source.names() if name.endswith(".num")]
        return [Entry(name=name[:-4], path=name, label="x") for name in names]

    def read(self, source: Source, entry: Entry) -> Clip:
        word = source.read(entry.path).decode()
        self.seen.append(entry.name)
        if word == "bad":
            raise LabanError(f"{entry.path}, line 1: not a number, mend it")
        if word == "interrupt":
            raise KeyboardInterrupt
        poses = np.ones((1, 3 if word == "nan" else int(word), 2, 3))
        if word == "nan":
            poses[0, 2, 1, 0] = np.nan
        clip = Clip(entry.name, poses, PAIR, label=entry.label)
        self.alive.add(HashedById(clip))
        self.most_alive = max(self.most_alive, len(self.alive))
        return clip


class HashedById:
    """Lives as long as its clip: a clip itself cannot be in a set."""

    def __init__(self, clip: Clip) -> None:
        clip.facts = {}
        clip.watcher = self


@pytest.fixture
def numbers(monkeypatch) -> Numbers:
    reader = Numbers()
    monkeypatch.setitem(READERS, "numbers", reader)
    return reader


@pytest.fixture
def folder(tmp_path):
    def make(**files: str):
        raw = tmp_path / "raw"
        raw.mkdir(exist_ok=True)
        for name, word in files.items():
            (raw / f"{name}.num").write_text(word)
        return raw

    return make


def test_a_folder_becomes_a_store_with_a_summary(numbers, folder, tmp_path, capsys):
    result = convert("numbers", folder(a="5", b="2"), tmp_path / "s.arrow")
    store = Store(tmp_path / "s.arrow")
    assert store.names.tolist() == ["a", "b"]
    assert store.frames.tolist() == [5, 2]
    assert store.info == {"format": "numbers", "source": "raw"}
    summary = result.value
    assert (summary["clips"], summary["frames"], summary["skipped"]) == (2, 7, [])
    assert summary["source_bytes"] == 2
    assert summary["store_bytes"] == store.path.stat().st_size
    assert capsys.readouterr() == ("", "")
    assert "s.arrow: 2 clips, 7 frames, 0 skipped; 0.0 MB read" in result.text
    json.dumps(summary)
    assert not (tmp_path / "s.arrow.skipped.txt").exists()


def test_a_zip_is_read_where_it_is(numbers, folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
        archive.writestr("deep/a.num", "4")
    convert("numbers", tmp_path / "raw.zip", tmp_path / "s.arrow")
    assert Store(tmp_path / "s.arrow").names.tolist() == ["deep/a"]


def test_skipped_files_are_named_with_the_reason(numbers, folder, tmp_path, capsys):
    raw = folder(a="3", b="bad", c="nan", d="2")
    result = convert("numbers", raw, tmp_path / "s.arrow")
    assert Store(tmp_path / "s.arrow").names.tolist() == ["a", "d"]
    assert [skip["path"] for skip in result.value["skipped"]] == ["b.num", "c.num"]
    listing = (tmp_path / "s.arrow.skipped.txt").read_text().splitlines()
    assert listing[0] == "b.num, line 1: not a number, mend it"
    assert "frame 2" in listing[1] and "not a finite number" in listing[1]
    err = capsys.readouterr().err
    assert f"skipped {listing[0]}" in err
    assert "2 clips, 5 frames, 2 skipped" in result.text
    for name in "bc":
        (raw / f"{name}.num").write_text("1")
    convert("numbers", raw, tmp_path / "s.arrow", overwrite=True)
    assert not (tmp_path / "s.arrow.skipped.txt").exists()


def test_the_screen_shows_twenty_and_the_file_all(numbers, folder, tmp_path, capsys):
    convert("numbers", folder(a="1", **{f"f{i}": "bad" for i in range(30)}), tmp_path / "s.arrow")
    assert len((tmp_path / "s.arrow.skipped.txt").read_text().splitlines()) == 30
    err = capsys.readouterr().err
    assert err.count("skipped f") == 20
    assert "and 10 more; all are listed in" in err


def test_ignored_clips_are_left_out(numbers, folder, tmp_path):
    ignored = tmp_path / "ignored.txt"
    ignored.write_text("samples with missing skeletons\n\nb\n c.num \nelsewhere\n")
    raw = folder(a="1", b="1", c="1")
    summary = convert("numbers", raw, tmp_path / "s.arrow", ignored=ignored).value
    assert Store(tmp_path / "s.arrow").names.tolist() == ["a"]
    assert numbers.seen == ["a"]
    expected = [{"path": f"{n}.num", "reason": f"named in {ignored}"} for n in "bc"]
    assert summary["skipped"] == expected
    with pytest.raises(LabanError, match=r"none\.txt cannot be read as a list of clip names"):
        convert("numbers", raw, tmp_path / "t.arrow", ignored=tmp_path / "none.txt")


@pytest.mark.parametrize("fault", ["bad", "interrupt"])
def test_what_existed_stays_when_nothing_comes_of_it(numbers, folder, tmp_path, fault):
    convert("numbers", folder(a="1"), tmp_path / "s.arrow")
    before = (tmp_path / "s.arrow").read_bytes()
    raw = folder(a="bad", b=fault)
    expected = KeyboardInterrupt if fault == "interrupt" else LabanError
    with pytest.raises(expected) as raised:
        convert("numbers", raw, tmp_path / "s.arrow", overwrite=True)
    if fault == "bad":
        assert "none of 2 recordings can be used; the first: a.num, line 1" in str(raised.value)
    assert (tmp_path / "s.arrow").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["raw", "s.arrow"]


def test_an_existing_store_is_refused_before_anything_is_read(numbers, folder, tmp_path):
    convert("numbers", folder(a="1"), tmp_path / "s.arrow")
    numbers.seen.clear()
    with pytest.raises(LabanError, match="exists: .*--overwrite"):
        convert("numbers", folder(a="1"), tmp_path / "s.arrow")
    assert numbers.seen == []


def test_only_a_batch_of_clips_is_alive_at_a_time(numbers, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(laban.layout, "BATCH_BYTES", 5 * (24 + laban.layout.ROW_BYTES))
    convert("numbers", folder(**{f"f{i:03}": "1" for i in range(100)}), tmp_path / "s.arrow")
    assert len(Store(tmp_path / "s.arrow")) == 100
    assert numbers.most_alive <= 7


def test_wrong_arguments_get_a_sentence(numbers, folder, tmp_path):
    raw = folder(a="1")
    for arguments, message in [
        (("number", raw), "unknown format 'number': did you mean numbers"),
        (("numbers", tmp_path / "nowhere"), "nowhere cannot be read"),
        (("ntu", raw), "raw holds no ntu recordings: they are named like "),
    ]:
        with pytest.raises(LabanError, match=message):
            convert(*arguments, tmp_path / "s.arrow")
    with pytest.raises(LabanError, match="workers is 0"):
        convert("numbers", raw, tmp_path / "s.arrow", workers=0)
    assert not (tmp_path / "s.arrow").exists()


def test_two_workers_write_the_same_bytes(tmp_path, monkeypatch):
    """Through a real reader: loky's processes cannot import this file's made-up one."""
    raw = tmp_path / "raw"
    raw.mkdir()
    rng = np.random.default_rng(0)
    for trial in range(12):
        poses = rng.standard_normal((3 + trial, len(SKELETONS["kinect-v1"]), 3)).tolist()
        text = json.dumps({"skeletons": poses})
        (raw / f"a01_s01_e{trial:02}_v01.json").write_text(text[: 99 if trial == 7 else None])
    monkeypatch.setattr(laban.reading, "CHUNK_FILES", 2)
    monkeypatch.setattr(laban.reading, "CHUNKS_A_WAVE", 2)
    one, two = (
        convert("nw-ucla", raw, tmp_path / f"{workers}.arrow", workers=workers).value
        for workers in (1, 2)
    )
    assert (tmp_path / "1.arrow").read_bytes() == (tmp_path / "2.arrow").read_bytes()
    assert one["skipped"] == two["skipped"]
    assert [skip["path"] for skip in two["skipped"]] == ["a01_s01_e07_v01.json"]
    frames = Store(two["store"]).frames.sum()
    assert (two["clips"], two["frames"]) == (one["clips"], one["frames"]) == (11, frames)


@pytest.mark.real
def test_nw_ucla_is_whole(real_data, tmp_path):
    summary = convert("nw-ucla", real_data("nw-ucla.zip"), tmp_path / "s.arrow").value
    assert (summary["clips"], summary["frames"], summary["skipped"]) == (1484, 58534, [])


def test_labels_from_names_a_unit_and_another_layout(tmp_path, capsys):
    """The options of formats that do not tell everything, through real readers."""
    raw = tmp_path / "raw"
    write_bvh(raw, ["walk_01", "run_02", "readme"])
    convert("bvh", raw, tmp_path / "cm.arrow")
    options = {"label_from": "{label}_{subject}", "unit": 1.0}
    skipped = convert("bvh", raw, tmp_path / "m.arrow", **options).value["skipped"]
    assert [skip["path"] for skip in skipped] == ["readme.bvh"]
    assert "does not fit --label-from" in skipped[0]["reason"]
    store, plain = Store(tmp_path / "m.arrow"), Store(tmp_path / "cm.arrow")
    assert store.labels.tolist() == ["run", "walk"]
    assert store.column("subject").tolist() == ["2", "1"]
    np.testing.assert_allclose(store[0].poses, 100 * plain[plain.index("run_02")].poses, 1e-5)

    write_nw_ucla(tmp_path / "ucla", ["a01_s01_e00_v01"])
    result = convert("nw-ucla", tmp_path / "ucla", tmp_path / "k.arrow", skeleton="kinect-v2")
    assert Store(tmp_path / "k.arrow").skeleton.name == "kinect-v2"
    said = "kinect-v1 to kinect-v2: 20 joints taken; made: neck from shoulder-centre and head; mask"
    assert result.value["mapping"].startswith(said) and said in result.text
    assert Store(tmp_path / "k.arrow").info["mapping"] == result.value["mapping"]
    assert said in info(tmp_path / "k.arrow").value["info"]["mapping"]


def test_a_file_of_many_clips_counts_once(tmp_path):
    """Of 2s-AGCN's pair of files the clips alternate in the order of their names."""
    rows = {part: [(f"{n}{part}", 0, clip_values(4)) for n in range(3)] for part in PARTS}
    write_agcn(tmp_path / "raw", rows)
    size = sum((tmp_path / f"raw/{part}_data_joint.npy").stat().st_size for part in PARTS)
    value = convert("agcn", tmp_path / "raw", tmp_path / "s.arrow").value
    assert (value["clips"], value["source_bytes"]) == (6, size)


PARTS = ("train", "val")


def test_a_table_of_many_clips_and_a_list_of_ignored_ones(tmp_path):
    (tmp_path / "rig.yaml").write_text(LAYOUT + "clip: take\n")
    poses = np.ones((4, 5, 3))
    (tmp_path / "all.csv").write_text(csv_text(poses, take="abab"))
    (tmp_path / "ignored.txt").write_text("a\n")
    options = {"layout": tmp_path / "rig.yaml", "ignored": tmp_path / "ignored.txt"}
    value = convert("table", tmp_path / "all.csv", tmp_path / "s.arrow", **options).value
    assert Store(tmp_path / "s.arrow").names.tolist() == ["b"]
    assert value["source_bytes"] == (tmp_path / "all.csv").stat().st_size
    assert [skip["path"] for skip in value["skipped"]] == ["all.csv"]


@pytest.mark.parametrize(
    ("format", "options", "sentence"),
    [
        ("bvh", {"label_from": "{label}-{x}"}, "fits none of the paths, such as a.bvh"),
        ("bvh", {"label_from": "walk"}, "has no label: write {label}"),
        ("bvh", {"unit": 0.0}, "--unit is 0.0: give the metres"),
        ("bvh", {"layout": "x.yaml"}, "--layout is not for the format bvh, but for table, agcn"),
        ("table", {"layout": "x.yaml"}, "--layout x.yaml is neither a layout file nor a joint"),
        ("ntu", {"unit": 1.0}, "--unit is not for the format ntu, but for bvh"),
        ("bvh", {"skeleton": "kinect"}, "unknown skeleton 'kinect': did you mean kinect-v"),
        ("bvh", {"skeleton": "hand-22"}, "have no joint in common"),
    ],
)
def test_options_that_do_not_fit_get_a_sentence(tmp_path, format, options, sentence):
    write_bvh(tmp_path / "raw", ["a"])
    with pytest.raises(LabanError, match=sentence):
        convert(format, tmp_path / "raw", tmp_path / "s.arrow", **options)
    assert not (tmp_path / "s.arrow").exists()
