import torch

from laban.nn import fold_persons, unfold_persons


def test_only_persons_who_exist_become_rows():
    poses = torch.randn(2, 3, 4, 5, 3)
    present = torch.zeros(2, 3, 4, dtype=torch.bool)
    present[0, 1] = present[1, 0] = True
    rows, scope = fold_persons(poses, present)
    torch.testing.assert_close(rows, torch.stack((poses[0, 1], poses[1, 0])))
    assert scope.mask is None  # all that is left is there: the fast path
    values, there = unfold_persons(rows, scope)
    torch.testing.assert_close(values, poses * present[..., None, None])
    assert (there == present[..., None].expand(2, 3, 4, 5)).all()


def test_absent_frames_are_masked_and_zero():
    poses, present = torch.full((1, 2, 3, 4, 3), torch.nan), torch.tensor([[1, 1, 0], [0, 1, 0]])
    present = present.bool()[None]
    poses[present] = 1.0
    rows, scope = fold_persons(poses, present)
    assert (rows == present[0, :, :, None, None]).all()
    assert (scope.mask == present[0, :, :, None]).all()


def test_everything_present_is_dense():
    rows, scope = fold_persons(torch.randn(2, 3, 4, 5, 3), torch.ones(2, 3, 4, dtype=torch.bool))
    assert len(rows) == 6
    assert scope.mask is None
    assert scope.places is None


def test_nobody_at_all_keeps_a_row():
    rows, scope = fold_persons(torch.randn(2, 1, 4, 5, 3), torch.zeros(2, 1, 4, dtype=torch.bool))
    assert len(rows) == 1
    values, there = unfold_persons(rows, scope)
    assert not there.any()
    assert (values == 0).all()


def test_joints_are_chosen_for_each_clip():
    poses = torch.randn(2, 2, 3, 5, 3)
    joints, frames = torch.tensor([[4, 0, -1], [2, 3, 1]]), torch.tensor([[0, 2, 4], [0, 1, 2]])
    rows, scope = fold_persons(poses, None, joints, frames)
    torch.testing.assert_close(rows[1, :, 0], poses[0, 1, :, 4])
    torch.testing.assert_close(rows[2, :, 2], poses[1, 0, :, 1])
    assert (rows[0, :, 2] == 0).all()
    assert (scope.mask[:2, :, 2] == 0).all()
    assert scope.mask[2:].all()
    assert scope.frames.tolist() == [[0, 2, 4], [0, 2, 4], [0, 1, 2], [0, 1, 2]]


def test_strided_scope_counts_in_its_own_steps():
    present = torch.tensor([[[True, False, True, True, False]]])
    _, scope = fold_persons(torch.randn(1, 1, 5, 2, 3), present, None, torch.arange(5)[None])
    strided = scope.strided(2)
    assert strided.mask[0, :, 0].tolist() == [True, True, False]
    assert strided.frames.tolist() == [[0.0, 1.0, 2.0]]
