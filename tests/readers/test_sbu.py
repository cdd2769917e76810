"""The SBU reader: made-up files, faults, then the real archive."""

from collections import Counter

import numpy as np
import pytest
from make_sbu import write_sbu

from laban.benchmarks import BENCHMARKS, FOLDS
from laban.errors import LabanError
from laban.readers import READERS
from laban.readers.source import Source

READER = READERS["sbu"]
CLIPS = ["s01s02/06/001", "s07s03/08/002"]


def test_round_trip_undoes_the_normalisation_of_the_files(tmp_path):
    numbers = write_sbu(tmp_path, CLIPS)
    source = Source.open(tmp_path)
    first, second = (READER.read(source, entry) for entry in READER.find(source))
    assert [first.name, second.name] == ["s01s02_06_001", "s07s03_08_002"]
    assert [first.label, second.label] == ["hugging", "punching"]
    assert second.facts == {"subject": "7", "partner": "3", "pair": "s07s03", "trial": "2"}
    assert first.poses.shape == (2, 4, 15, 3)
    for m in range(2):
        for t in range(4):
            for v in range(15):
                x, y, z = numbers[CLIPS[0]][t, m, v]
                metres = [(1280 - 2560 * x) / 1e3, (960 - 1920 * y) / 1e3, z * 10000 / 7.8125 / 1e3]
                np.testing.assert_allclose(first.poses[m, t, v], metres, atol=1e-6)


def test_a_person_of_zeros_is_absent(tmp_path):
    write_sbu(tmp_path, CLIPS[:1])
    path = tmp_path / "SBU" / CLIPS[0] / "skeleton_pos.txt"
    lines = path.read_text().splitlines()
    lines[1] = ",".join(lines[1].split(",")[:46] + ["0"] * 45)
    path.write_text("\n".join(lines))
    source = Source.open(tmp_path)
    clip = READER.read(source, READER.find(source)[0])
    assert clip.present.tolist() == [[True] * 4, [True, False, True, True]]
    assert not clip.poses[1, 1].any()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: "", "has 0 frames"),
        (lambda text: text + "1,2", "line 5 has 2 fields where 91 numbers belong"),
        (lambda text: text.replace("678,", ",", 1), "line 2 has 90 fields"),
        (lambda text: text.replace("678,", "x,", 1), r"line 2: b'x' is not a number"),
        (lambda text: text.replace("678,", "nan,", 1), "line 2: a number is not finite"),
        (lambda text: ",".join(["1"] + ["0"] * 90), "has no body in any frame"),
    ],
)
def test_faults(tmp_path, change, sentence):
    write_sbu(tmp_path, CLIPS[:1])
    path = tmp_path / "SBU" / CLIPS[0] / "skeleton_pos.txt"
    path.write_text(change(path.read_text()))
    source = Source.open(tmp_path)
    with pytest.raises(LabanError, match=sentence):
        READER.read(source, READER.find(source)[0])


@pytest.mark.real
def test_the_real_archive_has_the_published_counts(real_data):
    source = Source.open(real_data("sbu-interaction.zip"))
    entries = READER.find(source)
    clips = [READER.read(source, entry) for entry in entries]
    assert (len(clips), sum(clip.frames for clip in clips)) == (282, 6822)
    assert len({entry.facts["pair"] for entry in entries}) == 21
    assert len({entry.facts["subject"] for entry in entries}) == 7
    tested = Counter()
    for fold in range(1, FOLDS["sbu"] + 1):
        benchmark = BENCHMARKS[f"sbu:{fold}"]
        parts = [benchmark.split(entry.facts) for entry in entries]
        assert None not in parts
        tested.update(e.name for e, part in zip(entries, parts, strict=True) if part == "test")
    assert set(tested.values()) == {1} and len(tested) == 282


@pytest.mark.real
def test_real_people_are_upright_of_human_size_and_shake_right_hands(real_data):
    source = Source.open(real_data("sbu-interaction.zip"))
    entries = [entry for entry in READER.find(source) if entry.label == "shaking hands"]
    nearest = Counter()
    for entry in entries:
        poses = READER.read(source, entry).poses
        at = READER.skeleton.index
        trunk = poses[:, :, at("neck")] - poses[:, :, at("torso")]
        assert 0.1 < np.median(trunk[..., 1]) < 0.4
        pairs = [(a, b) for a in ("left", "right") for b in ("left", "right")]
        gaps = [
            np.linalg.norm(poses[0, :, at(f"hand-{a}")] - poses[1, :, at(f"hand-{b}")], axis=-1)
            for a, b in pairs
        ]
        nearest[pairs[int(np.argmin([gap.min() for gap in gaps]))]] += 1
    assert nearest[("right", "right")] >= 0.8 * len(entries)
