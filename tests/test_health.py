"""The doctor: each check finds the clip made wrong in its way, alone, and a healthy one nowhere."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from make_flawed import FLAWS, SKELETON, changed, faulty, healthy

from laban.benchmarks import Benchmark, find_benchmark
from laban.clip import Clip, Segment
from laban.convert import convert
from laban.health import CLIP_CHECKS, REMEDIES, STORE_CHECKS
from laban.health.patient import Body, feet
from laban.info import describe
from laban.motions import ACTIONS, record
from laban.skeletons import SKELETONS, Skeleton
from laban.store import Store


def problems(tmp_path, clips, benchmark=None) -> dict[str, dict]:
    store = Store.write(tmp_path / "s.arrow", clips, overwrite=True)
    return {problem["kind"]: problem for problem in describe(store, benchmark)["problems"]}


def test_every_check_has_a_remedy_of_one_sentence():
    assert set(REMEDIES) == {*CLIP_CHECKS, *STORE_CHECKS}
    assert set(REMEDIES) == {*FLAWS, "damaged", "units", "imbalance"}  # These are tested apart.
    assert not any(remedy.endswith(".") or ". " in remedy for remedy in REMEDIES.values())


def test_built_in_recordings_are_healthy(tmp_path):
    clips = (
        record(action, performer, camera=camera, flaws=False).clip()
        for action in list(ACTIONS)[::3]
        for performer, camera in ((1, 1), (2, 2), (3, 3))
    )
    assert problems(tmp_path, clips) == {}


def test_the_flaws_of_a_sensor_are_told_as_what_they_are(tmp_path):
    """Its ghosts have feet that point anywhere; what it loses is lost."""
    clips = [record(action, 1, camera=1).clip() for action in (8, 21, 5, 23)]
    assert set(problems(tmp_path, clips)) <= {"lost-frames"}


def test_the_toy_store_is_healthy(toy):
    found = describe(Store(toy / "store.arrow"), find_benchmark(str(toy / "toy.yaml")))
    assert found["problems"] == []


WHAT = {
    "zero-joints": {"hand-left": 1},
    "constant-joints": {"hand-left": 1},
    "lost-frames": {"frames": 2},
    "frozen-frames": {"frames": 5},
    "jumps": {"leaps": 2},
    "side-swaps": {"swaps": 2},
    "segments": {"reversed": 1, "overlapping": 1},
    "up-axis": {"-y": 1},
    "leaks": {"nw-ucla-xview": 1},
}


@pytest.mark.parametrize("kind", FLAWS)
def test_each_problem_is_found_alone_and_named(tmp_path, kind):
    found = problems(tmp_path, [healthy(i) for i in range(10)] + [faulty(kind)])
    assert list(found) == [kind]
    assert found[kind]["count"] == 1
    name = "c50 = c3" if kind in ("duplicates", "leaks") else "c50"
    assert found[kind]["examples"] == [name]
    assert found[kind]["what"] == WHAT.get(kind, {})
    assert found[kind]["remedy"] == REMEDIES[kind]


def test_at_most_three_examples_are_given_and_all_are_counted(tmp_path):
    found = problems(tmp_path, [replace(healthy(i), label=None) for i in range(8)])
    assert found["unlabelled"]["count"] == 8
    assert found["unlabelled"]["examples"] == [f"c{i}" for i in range(3)]


def test_clips_with_segments_are_labelled(tmp_path):
    long = replace(healthy(0), label=None, segments=(Segment("wave", 2, 9),))
    assert problems(tmp_path, [long]) == {}


def test_words_are_summed_over_the_clips(tmp_path):
    clips = [changed(healthy(i), (0, slice(4, 6 + i)), 0) for i in range(3)]
    found = problems(tmp_path, clips)["lost-frames"]
    assert (found["count"], found["what"]) == (3, {"frames": 2 + 3 + 4})


def test_a_second_person_who_leaves_is_not_lost_but_one_who_returns_is(tmp_path):
    pair = healthy(0, persons=2)
    assert problems(tmp_path, [changed(pair, (1, slice(8, None)), 0)]) == {}
    assert list(problems(tmp_path, [changed(pair, (1, slice(8, 9)), 0)])) == ["lost-frames"]


def test_a_walk_through_a_gap_is_not_a_jump(tmp_path):
    clip = healthy(0, frames=40)
    far = clip.poses[0, 30:] + 5
    clip = changed(clip, (0, slice(30, None)), far)
    assert "jumps" in problems(tmp_path, [clip])
    assert "jumps" not in problems(tmp_path, [changed(clip, (0, slice(10, 30)), 0)])


def test_a_held_pose_of_a_few_frames_is_no_finding(tmp_path):
    clip = healthy(0)
    assert problems(tmp_path, [changed(clip, (0, slice(4, 9)), clip.poses[0, 4])]) == {}


def test_a_planted_foot_is_no_constant_joint_but_a_toe_alone_is(tmp_path):
    clip = healthy(0)
    both = [SKELETON.index("ankle-left"), SKELETON.index("foot-left")]
    planted = changed(clip, (0, slice(None), both), clip.poses[0, 0, both][:, None])
    assert problems(tmp_path, [planted]) == {}
    toe = changed(clip, (0, slice(None), both[1]), clip.poses[0, 0, both[1]])
    assert problems(tmp_path, [toe])["constant-joints"]["what"] == {"foot-left": 1}


def test_hands_that_cross_do_not_swap_the_sides(tmp_path):
    clip = healthy(0)
    hands = [SKELETON.index("hand-left"), SKELETON.index("hand-right")]
    crossed = changed(clip, (0, slice(9, None), hands), clip.poses[0, 9:, hands[::-1]])
    assert "side-swaps" not in problems(tmp_path, [crossed])


def test_joints_that_come_and_go_do_not_swap_the_sides(tmp_path):
    """A detector in a picture sees now the left half of a body and now the right one."""
    clip = healthy(0)
    for side, frames in (("left", slice(0, 9)), ("right", slice(9, None))):
        hidden = [j for j, joint in enumerate(SKELETON.joints) if joint.endswith(side)]
        clip = changed(clip, (0, frames, hidden), 0)
    assert "side-swaps" not in problems(tmp_path, [clip])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_negated_axis_is_told_as_mirrored_and_a_turn_is_not(tmp_path, axis):
    flip = np.ones(3)
    flip[axis] = -1
    clip = replace(healthy(0), poses=healthy(0).poses * flip)
    assert set(problems(tmp_path, [clip])) == {"mirrored"} | ({"up-axis"} if axis == 1 else set())
    flip[(axis + 1) % 3] = -1
    clip = replace(healthy(0), poses=healthy(0).poses * flip)
    assert "mirrored" not in problems(tmp_path, [clip])


def test_a_body_faces_across_times_up():
    """By hand: left at +x of right, up +y, so forward +z; a foot half down and half forward."""
    poses = np.zeros((1, len(SKELETON), 3)) + 5
    for joint, place in {
        "hip-centre": [0, 1, 2],
        "shoulder-centre": [0, 1.5, 2],
        "shoulder-left": [0.2, 1.5, 2],
        "shoulder-right": [-0.2, 1.5, 2],
        "ankle-left": [0.1, 0.1, 2],
        "foot-left": [0.1, 0, 2.1],
        "ankle-right": [-0.1, 0.1, 2],
        "foot-right": [-0.1, 0, 2.1],
    }.items():
        poses[0, SKELETON.index(joint)] = place
    body = Body(poses, np.arange(1), SKELETON)
    assert body.feet_forward == pytest.approx([np.sqrt(0.5)])
    assert body.up == pytest.approx([0, 1, 0])
    assert body.size == pytest.approx(0.5)
    poses[0, SKELETON.index("foot-left")] = 0  # not seen
    assert len(Body(poses, np.arange(1), SKELETON).feet_forward) == 0


def test_feet_are_told_by_names():
    def named(skeleton: Skeleton) -> set[tuple[str, str]]:
        return {(skeleton.joints[a], skeleton.joints[b]) for a, b in feet(skeleton)}

    assert named(SKELETON) == {("ankle-left", "foot-left"), ("ankle-right", "foot-right")}
    assert ("ankle-left", "foot-index-left") in named(SKELETONS["mediapipe-33"])
    assert ("ankle-left", "big-toe-left") in named(SKELETONS["openpose-25"])
    assert feet(SKELETONS["sbu-15"]) == feet(SKELETONS["hand-22"]) == []
    rig = Skeleton("rig", ("Hips", "Foot_L", "Toes_L"), (0, 0, 1))
    assert named(rig) == {("Foot_L", "Toes_L")}


def test_a_store_along_another_axis_is_told_and_a_few_who_lie_are_not(tmp_path):
    clips = [healthy(i) for i in range(20)]
    lying = [replace(clip, poses=clip.poses[..., [0, 2, 1]] * [1, -1, 1]) for clip in clips]
    assert problems(tmp_path, clips[2:] + lying[:2]) == {}
    found = problems(tmp_path, lying)
    assert list(found) == ["up-axis"]
    assert found["up-axis"]["what"] == {"+z": 20}


@pytest.mark.parametrize(
    ("factor", "unit"), [(1000, {"millimetres": 6}), (100, {"centimetres": 6}), (0.001, {})]
)
def test_other_units_are_noticed_and_guessed(tmp_path, factor, unit):
    clips = [replace(clip, poses=clip.poses * factor) for clip in map(healthy, range(6))]
    found = problems(tmp_path, clips)
    assert list(found) == ["units"]
    assert (found["units"]["count"], found["units"]["what"]) == (6, unit)


def test_poses_in_a_picture_have_no_unit_but_an_upright_axis(tmp_path):
    """Its y points down until a half turn, which no mirror image is, turns it up."""
    flat = [replace(clip, poses=clip.poses[..., :2] * 1000) for clip in map(healthy, range(6))]
    assert problems(tmp_path, flat) == {}
    down = [replace(clip, poses=-clip.poses) for clip in flat]
    found = problems(tmp_path, down)
    assert list(found) == ["up-axis"] and found["up-axis"]["what"] == {"-y": 6}


def test_zeros_of_one_who_is_said_to_be_present_are_lost_frames(tmp_path):
    clip = healthy(0)
    poses = clip.poses.copy()
    poses[0, 5:8] = 0
    there = np.ones(poses.shape[:2], bool)
    found = problems(tmp_path, [replace(clip, poses=poses, present=there)])
    assert list(found) == ["lost-frames"] and found["lost-frames"]["what"] == {"frames": 3}
    nobody = replace(clip, poses=np.zeros_like(poses), present=there)
    assert list(problems(tmp_path, [nobody])) == ["empty"]


def test_damage_on_the_disk_is_noticed(tmp_path):
    store = Store.write(tmp_path / "s.arrow", [healthy(i) for i in range(3)])
    whole = store.path.read_bytes()
    at = whole.index(store[1].poses.tobytes())
    (tmp_path / "t.arrow").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    (problem,) = describe(Store(tmp_path / "t.arrow"))["problems"]
    assert (problem["kind"], problem["examples"]) == ("damaged", ["c1"])


def test_rare_classes_are_noticed(tmp_path):
    clips = [replace(healthy(i), label=f"k{i // 10}") for i in range(30)]
    clips += [replace(healthy(40), label="rare")]
    found = problems(tmp_path, clips)
    assert list(found) == ["imbalance"]
    assert found["imbalance"]["examples"] == ["rare (1)"]


def test_rare_segments_count_where_clips_have_no_label(tmp_path):
    labels = Counter(often=6, seldom=6, rare=1)
    segments = tuple(Segment(label, n, n + 1) for n, label in enumerate(labels.elements()))
    clip = replace(healthy(0), label=None, segments=segments)
    assert problems(tmp_path, [clip])["imbalance"]["examples"] == ["rare (1)"]


def test_copies_across_an_own_split_are_leaks_and_others_duplicates(tmp_path):
    def copy(name: str, number: int, group: str) -> Clip:
        return replace(healthy(number), name=name, facts={"group": group})

    own = {"train": frozenset("1"), "test": frozenset("3")}
    own = {split: {"group": values} for split, values in own.items()}
    benchmark = Benchmark("own", ("sit down", "lie"), **own)
    clips = [
        *(copy(name, 0, group) for name, group in (("a", "3"), ("b", "1"), ("c", "1"))),
        *(copy(name, 1, group) for name, group in (("d", "1"), ("e", "2"))),
        copy("f", 2, "3"),
    ]
    found = problems(tmp_path, clips, benchmark)
    assert set(found) == {"leaks", "duplicates"}
    assert found["leaks"]["examples"] == ["a = b"]
    assert found["leaks"]["what"] == {"own": 1}
    assert found["duplicates"]["examples"] == ["c = b", "e = d"]
    found = problems(tmp_path, clips)
    assert set(found) == {"duplicates"}
    assert found["duplicates"]["examples"] == ["b = a", "c = a", "e = d"]


REAL = {
    "nw-ucla": ("nw-ucla.zip", {"jumps": 44, "mirrored": 1, "short": 4, "scale": 2, "leaks": 95}),
    "msr-action3d": ("msr-action3d.zip", {"lost-frames": 15, "side-swaps": 8}),
    "precog": ("precog2016.zip", {"empty": 2}),
    "sbu": ("sbu-interaction.zip", {}),
}


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_what_is_found_in_the_archives_is_there(tmp_path, real_data, name):
    """Judged by looking: each of these is a fault of the recordings."""
    archive, truth = REAL[name]
    convert(name, real_data(archive), tmp_path / "s.arrow")
    found = describe(Store(tmp_path / "s.arrow"))["problems"]
    assert {problem["kind"]: problem["count"] for problem in found} == truth
