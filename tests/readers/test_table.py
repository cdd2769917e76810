"""Plain tables: CSV and Parquet, several clips, persons and labels, and what is wrong with them."""

import json
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_table import JOINTS, LAYOUT, csv_text, write_table
from pyarrow import parquet

from laban.clip import Segment
from laban.errors import LabanError
from laban.readers import READERS, detect_format
from laban.readers.source import Source
from laban.readers.table import Table
from laban.readers.table_layout import given_layout

READER = READERS["table"]
MAPPING = "{" + ", ".join(f"{j}: [{j}_x, {j}_y, {j}_z]" for j in JOINTS) + "}"
POSES = np.random.default_rng(1).normal(size=(6, 5, 3)).astype(np.float32)


def read_all(path, reader=READER):
    source = Source.open(path)
    return [reader.read(source, entry) for entry in reader.find(source)]


def read_one(folder, text, *more, name="a.csv"):
    (folder / "layout.yaml").write_text("\n".join([LAYOUT, *more]))
    (folder / name).write_text(text)
    (clip,) = read_all(folder)
    return clip


def test_a_folder_of_tables(tmp_path):
    poses = write_table(tmp_path / "raw", ["walk/1", "run/1"])
    run, walk = read_all(tmp_path / "raw")
    assert (run.name, walk.name) == ("run/1", "walk/1")
    np.testing.assert_array_equal(walk.poses[0], poses["walk/1"])
    assert (walk.fps, walk.label, walk.confidence, dict(walk.facts)) == (30, None, None, {})
    assert walk.skeleton.joints == JOINTS
    assert walk.skeleton.parents == (0, 0, 1, 1, 1) and walk.skeleton.mirror == (0, 1, 2, 4, 3)


def test_parquet_is_the_same(tmp_path):
    columns = {
        f"{j}_{a}": POSES[:, i, k] for i, j in enumerate(JOINTS) for k, a in enumerate("xyz")
    }
    columns |= {"subject": [7] * 6, "unused": ["x"] * 6}
    (tmp_path / "layout.json").write_text(
        json.dumps({"joints": list(JOINTS), "parents": {"head": "hip"}, "facts": ["subject"]})
    )
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    (clip,) = read_all(tmp_path)
    np.testing.assert_array_equal(clip.poses[0], POSES)
    assert clip.facts == {"subject": "7"}


def test_clips_persons_frames_label_and_facts_by_columns(tmp_path):
    text = csv_text(
        POSES,
        take=["b", "b", "a", "b", "a", "a"],
        n=[11, 10, 5, 13, 7, 5],
        who=["x", "x", "p", "x", "p", "q"],
        action=["up", "up", "down", "up", "down", "down"],
        subject=["1", "1", "2", "1", "2", "2"],
    )
    keys = "clip: take", "frame: n", "person: who", "label: action", "facts: [subject]"
    (tmp_path / "layout.yaml").write_text("\n".join([LAYOUT, *keys, "fps: 25", "unit: 0.5"]))
    (tmp_path / "all.csv").write_text(text)
    a, b = read_all(tmp_path)
    assert (a.name, a.label, a.facts, a.fps) == ("a", "down", {"subject": "2"}, 25)
    assert a.present.tolist() == [[True, False, True], [True, False, False]]
    np.testing.assert_array_equal(a.poses[0, 2], POSES[4] / 2)
    np.testing.assert_array_equal(a.poses[1, 0], POSES[5] / 2)
    assert b.present.tolist() == [[True, True, False, True]]
    np.testing.assert_array_equal(b.poses[0, :2], POSES[[1, 0]] / 2)
    (tmp_path / "more.csv").write_text(text)
    assert [clip.name for clip in read_all(tmp_path)] == ["all/a", "all/b", "more/a", "more/b"]


def test_a_changing_label_gives_segments(tmp_path):
    labels = ["", "wave", "wave", "nod", "", "wave"]
    clip = read_one(tmp_path, csv_text(POSES, action=labels), "label: action")
    assert clip.label is None
    assert clip.segments == (Segment("wave", 1, 3), Segment("nod", 3, 4), Segment("wave", 5, 6))


def test_an_action_goes_on_over_a_lost_frame_but_not_over_another_s(tmp_path):
    rows = csv_text(POSES, frame=[0, 1, 3, 4, 6, 7], action=["a", "a", " a", "b", "a ", " "])
    clip = read_one(tmp_path, rows, "frame: frame", "label: action")
    segments = (Segment("a", 0, 4), Segment("b", 4, 5), Segment("a", 6, 7))
    assert clip.segments == segments and clip.frames == 8
    rows = csv_text(POSES, frame=[0, 1, 2, 13, 14, 15], action=["a"] * 5 + ["b"])
    clip = read_one(tmp_path, rows, "frame: frame", "label: action")
    assert clip.segments == (Segment("a", 0, 3), Segment("a", 13, 15), Segment("b", 15, 16))


