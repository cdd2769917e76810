import torch

from laban.nn import AdaptiveMaps, fold_persons


def naive(module, x):
    """One person's maps from Eq. 3 and 4, of all its frames: (T, V, C) -> (K, V, V)."""
    maps = module.maps + module.shared
    found = torch.zeros_like(maps)
    takers, givers = module.takers(x), module.givers(x)
    for k in range(len(maps)):
        part = slice(k * module.embedding, (k + 1) * module.embedding)
        scores = sum(takers[t, :, part] @ givers[t, :, part].T for t in range(len(x)))
        found[k] = (scores / (len(x) * module.embedding)).softmax(-1) + maps[k]
    return found


def test_maps_are_the_skeleton_s_the_learned_and_the_clip_s():
    module = AdaptiveMaps(4, 2, torch.rand(3, 5, 5))
    assert (module.shared == 1e-6).all()
    torch.nn.init.normal_(module.shared)
    rows, scope = fold_persons(torch.randn(2, 1, 6, 5, 4), None)
    got = module(rows, None, scope)
    for row in range(2):
        torch.testing.assert_close(got[row], naive(module, rows[row]), atol=1e-5, rtol=1e-4)


def test_absent_frames_and_padded_joints_are_left_out():
    module, poses = AdaptiveMaps(4, 2, torch.rand(3, 5, 5)), torch.randn(2, 1, 6, 5, 4)
    present = torch.ones(2, 1, 6, dtype=torch.bool)
    present[0, 0, 4:] = False
    joints = torch.tensor([[3, 0, -1], [1, 2, 4]])
    rows, scope = fold_persons(poses, present, joints)
    got = module(rows, joints, scope)
    cut = torch.tensor([3, 0])
    alone, small = fold_persons(poses[:1, :, :4], None, cut)
    torch.testing.assert_close(got[0, :, :2, :2], module(alone, cut, small)[0])
    assert (got[0, :, :, 2] == 0).all()
