import math

import pytest
import torch

from laban.nn import PositionCode, sinusoid


def equation_5(position, dim):
    code = []
    for i in range(dim // 2):
        angle = position / 10000 ** (2 * i / dim)
        code += [math.sin(angle), math.cos(angle)]
    return torch.tensor(code)


def test_sinusoid_is_equation_5():
    for position in (0, 1, 24, 127, 2.5):
        got = sinusoid(torch.tensor(position), 16)
        torch.testing.assert_close(got, equation_5(position, 16), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["joint", "frame", "unified"])
def test_code_of_each_place(kind):
    code = PositionCode(kind, 8, joints=5)(torch.zeros(2, 6, 5, 8), None, None)
    code = code.expand(2, 6, 5, 8)
    for t in range(6):
        for v in range(5):
            position = {"joint": v, "frame": t, "unified": t * 5 + v}[kind]
            torch.testing.assert_close(code[1, t, v], equation_5(position, 8), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["joint", "frame", "unified"])
def test_given_numbers_are_those_counted(kind):
    module = PositionCode(kind, 8, joints=5, length=4)
    x = torch.zeros(2, 6, 5, 8)
    whole = module(x, None, None).expand(2, 6, 5, 8)
    joints, frames = torch.tensor([[4, 0], [2, 3]]), torch.tensor([[0, 5], [1, 2]])
    got = module(x[:, :2, :2], joints, frames).expand(2, 2, 2, 8)
    for n in range(2):
        wanted = whole[n][frames[n]][:, joints[n]]
        torch.testing.assert_close(got[n], wanted, atol=1e-5, rtol=1e-4)


def test_precision_follows_the_features():
    x = torch.zeros(1, 2, 3, 4, dtype=torch.bfloat16)
    assert PositionCode("frame", 4, joints=3)(x, None, None).dtype == torch.bfloat16