def test_empty_cells_are_missing_joints(tmp_path):
    rows = csv_text(POSES).splitlines()
    rows[1] = "," + rows[1].partition(",")[2]
    rows[3] = "nan," * 14 + "NA"
    clip = read_one(tmp_path, "\n".join(rows))
    assert not clip.poses[0, 0, 0].any() and not np.signbit(clip.poses[0, 0, 0]).any()
    np.testing.assert_array_equal(clip.poses[0, 0, 1:], POSES[0, 1:])
    assert clip.confidence[0, 0].tolist() == [0, 1, 1, 1, 1]
    assert clip.present[0].tolist() == [True, True, False, True, True, True]


def test_confidence_columns_and_two_axes(tmp_path):
    scores = {f"{joint}_s": np.linspace(0, 1, 6) for joint in JOINTS}
    clip = read_one(tmp_path, csv_text(POSES, **scores), 'confidence: "{joint}_s"', "axes: [x, z]")
    np.testing.assert_array_equal(clip.poses[0], POSES[..., [0, 2]])
    np.testing.assert_allclose(clip.confidence[0, :, 3], np.linspace(0, 1, 6), atol=1e-6)


def test_a_known_skeleton_numbers_and_delimiter(tmp_path):
    names = [f"{axis}{k}" for k in range(25) for axis in "XYZ"]
    values = np.arange(75)
    layout = "skeleton: kinect-v2\naxes: [X, Y, Z]\ncolumns: '{axis}{number}'\ndelimiter: ';'\n"
    (tmp_path / "layout.yml").write_text(layout)
    (tmp_path / "a.csv").write_bytes(
        ("\ufeff" + ";".join(names) + "\r\n" + ";".join(map(str, values))).encode()
    )
    (clip,) = read_all(tmp_path)
    assert clip.skeleton.name == "kinect-v2"
    np.testing.assert_array_equal(clip.poses.ravel(), values)


@pytest.mark.parametrize("columns", ["'{joint}_{axis}'", MAPPING])
def test_axes_may_be_turned_round(tmp_path, columns):
    layout = LAYOUT + f"axes: [-x, -y, z]\nunit: 0.5\ncolumns: {columns}\n"
    (tmp_path / "layout.yaml").write_text(layout)
    (tmp_path / "a.csv").write_text(csv_text(POSES))
    (clip,) = read_all(tmp_path)
    np.testing.assert_allclose(clip.poses[0], POSES * [-0.5, -0.5, 0.5], rtol=1e-6)


def test_where_the_layout_is_looked_for(tmp_path):
    write_table(tmp_path / "raw", ["a"])
    assert detect_format(Source.open(tmp_path / "raw/a.csv")) == "table"
    assert len(read_all(tmp_path / "raw/a.csv")) == 1
    layout = (tmp_path / "raw/layout.yaml").rename(tmp_path / "mine.yaml")
    assert detect_format(Source.open(tmp_path / "raw")) is None
    with pytest.raises(LabanError, match="there is no layout.yaml that says"):
        read_all(tmp_path / "raw")
    assert len(read_all(tmp_path / "raw", Table(given=given_layout(str(layout))))) == 1
    for name in ("layout.yaml", "layout.json"):
        (tmp_path / "raw" / name).write_text(LAYOUT)
    with pytest.raises(LabanError, match="are both layouts: give --layout"):
        read_all(tmp_path / "raw")


def test_a_table_that_changed_is_read_again(tmp_path):
    write_table(tmp_path, ["a"])
    before = read_all(tmp_path)[0].poses
    (tmp_path / "a.csv").write_text(csv_text(POSES))
    assert read_all(tmp_path)[0].poses.shape != before.shape


def test_tables_of_spreadsheets(tmp_path):
    """A decimal comma, blanks behind the separators, a byte-order mark, ends of lines as CR."""
    text = csv_text(POSES)
    comma = text.replace(",", ";").replace(".", ",")
    clip = read_one(tmp_path, comma, "delimiter: ';'", "decimal: ','")
    np.testing.assert_array_equal(clip.poses[0], POSES)
    changed = "\ufeff" + text.replace(",", ", ").replace("\n", "\r")
    np.testing.assert_array_equal(read_one(tmp_path, changed).poses[0], POSES)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_said(tmp_path, encoding):
    (tmp_path / "layout.yaml").write_text(LAYOUT)
    (tmp_path / "a.csv").write_bytes(csv_text(POSES).replace("hip_x", "h\u00fcp").encode(encoding))
    with pytest.raises(LabanError, match=r"a\.csv is not text in UTF-8: save it as 'CSV UTF-8'"):
        read_all(tmp_path)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1,2,h\u00fcp\n", "row 8 has 3 fields where 16 belong: mend the row"),
        ("1," * 15 + "h\u00fcp\n", "row 8 is not text in UTF-8: save it as 'CSV UTF-8'"),
    ],
)
def test_a_row_in_another_encoding_is_said_and_nothing_else(tmp_path, monkeypatch, row, sentence):
    """PyArrow's own handler of odd rows printed a traceback here."""
    header, *rows = csv_text(POSES).splitlines()
    text = "\n".join([header + ",action", *(line + ",wave" for line in rows), row])
    (tmp_path / "layout.yaml").write_text(LAYOUT + "label: action\n")
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    printed = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)
    with pytest.raises(LabanError, match=rf"a\.csv, {sentence}"):
        read_all(tmp_path)
    assert not printed


