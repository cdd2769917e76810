import math

import pytest
import torch
from torch import nn

from laban.nn import (
    GraphConv,
    GraphConvNorm,
    choose_maps,
    directed_partition,
    fold_persons,
    spatial_partition,
)
from laban.skeletons import SKELETONS, Skeleton

# root 0 - 1 - 2 - 3, and 4 beside 1
TREE = Skeleton("tree", tuple("abcde"), (0, 0, 1, 2, 1))


def test_spatial_partition_of_a_small_tree():
    own, farther, closer = spatial_partition(TREE)
    assert own.diagonal().tolist() == pytest.approx([1 / 2, 1 / 4, 1 / 3, 1 / 2, 1 / 2])
    assert torch.equal(own, torch.diag(own.diagonal()))
    assert farther[1].tolist() == [0, 0, 0.25, 0, 0.25]
    assert closer[1].tolist() == [0.25, 0, 0, 0, 0]
    assert closer[3].tolist() == [0, 0, 0.5, 0, 0]


def test_truncated_distances_make_far_bones_two_way():
    _, farther, closer = spatial_partition(TREE, farthest=1)
    assert closer[3].tolist() == [0, 0, 0, 0, 0]
    assert farther[3].tolist() == [0, 0, 0.5, 0, 0]
    assert closer[2].tolist() == pytest.approx([0, 1 / 3, 0, 0, 0])


def test_directed_partition_of_a_small_tree():
    own, parent, children = directed_partition(TREE)
    assert torch.equal(own, torch.eye(5))
    assert children[1].tolist() == [0, 0, 0.5, 0, 0.5]
    assert parent[1].tolist() == [1, 0, 0, 0, 0]
    assert parent[0].sum() == 0


@pytest.mark.parametrize("name", SKELETONS)
def test_partitions_hold_every_bone_once(name):
    skeleton = SKELETONS[name]
    near = torch.eye(len(skeleton))
    for one, other in skeleton.bones:
        near[one, other] = near[other, one] = 1
    for maps in (spatial_partition(skeleton), spatial_partition(skeleton, farthest=1)):
        torch.testing.assert_close(maps.sum((0, 2)), torch.ones(len(skeleton)))
        assert torch.equal((maps > 0).sum(0), near.long())
    assert torch.equal((directed_partition(skeleton) > 0).sum(0), near.long())


def naive(conv, x, maps):
    """The sum over subsets and neighbours, joint by joint."""
    joints, y = x.shape[2], 0
    for k in range(len(maps)):
        for v in range(joints):
            z = x[:, :, v] @ conv.weight[:, k].T + conv.bias[k] * conv.taken
            y = y + maps[k, :, v, None] * z[:, :, None]
    return y + (0 if conv.taken else conv.bias.sum(0))


@pytest.mark.parametrize("bias", ["taken", "added"])
def test_graph_convolution_is_the_sum_over_neighbours(bias):
    conv, maps = GraphConv(4, 6, bias=bias), torch.randn(3, 5, 5)
    x = torch.randn(2, 7, 5, 4)
    torch.testing.assert_close(conv(x, maps), naive(conv, x, maps), atol=1e-5, rtol=1e-4)
    own = torch.randn(2, 3, 5, 5)  # maps of each row
    wanted = torch.cat([naive(conv, x[n : n + 1], own[n]) for n in range(2)])
    torch.testing.assert_close(conv(x, own), wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("bias", ["taken", "added"])
def test_evaluation_folds_the_normalisation(bias):
    module, maps = GraphConvNorm(4, 6, bias=bias).eval(), torch.randn(3, 5, 5)
    norm = nn.BatchNorm1d(6).eval()
    for state in (module.norm, norm):
        nn.init.uniform_(state.running_var, 0.5, 2, torch.Generator().manual_seed(1))
        nn.init.normal_(state.running_mean, generator=torch.Generator().manual_seed(2))
        nn.init.normal_(state.weight, generator=torch.Generator().manual_seed(3))
    x = torch.randn(2, 7, 5, 4)
    for given in (maps, torch.randn(2, 3, 5, 5)):
        wanted = norm(module.conv(x, given).view(-1, 6)).view(2, 7, 5, 6)
        torch.testing.assert_close(module(x, given), wanted, atol=1e-5, rtol=1e-4)


def test_chosen_maps_are_rows_and_columns_and_padding_gives_nothing():
    maps, poses = torch.randn(3, 5, 5), torch.randn(2, 2, 4, 5, 3)
    joints = torch.tensor([[4, 0, -1], [2, 3, 1]])
    _, scope = fold_persons(poses, None, joints)
    chosen = choose_maps(maps, joints, scope)
    assert chosen.shape == (4, 3, 3, 3)
    for row, clip in enumerate((0, 0, 1, 1)):
        for w in range(3):
            for v in range(3):
                taker, giver = joints[clip, w], joints[clip, v]
                if giver < 0:
                    assert (chosen[row, :, w, v] == 0).all()
                elif taker >= 0:
                    assert torch.equal(chosen[row, :, w, v], maps[:, taker, giver])
    shared = torch.tensor([4, 0, -1])
    _, scope = fold_persons(poses, None, shared)
    assert torch.equal(choose_maps(maps, shared, scope)[:, :2], chosen[0, :, :2])


def test_a_joint_without_a_path_to_the_root_counts_as_farthest():
    forest = Skeleton("forest", tuple("abc"), (0, 0, 2))
    assert spatial_partition(forest)[:, 2].tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert math.isclose(float(spatial_partition(forest).sum()), 3)
