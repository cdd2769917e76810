from dataclasses import replace

import numpy as np
import pytest

from laban.clip import Clip
from laban.errors import LabanError
from laban.skeletons import SKELETONS
from laban.store import Store
from laban.streams import STREAMS
from laban.viewer import network_of
from laban.viewer.network import OverTime
from laban.viewer.scene import SHOWN, described, over_time, stream_values
from tests.viewer.conftest import two_persons


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_those_of_the_clips_own_poses(name):
    clip = two_persons(0, frames=7)
    parents, poses, there = clip.skeleton.parents, clip.poses, clip.present
    step = 2 if name == "fast" else 1
    found = stream_values(clip, name)
    assert found.dtype == np.float32
    bones = poses - poses[:, :, parents]
    for person in range(2):
        for place, frame in enumerate(range(0, 7, step)):
            own = found[person, place]
            if not there[person, frame]:
                assert np.isnan(own).all()
                continue
            source = bones if "bone" in name else poses
            wanted = source[person, frame]
            if name == "joint+bone":
                wanted = np.concatenate((poses[person, frame], wanted), -1)
            elif name not in ("joint", "bone"):
                after = frame + step
                both = after < 7 and there[person, after]
                wanted = source[person, after] - wanted if both else 0 * wanted
            np.testing.assert_allclose(own, wanted, atol=1e-6)


def test_a_joint_that_was_not_seen_is_nan_and_the_clip_stays_as_it_was():
    poses = np.ones((1, 2, 20, 3), np.float32)
    poses[0, 1, 4] = 0
    clip = Clip("c", poses, SKELETONS["hand-20"])
    found = stream_values(clip, "joint")
    assert np.isnan(found[0, 1, 4]).all() and np.isnan(found).sum() == 3
    assert not np.isnan(clip.poses).any()
    with pytest.raises(LabanError, match="unknown stream 'joints'"):
        stream_values(clip, "joints")


def test_a_body_has_sides_and_a_hand_has_none(viewed):
    card = network_of(viewed.naming).card
    told = described(two_persons(0), card)["skeleton"]
    sides = dict(zip(told["joints"], told["side"], strict=True))
    assert (sides["hand-left"], sides["hand-right"], sides["head"]) == ("left", "right", "middle")
    hand = described(Clip("c", np.ones((1, 2, 22, 3)), "hand-22"), card)["skeleton"]
    assert not hand["sided"] and hand["part"][hand["joints"].index("ring-tip")] == "ring"


def test_the_likeliest_classes_and_the_true_one_are_told(viewed):
    card = network_of(viewed.naming).card
    classes = tuple(f"class {k}" for k in range(SHOWN + 3))
    card.benchmark = replace(card.benchmark, classes=classes)
    shares = np.zeros((4, SHOWN + 4))
    shares[:, 2:] = np.linspace(0.01, 0.2, SHOWN + 2)
    shares[1] = np.nan
    clip = next(iter(Store(viewed.recordings)))
    told = over_time(clip, OverTime(np.arange(4), shares), card, 0)
    assert "class 0" in told["classes"] and told["classes"][-1] == "background"
    assert told["classes"][0] == f"class {SHOWN + 2}" and len(told["classes"]) == SHOWN + 1
    assert all(row[1] is None for row in told["shares"])
    assert told["truths"] == [["raise", 4, 20], ["lower", 30, 44]] and told["right"] is None