@pytest.mark.parametrize(
    ("change", "keys", "sentence"),
    [
        (lambda t: "", (), "a.csv is empty: copy it again"),
        (lambda t: "# by hand\n" + t, (), "unknown column of a.csv, named by the layout, 'hip_x'"),
        (lambda t: t.replace(",", ";"), (), 'write delimiter: ";" in the layout'),
        (lambda t: t.replace(",", "\t"), (), r'write delimiter: "\\t" in the layout'),
        (
            lambda t: t.replace(",", ";").replace(".", ","),
            ("delimiter: ';'",),
            'row 2: .* is not a number, write decimal: "," in the layout',
        ),
        (lambda t: t.replace("head_x", "heed_x"), (), "'head_x': did you mean heed_x"),
        (lambda t: t.replace("head_x", "hip_x"), (), "column hip_x is there twice|'head_x'"),
        (lambda t: t.splitlines()[0] + "\n", (), "a.csv has 0 frames"),
        (lambda t: t + "x" + "," * 14 + "\n", (), "row 8: 'x' is not a number, mend the cell"),
        (lambda t: t + "1,2\n", (), "row 8 has 2 fields where 15 belong"),
        (lambda t: t + "inf" + ",1" * 14 + "\n", (), "row 8: hip_x is not a finite number"),
        (lambda t: t + "1" + ",1" * 13 + ",1e39\n", (), "row 8: hand-right_z is not a finite"),
        (lambda t: t, ("label: verb",), "unknown column of a.csv, .* 'verb'"),
        (lambda t: t, ("frame: hip_x",), "row 2: hip_x is not a whole number"),
    ],
)
def test_faults_are_named_with_file_and_row(tmp_path, change, keys, sentence):
    with pytest.raises(LabanError, match=sentence) as raised:
        read_one(tmp_path, change(csv_text(POSES)), *keys)
    assert "a.csv" in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("columns", "keys", "sentence"),
    [
        ({"n": [1, 2, 3, 3, 4, 5]}, ("frame: n",), "row 5: this frame is there already"),
        ({"n": range(0, 198, 33)}, ("frame: n",), "n always rises by 33 or more, so it counts"),
        ({"n": [1, 2, "", 3, 4, 5]}, ("frame: n",), "row 4: n is not a whole number"),
        ({"n": range(0, 6000, 1000)}, ("frame: n",), "have frames from 0 to 5000, give numbers"),
        ({"s": "112111"}, ("facts: [s]",), "the fact s is 1 and 2 in clip a"),
        ({"c": ["a", "", *"aaaa"]}, ("clip: c",), "the column c has empty cells"),
        (
            {"n": [1, 1, 2, 3, 4, 5], "w": "pqpppp", "l": "xyzzzz"},
            ("frame: n", "person: w", "label: l"),
            "row 3: the frame has another label already",
        ),
    ],
)
def test_faults_of_other_columns(tmp_path, columns, keys, sentence):
    with pytest.raises(LabanError, match=f"a.csv.*{sentence}"):
        read_one(tmp_path, csv_text(POSES, **columns), *keys)


@given(st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), min_size=1, max_size=3))
@settings(max_examples=20)
def test_changed_bytes_of_parquet_give_a_clip_or_a_sentence(tmp_path_factory, changes):
    folder = tmp_path_factory.mktemp("table")
    (folder / "layout.yaml").write_text(LAYOUT)
    file = folder / "a.parquet"
    names = [f"{joint}_{axis}" for joint in JOINTS for axis in "xyz"]
    parquet.write_table(pa.table(dict(zip(names, POSES.reshape(6, 15).T, strict=True))), file)
    data = file.read_bytes()
    for share, piece in changes:
        place = int(share * len(data))
        data = data[:place] + piece + data[place + len(piece) :]
    file.write_bytes(data)
    try:
        (clip,) = read_all(folder)
    except LabanError as fault:
        assert "\n" not in str(fault)
    else:
        assert clip.poses.shape[2:] == (5, 3)
