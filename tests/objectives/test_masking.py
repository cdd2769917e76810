"""Masks against draws one by one, and what they must never do."""

import math

import pytest
import torch

from laban.draws import Draws
from laban.objectives.masking import (
    central_joints,
    joint_degrees,
    left_over,
    motion_attention,
    slow_frames,
)
from laban.skeletons import SKELETONS

CLIPS = 20_000


def draws(clips=CLIPS, seed=0):
    return Draws(torch.Generator().manual_seed(seed), torch.arange(clips))


def gone_of(kept, size):
    """(B, K) numbers with -1 behind -> (B, size) bool."""
    spread = torch.zeros(len(kept), size + 1, dtype=torch.bool)
    return ~spread.scatter(1, kept % (size + 1), value=True)[:, :-1]


def test_degrees_are_those_of_the_body():
    skeleton = SKELETONS["kinect-v2"]
    degrees = joint_degrees(skeleton)
    for joint in range(25):
        assert degrees[joint] == sum(joint in bone for bone in skeleton.bones)
    # Figure 2 of the paper: one joint of 4 bones, one of 3, the rest in chains.
    assert degrees.sum() == 48 and degrees[skeleton.index("spine-shoulder")] == 4
    assert sorted(degrees.tolist(), reverse=True)[:3] == [4, 3, 2]


def test_what_is_left_keeps_its_order_and_is_padded_behind():
    gone = torch.tensor([[True, False, False, True], [True, False, True, True]])
    assert left_over(gone).tolist() == [[1, 2], [1, -1]]


def test_every_clip_loses_so_many_joints_of_its_own():
    kept = central_joints(joint_degrees(SKELETONS["kinect-v2"]), draws(200), 9)
    assert kept.shape == (200, 16)
    assert all(row == sorted(set(row)) and row[0] >= 0 for row in kept.tolist())
    assert len({tuple(row) for row in kept.tolist()}) == 200


@pytest.mark.parametrize("count", [1, 2])
def test_joints_are_drawn_by_their_degree_without_replacement(count):
    """Eq. 3 for the first draw, the same among those that are left for the second."""
    degrees = torch.tensor([3, 1, 2, 1])
    gone = gone_of(central_joints(degrees, draws(), count), 4).float().mean(0)
    total = int(degrees.sum())
    for joint in range(4):
        wanted = degrees[joint] / total
        if count == 2:
            wanted = wanted + sum(
                degrees[first] / total * degrees[joint] / (total - degrees[first])
                for first in range(4)
                if first != joint
            )
        assert gone[joint] == pytest.approx(float(wanted), abs=0.015)


def test_repeats_mask_as_many_joints_as_the_official_multiset():
    degrees = joint_degrees(SKELETONS["kinect-v2"])
    gone = gone_of(central_joints(degrees, draws(), 8, repeats=True), 25)
    assert gone.sum(1).max() == 8 and gone.sum(1).min() >= 2
    # A joint of d of 48 entries escapes 8 draws with probability C(48 - d, 8) / C(48, 8).
    for joint in range(25):
        escape = math.comb(48 - int(degrees[joint]), 8) / math.comb(48, 8)
        assert gone[:, joint].float().mean() == pytest.approx(1 - escape, abs=0.015)
    assert gone.sum(1).float().mean() == pytest.approx(7.34, abs=0.02)


def test_motion_attention_is_equation_4():
    torch.manual_seed(0)
    poses, present = torch.randn(2, 2, 6, 4, 3), torch.ones(2, 2, 6, dtype=torch.bool)
    present[1, 1] = False
    found = motion_attention(poses, present)
    for clip in range(2):
        squares = []
        for frame in range(6):
            square = 0.0
            for person in range(2 - clip):
                for joint in range(4):
                    for axis in range(3):
                        if frame < 5:
                            step = poses[clip, person, frame + 1] - poses[clip, person, frame]
                            square += float(step[joint, axis]) ** 2
            squares.append(square)
        wanted = torch.tensor(squares) / sum(squares)
        torch.testing.assert_close(found[clip], wanted)
    still = motion_attention(torch.ones(1, 1, 6, 4, 3), present[:1, :1])
    assert torch.equal(still, torch.zeros(1, 6))


def test_the_fastest_frames_go_and_as_many_at_random():
    attention = torch.tensor([0.1, 0.3, 0.0, 0.2, 0.05, 0.25, 0.1, 0.0]).expand(CLIPS, -1)
    exists = torch.ones(CLIPS, 8, dtype=torch.bool)
    gone = gone_of(slow_frames(attention, exists, draws(), 2), 8)
    assert (gone.sum(1) == 4).all()
    assert gone[:, [1, 5]].all()  # the fastest, always
    others = gone[:, [0, 2, 3, 4, 6, 7]].float().mean(0)  # two of six
    torch.testing.assert_close(others, torch.full((6,), 1 / 3), atol=0.015, rtol=0)


def test_a_short_clip_keeps_a_frame_and_nothing_that_is_not_there():
    attention = torch.rand(4, 12)
    exists = torch.zeros(4, 12, dtype=torch.bool)
    for clip, length in enumerate((12, 9, 4, 1)):
        exists[clip, :length] = True
    kept = slow_frames(attention, exists, draws(4), 4)
    assert [(row >= 0).sum().item() for row in kept] == [4, 1, 2, 1]
    for clip in range(4):
        assert all(exists[clip, frame] for frame in kept[clip].tolist() if frame >= 0)


def test_a_clip_loses_the_same_whatever_the_batch_around_it():
    attention, exists = torch.rand(6, 12), torch.ones(6, 12, dtype=torch.bool)
    degrees = joint_degrees(SKELETONS["kinect-v2"])

    def of(keys):
        generator = torch.Generator().manual_seed(3)
        joints = central_joints(degrees, Draws(generator, keys), 9)
        return joints, slow_frames(attention[keys], exists[keys], Draws(generator, keys), 3)

    whole, part = of(torch.arange(6)), of(torch.tensor([4, 1]))
    for one, two in zip(whole, part, strict=True):
        assert torch.equal(one[[4, 1]], two)
