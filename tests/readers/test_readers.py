"""What every reader promises, and how a format is told by names."""

import zipfile

import numpy as np
import pytest
from make_dhg import write_dhg
from make_kinetics import write_kinetics
from make_msr_action3d import write_msr_action3d
from make_ntu import ntu_text
from make_nw_ucla import write_nw_ucla
from make_pku_mmd import write_pku_mmd
from make_sbu import write_sbu
from make_shrec17 import write_shrec17

from laban.readers import READERS, Source, detect_format


def write_ntu(folder):
    folder.mkdir(exist_ok=True)
    for name in ("S001C001P001R001A001", "S001C001P002R001A060"):
        (folder / f"{name}.skeleton").write_text(ntu_text([[1], [], [1, 2]])[0])


WRITERS = {
    "ntu": write_ntu,
    "shrec17": lambda folder: write_shrec17(folder, [(1, 1, 1, 1)], [(2, 2, 2, 2)]),
    "dhg": lambda folder: write_dhg(folder, {(2, 1, 3, 5): (2, 7), (1, 2, 3, 1): (0, 11)}),
    "nw-ucla": lambda folder: write_nw_ucla(folder, ["a01_s01_e00_v01", "a02_s01_e00_v02"]),
    "pku-mmd": lambda folder: write_pku_mmd(
        folder, {"0002-L": [(8, 1, 5)], "A10N08-M": []}, train=["0002-L"], test=["A10N08-M"]
    ),
    "kinetics": lambda folder: write_kinetics(
        folder, {"a": ("train", "yoga"), "b": ("val", "zumba")}
    ),
    "msr-action3d": lambda folder: write_msr_action3d(
        folder, ["a01_s01_e01", "a02_s02_e01"], usable=["a01_s01_e01"]
    ),
    "sbu": lambda folder: write_sbu(folder, ["s01s02/01/001", "s07s03/08/001"]),
}


@pytest.mark.parametrize("name", READERS)
def test_contract(name, tmp_path):
    reader = READERS[name]
    WRITERS[name](tmp_path / "raw")
    source = Source.open(tmp_path / "raw")
    assert reader.name == name
    assert reader.about and "\n" not in reader.about
    assert detect_format(source) == name
    entries = reader.find(source)
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
    assert len(entries) == 2
    for entry in entries:
        clip = reader.read(source, entry)
        assert (clip.name, clip.label, dict(clip.facts)) == (entry.name, entry.label, entry.facts)
        assert clip.poses.dtype == np.float32
        assert clip.poses.shape[2] == len(reader.skeleton)
        assert clip.poses.shape[3] in (2, 3)
        assert clip.fps == reader.fps
        assert np.isfinite(clip.poses).all()
        assert not clip.poses[~clip.present].any()
        assert all(isinstance(value, str) for value in clip.facts.values())


@pytest.mark.parametrize("name", READERS)
def test_a_zip_gives_the_clips_of_the_folder(name, tmp_path):
    reader = READERS[name]
    WRITERS[name](tmp_path / "raw")
    folder = Source.open(tmp_path / "raw")
    with zipfile.ZipFile(tmp_path / "raw.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.names():
            archive.write(tmp_path / "raw" / file, f"some/where/{file}")
    with Source.open(tmp_path / "raw.zip") as packed:
        assert detect_format(packed) == name
        for one, other in zip(reader.find(folder), reader.find(packed), strict=True):
            assert (one.name, one.label, one.facts) == (other.name, other.label, other.facts)
            np.testing.assert_array_equal(
                reader.read(folder, one).poses, reader.read(packed, other).poses
            )


def test_unknown_names_are_no_format(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"")
    assert detect_format(Source.open(tmp_path)) is None
