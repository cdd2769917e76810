"""The built-in recordings: what each action must show, and that the same numbers give the same."""

import numpy as np
import pytest

from laban.classes import NTU_CLASSES
from laban.errors import LabanError
from laban.motions import ACTIONS, TWO_PERSON, record
from laban.motions.body import HIERARCHY
from laban.motions.scene import PAIRS, SINGLES, Take, perform
from laban.skeletons import SKELETONS

KINECT = SKELETONS["kinect-v2"]
BASE, TOP, HEAD = (KINECT.index(j) for j in ("spine-base", "spine-shoulder", "head"))
FEET = [KINECT.index(j) for j in ("foot-left", "foot-right")]
WRISTS = [KINECT.index(j) for j in ("wrist-left", "wrist-right")]
ARMS = [j for part in ("arm-left", "arm-right") for j in KINECT.parts[part]]
PEOPLE = range(1, 9)


def stage(action, performer, replication=1):
    return perform(Take(action, performer, replication))


def test_every_action_has_its_ntu_name_and_a_script():
    assert set(ACTIONS) == {*SINGLES, *PAIRS}
    assert all(NTU_CLASSES[number - 1] == name for number, name in ACTIONS.items())
    assert len(ACTIONS) >= 16
    assert len(TWO_PERSON) >= 4


@pytest.mark.parametrize("action", ACTIONS)
def test_bones_keep_their_length(action):
    for performer in (1, 2, 3):
        body = stage(action, performer)
        for child, parent in HIERARCHY.items():
            bone = body[:, :, KINECT.index(child)] - body[:, :, KINECT.index(parent)]
            assert np.ptp(np.linalg.norm(bone, axis=-1), axis=1).max() < 1e-6, (child, parent)


@pytest.mark.parametrize("action", ACTIONS)
def test_feet_start_on_the_floor_and_never_sink(action):
    for performer in PEOPLE:
        height = stage(action, performer)[:, :, FEET, 1]
        assert height.min() > -0.03
        assert height[:, 0].max() < 0.07


@pytest.mark.parametrize("action", ACTIONS)
def test_motion_is_smooth(action):
    for performer in PEOPLE:
        speed = np.linalg.norm(np.diff(stage(action, performer), axis=1), axis=-1) * 30
        assert speed.max() < (12 if action == 7 else 10)  # m/s, the fingers of a throw


def test_two_person_actions_have_two_bodies_face_to_face():
    for action in ACTIONS:
        bodies = stage(action, 4)
        assert len(bodies) == (2 if action in TWO_PERSON else 1)
        if action in TWO_PERSON:
            gap = np.linalg.norm(bodies[0, :, BASE] - bodies[1, :, BASE], axis=-1)
            assert 0.2 < gap.min() < 1.4


def rise(action, joint, performer):
    height = stage(action, performer)[0, :, joint, 1]
    return height[-1] - height[0]


def test_sitting_down_lowers_the_pelvis_and_standing_up_raises_it():
    for performer in PEOPLE:
        assert rise(8, BASE, performer) < -0.25
        assert rise(9, BASE, performer) > 0.25


def test_opposite_pairs_exchange_beginning_and_end():
    for performer in PEOPLE:
        carried = {}
        for action in (14, 15, 20, 21):
            wrists = stage(action, performer)[0][:, WRISTS, 1]
            carried[action] = wrists[[0, -1]].max(-1)
        for on, off in ((20, 21), (14, 15)):
            assert carried[on][0] > carried[on][1]
            assert carried[off][0] < carried[off][1]


def test_walking_brings_together_and_apart():
    for performer in PEOPLE:
        for action, sign in ((59, -1), (60, 1)):
            a, b = stage(action, performer)[:, :, BASE]
            gap = np.linalg.norm(a - b, axis=-1)
            assert sign * (gap[-1] - gap[0]) > 0.8


def test_jump_leaves_the_floor_with_both_feet_and_hop_keeps_one_up():
    for performer in PEOPLE:
        assert stage(27, performer)[0][:, FEET, 1].min(1).max() > 0.05
        hop = stage(26, performer)[0][:, FEET, 1]
        assert hop.min(1).max() > 0.01
        assert (hop.max(1) > 0.12).mean() > 0.3


