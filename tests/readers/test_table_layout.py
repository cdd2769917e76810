"""Layout files: what each key says, and a sentence for every fault."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from laban.errors import LabanError
from laban.readers.table_layout import given_layout, parse_layout

RIG = {"joints": ["hip", "chest", "head"], "parents": {"chest": "hip", "head": "chest"}}


def parse(**changes):
    value = {k: v for k, v in (RIG | changes).items() if v != "absent"}
    return parse_layout(yaml.safe_dump(value).encode(), "l.yaml")


def test_defaults():
    layout = parse()
    assert layout.columns[1] == ("chest_x", "chest_y", "chest_z")
    assert layout.skeleton.parents == (0, 0, 1) and layout.skeleton.name == "table-3"
    assert (layout.fps, layout.unit, layout.delimiter) == (30, 1, ",")
    assert layout.words == [] and layout.numbers == [c for joint in layout.columns for c in joint]


def test_every_key():
    layout = parse(
        name="rig", parents=["hip", "hip", "hip"], mirror={"chest": "head"}, spine=["hip", "head"],
        across=["head", "chest"], parts={"all": ["head", "hip"]}, axes=["u", "v"],
        columns={"hip": ["a", "b"], "chest": ["c", "d"], "head": ["e", "f"]},
        confidence="{joint}.{number}", clip="k", frame="t", person="p", label="y", facts=["s"],
        fps=12.5, unit=0.001, delimiter="\t",
    )  # fmt: skip
    skeleton = layout.skeleton
    assert (skeleton.name, skeleton.parents, skeleton.mirror) == ("rig", (0, 0, 0), (0, 2, 1))
    assert (skeleton.spine, skeleton.across) == (("hip", "head"), ("head", "chest"))
    assert skeleton.parts == {"all": (2, 0)}
    assert layout.columns == (("a", "b"), ("c", "d"), ("e", "f"))
    assert layout.confidence == ("hip.0", "chest.1", "head.2")
    assert layout.words == ["k", "p", "y", "s"] and layout.numbers[-1] == "t"
    assert (layout.fps, layout.unit, layout.delimiter) == (12.5, 0.001, "\t")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"joint": ["a"]}, "unknown key in l.yaml 'joint': did you mean joints"),
        ({"joints": "absent"}, "give either 'joints' or 'skeleton'"),
        ({"skeleton": "kinect-v2"}, "give either 'joints' or 'skeleton'"),
        ({"joints": "absent", "skeleton": "kinect-v3"}, "unknown skeleton 'kinect-v3'"),
        ({"joints": ["a", "a"]}, "'joints' must be a list of names that differ"),
        ({"joints": ["a", 3]}, "'joints' must be a list of names"),
        (
            {"parents": {"hed": "hip"}},
            "unknown joint in 'parents' of l.yaml 'hed': did you mean head",
        ),
        ({"parents": {"head": "hop"}}, "unknown joint of layout table-3 'hop': did you mean hip"),
        ({"parents": ["hip"]}, "'parents' must be joint to parent"),
        ({"parents": {"hip": "chest", "chest": "hip"}}, "loop"),
        ({"columns": 3}, "'columns' must be names with"),
        ({"columns": "{joint}"}, "'columns' gives one column to two coordinates"),
        ({"columns": {"hip": ["a", "b", "c"]}}, "'columns' must give 3 columns for 'chest'"),
        ({"columns": {"hop": ["a", "b", "c"]}}, "unknown joint in 'columns' of l.yaml 'hop'"),
        ({"axes": ["x"]}, "'axes' has 1 entries"),
        ({"person": "p"}, "'person' needs 'frame'"),
        ({"facts": "subject"}, "'facts' must be a list"),
        ({"fps": 0}, "'fps' must be a number above 0"),
        ({"unit": "mm"}, "'unit' must be a number above 0"),
        ({"delimiter": ", "}, "'delimiter' must be one character"),
        ({"decimal": ";"}, "'decimal' must be a point or a comma"),
        ({"decimal": ","}, "'decimal' and 'delimiter' are both a comma"),
        ({"spine": ["hip"]}, "'spine' must be two joints"),
        ({"spine": ["hip", "tail"]}, "unknown joint of layout table-3 'tail'"),
    ],
)
def test_faults_name_the_file_and_the_key(changes, sentence):
    with pytest.raises(LabanError, match=sentence) as raised:
        parse(**changes)
    assert "l.yaml" in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("text", [b"[", b"\xff\xfe\x00", b"a: b: c", b"3", b"", b" " * (2**20 + 1)])
def test_what_is_no_layout(text):
    with pytest.raises(LabanError, match="l.yaml"):
        parse_layout(text, "l.yaml")


KEYS = st.sampled_from("joints parents columns axes facts fps spine parts".split())
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)


@given(st.dictionaries(KEYS, VALUES))
def test_any_values_give_a_layout_or_a_sentence(value):
    try:
        parse_layout(yaml.safe_dump(RIG | value).encode(), "l.yaml")
    except LabanError as fault:
        assert "\n" not in str(fault)


def test_a_layout_is_given_by_its_word_or_its_file(tmp_path):
    assert given_layout("kinect-v1") == parse_layout(b"skeleton: kinect-v1", "")
    (tmp_path / "rig.yaml").write_text(yaml.safe_dump(RIG))
    assert given_layout(str(tmp_path / "rig.yaml")) == parse()
    with pytest.raises(LabanError, match="--layout kinect-v3 is neither .*: did you mean kinect-v"):
        given_layout("kinect-v3")
