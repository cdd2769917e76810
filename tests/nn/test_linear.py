import pytest
import torch
from torch import nn

from laban.nn import LinearNorm, TimeConvNorm


def shaken(module):
    """Batch statistics and weights away from their initial values."""
    for norm in (m for m in module.modules() if hasattr(m, "running_var")):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    return module


@pytest.mark.parametrize("training", [True, False])
def test_linear_norm_is_both_in_a_row(training):
    module = shaken(LinearNorm(3, 4)).train(training)
    x = torch.randn(2, 5, 6, 3)
    wanted = nn.BatchNorm1d(4)
    wanted.load_state_dict(module.norm.state_dict())
    wanted.train(training)
    y = wanted(module.linear(x).view(-1, 4)).view(2, 5, 6, 4)
    torch.testing.assert_close(module(x), y, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("stride", [1, 2])
def test_time_convolution_is_a_convolution_over_frames(training, stride):
    module = shaken(TimeConvNorm(3, 4, kernel=5, stride=stride)).train(training)
    wanted = nn.Sequential(nn.Conv2d(3, 4, (5, 1), (stride, 1), (2, 0)), nn.BatchNorm2d(4))
    wanted[0].load_state_dict(module.conv.state_dict())
    wanted[1].load_state_dict(module.norm.state_dict())
    wanted.train(training)
    x = torch.randn(2, 7, 6, 3)
    y = wanted(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    torch.testing.assert_close(module(x), y, atol=1e-5, rtol=1e-4)
