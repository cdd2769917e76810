"""Written files say exactly what was recorded: NTU's and PKU-MMD's formats by naive parsers."""

import numpy as np
import pytest

from laban.errors import LabanError
from laban.motions import (
    TWO_PERSON,
    record,
    record_untrimmed,
    write_dataset,
    write_ntu,
    write_pku,
)
from laban.motions.digits import as_text, cells
from laban.motions.untrimmed import PKU_CLASSES


def parse_ntu(path):
    """Frames of (id, 10 fields, 25 x 12 numbers), line by line as the format is told."""
    lines = iter(path.read_text().split("\n"))
    frames = []
    for _ in range(int(next(lines))):
        bodies = []
        for _ in range(int(next(lines))):
            head = next(lines).split()
            assert int(next(lines)) == 25
            joints = [[float(word) for word in next(lines).split()] for _ in range(25)]
            bodies.append((int(head[0]), head, np.array(joints)))
        frames.append(bodies)
    assert not "".join(lines).strip()
    return frames


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_ntu_file_parses_back(tmp_path, line_end):
    for action, performer in ((8, 1), (58, 2), (55, 3), (60, 9), (30, 6)):
        r = record(action, performer, camera=3)
        path = write_ntu(r, tmp_path, line_end=line_end)
        assert path.name == f"{r.name}.skeleton"
        assert (b"\r\n" in path.read_bytes()) == (line_end == "\r\n")
        frames = parse_ntu(path)
        assert len(frames) == r.poses.shape[1]
        for t, bodies in enumerate(frames):
            seen = [m for m in r.order[t] if r.present[m, t]]
            assert [number for number, _, _ in bodies] == [r.ids[m, t] for m in seen]
            for m, (_, head, joints) in zip(seen, bodies, strict=True):
                assert len(head) == 10
                np.testing.assert_array_equal(joints[:, :3].astype(np.float32), r.poses[m, t])
                np.testing.assert_array_equal(joints[:, 11], r.states[m, t])
                turn = np.linalg.norm(joints[:, 7:11], axis=1)
                assert (np.isclose(turn, 1, atol=1e-3) | (turn == 0)).all()


def test_a_frame_without_bodies_is_written(tmp_path):
    r = record(8, 1)
    r.present[:, [0, 5, -1]] = False
    frames = parse_ntu(write_ntu(r, tmp_path))
    assert [t for t, bodies in enumerate(frames) if not bodies][:2] == [0, 5]
    assert not frames[-1]
    r.present[:] = False
    assert parse_ntu(write_ntu(r, tmp_path)) == [[]] * len(frames)


def test_numbers_as_text_against_pythons_formatting():
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [rng.normal(0, 3, 500), rng.normal(0, 1e-4, 100), [0.0, -0.0, 99, -1e-9]]
    )
    words = as_text(cells(values, whole=2, decimals=6)).decode().split()
    for word, value in zip(words, values, strict=True):
        plain = f"{value:.6f}".rstrip("0").rstrip(".")
        assert word == ("0" if plain == "-0" else plain)


def test_dataset_is_complete_and_the_same_twice(tmp_path):
    words = {"performers": (1, 3), "cameras": (1, 2), "actions": (8, 58)}
    told = []
    first = write_dataset(tmp_path / "a", progress=lambda k, n: told.append((k, n)), **words)
    write_dataset(tmp_path / "b", **words)
    files = sorted((tmp_path / "a").iterdir())
    assert first == len(files) == 8
    assert told[-1] == (8, 8)
    assert all(f.read_bytes() == (tmp_path / "b" / f.name).read_bytes() for f in files)
    write_dataset(tmp_path / "c", seed=1, **words)
    assert files[0].read_bytes() != (tmp_path / "c" / files[0].name).read_bytes()


def test_dataset_files_equal_single_recordings(tmp_path):
    write_dataset(tmp_path / "a", performers=[2], cameras=[3], actions=[27])
    file = next((tmp_path / "a").iterdir())
    same = record(27, 2, camera=3, setup=int(file.name[1:4]))
    assert write_ntu(same, tmp_path / "b").read_bytes() == file.read_bytes()


def test_untrimmed_recording_does_not_jump():
    r = record_untrimmed(3, actions=[1, 8, 30, 58, 7, 26, 24], flaws=False)
    steps = np.linalg.norm(np.diff(r.poses[0], axis=0), axis=-1)
    assert steps.max() < 0.3
    assert np.diff([s for _, s, _ in r.segments]).min() > 0
    assert r.segments[-1][2] <= r.poses.shape[1]


def test_untrimmed_pairs_have_a_partner_there_and_only_there():
    r = record_untrimmed(2, actions=[23, 58, 10, 55], flaws=False)
    for action, start, stop in r.segments:
        assert r.present[1, start:stop].all() == (action in TWO_PERSON)
    assert not r.present[1, : r.segments[0][2]].any()


def test_sitting_and_standing_up_are_put_in_where_needed():
    for performer in range(1, 12):
        done = [a for a, _, _ in record_untrimmed(performer, actions=[8, 27, 9, 6]).segments]
        seated = False
        for action in done:
            if action in (8, 9, 27, 6):
                assert seated == (action == 9)
            seated = action == 8 or (seated and action != 9)
        assert done[:3] == [8, 9, 27]


def test_pku_files(tmp_path):
    count = write_pku(tmp_path, performers=(1, 3), length=4, views=("L", "M"))
    names = sorted(f.name for f in (tmp_path / "skeleton").iterdir())
    assert count == 4
    assert names == ["0001-L.txt", "0001-M.txt", "0002-L.txt", "0002-M.txt"]
    for name in names:
        lines = (tmp_path / "skeleton" / name).read_text().splitlines()
        numbers = np.array([[float(word) for word in line.split(" ")] for line in lines])
        assert numbers.shape[1] == 150
        labels = (tmp_path / "labels" / name).read_text().split()
        assert len(labels) >= 4
        for line in labels:
            number, first, last, confidence = map(int, line.split(","))
            assert number in PKU_CLASSES.values()
            assert 0 <= first < last < len(lines)
            assert confidence in (1, 2)
    split = (tmp_path / "split" / "cross-subject.txt").read_text().split("\n")
    assert split[:4] == [
        "Training videos:",
        "0001-L, 0001-M",
        "Validataion videos:",
        "0002-L, 0002-M",
    ]
    view = (tmp_path / "split" / "cross-view.txt").read_text().split("\n")
    assert view[1] == "0001-M, 0002-M"


def test_pku_skeleton_is_the_recording(tmp_path):
    write_pku(tmp_path, performers=(5,), length=3, views=("R",), actions=(58,))
    numbers = np.loadtxt(tmp_path / "skeleton" / "0001-R.txt").astype(np.float32)
    r = record_untrimmed(5, actions=[58, 58, 58], camera=3, video=1)
    both = [t for t in range(len(numbers)) if (r.present[:2, t].all() and len(r.poses) == 2)]
    assert len(both) > 60
    for t in both[::10]:
        np.testing.assert_array_equal(numbers[t].reshape(2, 25, 3), r.poses[r.order[t], t])


def test_untrimmed_refuses_what_pku_does_not_have():
    with pytest.raises(LabanError, match="action 59 is not one of PKU-MMD"):
        record_untrimmed(1, actions=[8, 59])
    with pytest.raises(LabanError, match="no actions"):
        record_untrimmed(1, actions=[])
