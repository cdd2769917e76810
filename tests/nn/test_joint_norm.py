import pytest
import torch
from torch import nn

from laban.nn import InputNorm, JointNorm


def close(got, wanted):
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def shaken(module):
    for norm in (m for m in module.modules() if hasattr(m, "running_var")):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    return module


def naive(norm, x, mask):
    """Each joint and channel by itself: (N, T, V, C)."""
    y = torch.zeros_like(x)
    for v in range(x.shape[2]):
        for c in range(x.shape[3]):
            number, there = v * x.shape[3] + c, mask[:, :, v]
            if not there.any():
                continue
            seen = x[:, :, v, c][there]
            mean, var = seen.mean(), seen.var(unbiased=False)
            normal = (x[:, :, v, c] - mean) / (var + norm.eps).sqrt()
            y[:, :, v, c] = normal * norm.weight[number] + norm.bias[number]
    return y


def test_every_joint_has_statistics_of_what_exists_of_it():
    module = shaken(JointNorm(5, 3))
    x, mask = 2 + 3 * torch.randn(4, 6, 5, 3), torch.rand(4, 6, 5) < 0.7
    close(module(x, mask)[mask], naive(module.norm, x, mask)[mask])
    close(module(x), naive(module.norm, x, torch.ones_like(mask)))


@pytest.mark.parametrize("training", [True, False])
def test_chosen_joints_keep_their_own_statistics(training):
    module, x = shaken(JointNorm(5, 3)).train(training), torch.randn(2, 6, 5, 3)
    joints = torch.tensor([[4, 0, 2], [2, 3, 0]])
    mask = torch.ones(2, 6, 3, dtype=torch.bool)
    mask[1, :, 2] = False  # padding, whatever its number
    there = torch.zeros(2, 6, 5, dtype=torch.bool)
    there[0, :, [4, 0, 2]] = there[1, :, [2, 3]] = True
    other = JointNorm(5, 3).train(training)
    other.load_state_dict(module.state_dict())
    chosen = torch.take_along_dim(x, joints[:, None, :, None], 2).masked_fill(~mask[..., None], 0)
    wanted = torch.take_along_dim(other(x, there), joints[:, None, :, None], 2)
    close(module(chosen, mask, joints)[mask], wanted[mask])
    for name, value in other.state_dict().items():
        close(module.state_dict()[name], value)


@pytest.mark.parametrize("training", [True, False])
def test_persons_share_statistics_or_have_their_own(training):
    poses = torch.randn(3, 2, 4, 5, 3)
    shared = shaken(InputNorm(5, 3)).train(training)
    wanted = nn.BatchNorm1d(15).train(training)
    wanted.load_state_dict(shared.norm.norm.state_dict())
    close(shared(poses), wanted(poses.reshape(-1, 15)).view(poses.shape))
    own = shaken(InputNorm(5, 3, persons=2)).train(training)
    wanted = nn.BatchNorm1d(30).train(training)
    wanted.load_state_dict(own.norm.norm.state_dict())
    rows = poses.transpose(1, 2).reshape(-1, 30)
    close(own(poses), wanted(rows).view(3, 4, 2, 5, 3).transpose(1, 2))


@pytest.mark.parametrize("persons", [None, 2])
def test_absent_persons_are_in_no_statistics_and_stay_zero(persons):
    module, poses = InputNorm(5, 3, persons=persons), torch.randn(3, 2, 4, 5, 3)
    present = torch.ones(3, 2, 4, dtype=torch.bool)
    present[1, 1] = present[0, 0, 2:] = False
    poses[~present] = torch.nan
    got = module(poses, present)
    assert (got[~present] == 0).all()
    groups = [slice(None)] if persons is None else [slice(0, 1), slice(1, 2)]
    for group in groups:
        seen = got[:, group][present[:, group]]
        close(seen.mean(0), torch.zeros(5, 3))
        close(seen.var(0, unbiased=False), torch.ones(5, 3))
