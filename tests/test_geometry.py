import torch
from hypothesis import given
from hypothesis import strategies as st

from laban.geometry import rotate, rotation_about

angle = st.floats(-360, 360)


@given(angle, st.sampled_from("xyz"))
def test_rotations_keep_lengths_and_hand(degrees, axis):
    turn = rotation_about(axis, torch.tensor(degrees, dtype=torch.float64))
    torch.testing.assert_close(turn @ turn.T, torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(torch.linalg.det(turn), torch.tensor(1.0, dtype=torch.float64))


def test_quarter_turns_go_counter_clockwise():
    x, y, z = torch.eye(3)
    for axis, start, end in (("z", x, y), ("x", y, z), ("y", z, x)):
        turn = rotation_about(axis, torch.tensor(90.0))
        torch.testing.assert_close(start @ turn.T, end, atol=1e-6, rtol=0)


def test_each_clip_turns_by_its_own():
    poses = torch.randn(4, 2, 3, 5, 3)
    turns = rotation_about("y", torch.tensor([0.0, 30.0, 60.0, 90.0]))
    turned = rotate(poses, turns)
    for b in range(4):
        torch.testing.assert_close(turned[b], poses[b] @ turns[b].T)
