"""What every reader promises, and how a format is told by names."""

import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from damage import damage, damages, share
from hypothesis import HealthCheck, given, settings
from make_agcn import clip_values, write_agcn, write_ctr_gcn
from make_bvh import write_bvh
from make_dhg import write_dhg
from make_fpha import write_fpha
from make_kinetics import write_kinetics
from make_mediapipe import write_mediapipe
from make_msr_action3d import write_msr_action3d
from make_ntu import ntu_text
from make_nw_ucla import write_nw_ucla
from make_openpose import write_openpose
from make_pku_mmd import write_pku_mmd
from make_precog import write_precog
from make_pyskl import annotation, write_pyskl
from make_sbu import write_sbu
from make_sfinge import write_sfinge
from make_shrec17 import write_shrec17
from make_table import write_table

from laban.errors import LabanError
from laban.layout import check_clip
from laban.readers import READERS, Source, detect_format


def write_ntu(folder):
    folder.mkdir(exist_ok=True)
    for name in ("S001C001P001R001A001", "S001C001P002R001A060"):
        (folder / f"{name}.skeleton").write_text(ntu_text([[1], [], [1, 2]])[0])


WRITERS = {
    "ntu": write_ntu,
    "shrec17": lambda folder: write_shrec17(folder, [(1, 1, 1, 1)], [(2, 2, 2, 2)]),
    "dhg": lambda folder: write_dhg(folder, {(2, 1, 3, 5): (2, 7), (1, 2, 3, 1): (0, 11)}),
    "fpha": lambda folder: write_fpha(folder, [(1, "prick", 1)], [(2, "stir", 4)]),
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
    "precog": lambda folder: write_precog(folder, {"Seq1_2": [0, 1, 1], "Seq6_12": [8, 0]}),
    "sfinge": lambda folder: write_sfinge(folder, [(13, 36)], {7: [(1, 2, 4)]}),
    "bvh": lambda folder: write_bvh(folder, ["dance_1", "dance_2"]),
    "openpose": lambda folder: write_openpose(folder, ["jump", "walk"]),
    "table": lambda folder: write_table(folder, ["jump", "walk"]),
    "mediapipe": lambda folder: write_mediapipe(folder, ["jump", "walk"]),
    "agcn": lambda folder: write_agcn(
        folder, {"train": [("a", 0, clip_values(5))], "val": [("b", 3, clip_values(8, persons=2))]}
    ),
    "ctr-gcn": lambda folder: write_ctr_gcn(
        folder, {"train": [(0, clip_values(5))], "test": [(59, clip_values(8, persons=2))]}
    ),
    "pyskl": lambda folder: write_pyskl(
        folder, [annotation("a"), annotation("b", 7)], {"train": ["a"], "val": ["b"]}
    ),
}


FLAT = {"kinetics", "openpose"}


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
        assert reader.skeleton in (None, clip.skeleton)
        assert clip.poses.shape[2] == len(clip.skeleton)
        assert clip.poses.shape[3] == (2 if name in FLAT else 3)
        assert reader.fps in (None, clip.fps)
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


MOST_MEMORY = 64 * 2**20  # bytes; what is read is below one
SLOWEST = 10  # seconds of this process, however busy the machine


@pytest.fixture(scope="module", params=READERS)
def written(request, tmp_path_factory):
    """A reader's name and its made-up files."""
    folder = tmp_path_factory.mktemp(request.param) / "raw"
    WRITERS[request.param](folder)
    return request.param, folder


def read_whatever_is_there(reader, source):
    """Every clip is whole or a sentence that names a file of the source, and no memory is lost."""
    names, began = source.names(), time.process_time()
    tracemalloc.start()
    try:
        entries = reader.find(source)
    except LabanError as fault:
        entries, sentences = [], [str(fault)]
    else:
        sentences = []
    for entry in entries:
        try:
            clip = reader.read(source, entry)
            check_clip(clip)
        except LabanError as fault:
            sentences.append(str(fault))
        else:
            assert clip.present.shape == clip.poses.shape[:2]
            assert clip.poses.any() or clip.present.any()
            assert all(0 <= s.start < s.end <= clip.frames for s in clip.segments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_MEMORY
    assert time.process_time() - began < SLOWEST
    for sentence in sentences:
        assert "\n" not in sentence and len(sentence) < 600
        assert any(name in sentence for name in names), sentence


def read_damaged(written, which, operations):
    name, folder = written
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[int(which * len(files))]
    whole = path.read_bytes()
    path.write_bytes(damage(whole, operations))
    try:
        read_whatever_is_there(READERS[name], Source.open(folder))
    finally:
        path.write_bytes(whole)


def fuzzed(examples):
    """Given damages to a share of the files, so many times."""
    checks = [HealthCheck.function_scoped_fixture]
    many = settings(deadline=None, max_examples=examples, suppress_health_check=checks)
    return lambda test: many(given(which=share, operations=damages)(test))


@fuzzed(60)
def test_damaged_files_give_clips_or_sentences(written, which, operations):
    read_damaged(written, which, operations)


@pytest.mark.slow
@fuzzed(600)
def test_damaged_files_give_clips_or_sentences_for_long(written, which, operations):
    read_damaged(written, which, operations)
