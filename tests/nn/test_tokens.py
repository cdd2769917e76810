import torch
import torch.nn.functional as F

from laban.nn import fold_persons, sinusoid
from laban.nn.tokens import JointTokens

PARTS = {"semantic": True, "temporal": True}


def test_tokens_are_equations_3_to_5():
    tokens = JointTokens(3, 8, joints=5, **PARTS).eval()
    rows, scope = fold_persons(torch.randn(2, 1, 6, 5, 3), None)
    got = tokens(rows, scope)
    mapped = F.leaky_relu(tokens.coordinates(rows), 0.1)
    code = sinusoid(torch.arange(6), 8)
    for t in range(6):
        for v in range(5):
            wanted = mapped[:, t, v] + tokens.semantic[v] + code[t]
            torch.testing.assert_close(got[:, t, v], wanted)


def test_joints_and_frames_keep_their_tokens():
    tokens = JointTokens(3, 8, joints=5, **PARTS).eval()
    poses = torch.randn(2, 2, 6, 5, 3)
    whole = tokens(*fold_persons(poses, None))
    joints, frames = torch.tensor([[4, 1], [0, 2]]), torch.tensor([[0, 3, 5]]).expand(2, -1)
    part = tokens(*fold_persons(poses[:, :, frames[0]], None, joints, frames))
    for n in range(4):
        torch.testing.assert_close(part[n], whole[n, frames[0]][:, joints[n // 2]])


def test_semantic_tokens_can_be_given():
    tokens = JointTokens(3, 8, joints=5, **PARTS).eval()
    poses, present = torch.randn(2, 2, 6, 5, 3), torch.ones(2, 2, 6, dtype=torch.bool)
    present[0, 1] = False
    rows, scope = fold_persons(poses, present)
    own = tokens(rows, scope)
    torch.testing.assert_close(tokens(rows, scope, tokens.semantic), own)
    given = torch.randn(2, 5, 8)
    got = tokens(rows, scope, given)
    for row, clip in enumerate((0, 1, 1)):
        wanted = own[row] - tokens.semantic + given[clip]
        torch.testing.assert_close(got[row], wanted, atol=1e-5, rtol=1e-4)


def test_nothing_is_added_where_nothing_is_asked_for():
    tokens = JointTokens(3, 8, joints=5, semantic=False, temporal=False).eval()
    rows, scope = fold_persons(torch.randn(1, 1, 2, 5, 3), None)
    assert torch.equal(tokens(rows, scope), F.leaky_relu(tokens.coordinates(rows), 0.1))
