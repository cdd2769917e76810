"""The decoder against a loop over the equations of a gated recurrent unit."""

import pytest
import torch

from laban.nn import MotionDecoder


def naive(decoder, features, pose, velocity, frames):
    """One row: reset, update and new gates, then the residual connection."""
    own = {name: value.detach() for name, value in decoder.named_parameters()}
    state = torch.tanh(own["start.weight"] @ features + own["start.bias"])
    found = []
    for _ in range(frames):
        x = torch.cat((pose, velocity)) if decoder.residual == "velocity" else pose
        left = own["cell.weight_ih"] @ x + own["cell.bias_ih"]
        right = own["cell.weight_hh"] @ state + own["cell.bias_hh"]
        (r, z, n), (hr, hz, hn) = left.chunk(3), right.chunk(3)
        reset, update = torch.sigmoid(r + hr), torch.sigmoid(z + hz)
        state = (1 - update) * torch.tanh(n + reset * hn) + update * state
        step = own["step.weight"] @ state + own["step.bias"]
        velocity = velocity + step if decoder.residual == "velocity" else velocity
        pose = pose + (velocity if decoder.residual == "velocity" else step)
        found.append(pose)
    return torch.stack(found)


@pytest.mark.parametrize("residual", ["pose", "velocity"])
def test_it_goes_on_as_the_equations_say(residual):
    torch.manual_seed(0)
    decoder = MotionDecoder(4, 6, width=5, residual=residual).double()
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    inputs = [torch.randn(3, size, dtype=torch.float64) for size in (4, 6, 6)]
    found = decoder(*inputs, 7)
    assert found.shape == (3, 7, 6)
    for row in range(3):
        torch.testing.assert_close(found[row], naive(decoder, *(x[row] for x in inputs), 7))


@pytest.mark.parametrize(("residual", "goes_on"), [("pose", 0), ("velocity", 1)])
def test_untaught_it_is_the_baseline_that_it_adds_to(residual, goes_on):
    decoder = MotionDecoder(4, 6, width=5, residual=residual)
    features, pose, velocity = (torch.randn(3, size) for size in (4, 6, 6))
    for frame, found in enumerate(decoder(features, pose, velocity, 4).unbind(1), 1):
        torch.testing.assert_close(found, pose + goes_on * frame * velocity)