@pytest.mark.parametrize("action", [10, 22, 23, 34])
def test_actions_of_the_hands_leave_the_rest_still(action):
    for performer in PEOPLE:
        body = stage(action, performer)[0]
        travel = np.ptp(body, axis=0).max(-1)
        others = [j for j in range(25) if j not in ARMS]
        assert travel[others].max() < 0.12
        assert travel[ARMS].max() > 0.2


def test_hands_meet_where_they_should():
    for performer in PEOPLE:
        shake = stage(58, performer)
        near = np.linalg.norm(shake[0][:, None, WRISTS] - shake[1][:, WRISTS, None], axis=-1)
        assert near.min() < 0.22
        clap = stage(10, performer)[0][:, WRISTS]
        assert np.linalg.norm(clap[:, 0] - clap[:, 1], axis=-1).min() < 0.17
        punch = stage(50, performer)
        fist = np.linalg.norm(punch[0][:, WRISTS] - punch[1][:, None, HEAD], axis=-1)
        assert fist.min() < 0.3


def test_the_camera_frame_is_kinects():
    """Who faces the camera has the right shoulder at greater x, and z is the distance."""
    left, right = KINECT.index("shoulder-left"), KINECT.index("shoulder-right")
    for performer in PEOPLE:
        poses = record(23, performer, flaws=False).poses[0, 0]
        assert poses[right, 0] > poses[left, 0]
        assert poses[HEAD, 1] > poses[BASE, 1]
        assert 1.5 < poses[BASE, 2] < 5.5
        toes = poses[FEET].mean(0)[2] - poses[[f - 1 for f in FEET]].mean(0)[2]
        assert toes < 0


def test_cameras_see_the_same_performance():
    clips = [record(24, 5, camera=camera, flaws=False).poses for camera in (1, 2, 3)]
    gaps = [np.linalg.norm(c[0, :, BASE] - c[0, :, WRISTS[0]], axis=-1) for c in clips]
    np.testing.assert_allclose(gaps[0], gaps[1], atol=1e-5)
    np.testing.assert_allclose(gaps[0], gaps[2], atol=1e-5)
    assert np.abs(clips[0] - clips[1]).max() > 0.1


def test_same_numbers_same_recording_and_others_differ():
    first, again = record(7, 3), record(7, 3)
    for word in ("poses", "present", "states", "ids", "order"):
        np.testing.assert_array_equal(getattr(first, word), getattr(again, word))
    assert first.name == "S001C001P003R001A007"
    others = [
        record(7, 3, seed=1),
        record(7, 4),
        record(7, 3, replication=2),
        record(7, 3, setup=2),
    ]
    for other in others:
        assert (
            other.poses.shape != first.poses.shape or np.abs(other.poses - first.poses).max() > 0.01
        )


def test_performers_differ_in_size_hand_and_pace():
    sizes, lengths, left = [], [], 0
    for performer in range(1, 41):
        body = stage(23, performer)[0]
        sizes.append(body[0, HEAD, 1])
        lengths.append(len(body))
        raised = body[:, WRISTS, 1].max(0)
        left += raised[0] > raised[1]
    assert np.std(sizes) > 0.05
    assert np.std(lengths) > 5
    assert 3 <= left <= 16


def test_clip_carries_label_facts_and_confidence():
    clip = record(58, 7, camera=2, replication=3, setup=4).clip()
    assert (clip.name, clip.label) == ("S004C002P007R003A058", "handshaking")
    assert clip.facts == {"subject": "7", "camera": "2", "setup": "4", "trial": "3"}
    assert clip.poses.dtype == np.float32
    assert not clip.poses[~clip.present].any()
    assert set(np.unique(clip.confidence)) <= {0.0, 0.5, 1.0}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"action": 999, "performer": 1}, "action 999"),
        ({"action": 8, "performer": 0}, "performer 0"),
        ({"action": 8, "performer": 1, "camera": 4}, "camera 4"),
        ({"action": 8, "performer": 1, "setup": 1000}, "setup 1000"),
    ],
)
def test_wrong_numbers_are_named(words, message):
    with pytest.raises(LabanError, match=message):
        record(**words)
