import os
import socket

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from laban.nn import MaskedBatchNorm


def pair(channels):
    """Ours and PyTorch's with the same weights, away from their initial values."""
    ours, theirs = MaskedBatchNorm(channels), nn.BatchNorm1d(channels)
    nn.init.normal_(theirs.weight)
    nn.init.normal_(theirs.bias)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def compare(ours, theirs, got, wanted):
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)
    weights = torch.randn_like(wanted)
    (got * weights).sum().backward()
    (wanted * weights).sum().backward()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-4, rtol=1e-4)
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("training", [True, False])
def test_dense_equals_pytorch(training):
    ours, theirs = pair(5)
    x = 3 + 2 * torch.randn(4, 6, 7, 5)
    for _ in range(2):  # the second batch meets running statistics of the first
        ours.train(training), theirs.train(training)
        a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
        compare(ours, theirs, ours(a), theirs(b.view(-1, 5)).view_as(b))
        torch.testing.assert_close(a.grad, b.grad, atol=1e-5, rtol=1e-4)


def test_masked_equals_pytorch_on_what_is_selected():
    ours, theirs = pair(5)
    x, mask = 3 + 2 * torch.randn(4, 6, 7, 5), torch.rand(4, 6, 7) < 0.6
    x[~mask] = 1e6
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    compare(ours, theirs, ours(a, mask)[mask], theirs(b[mask]))
    torch.testing.assert_close(a.grad, b.grad, atol=1e-5, rtol=1e-4)


def test_a_second_call_with_a_mask_leaves_the_first_its_gradient():
    """PSTL's encoder sees whole bodies, then masked ones, before one backward pass."""
    ours, theirs = pair(5)
    x, mask = torch.randn(6, 7, 5), torch.rand(6, 7) < 0.6
    got, wanted = ours(x).square().sum(), theirs(x.flatten(0, 1)).square().sum()
    compare(ours, theirs, got + ours(x, mask)[mask].sum(), wanted + theirs(x[mask]).sum())


@pytest.mark.parametrize("width", [1, 3])
def test_gradients_are_those_of_the_definition(width):
    """Against autograd through mean, variance and quotient."""
    torch.manual_seed(0)
    x = torch.randn(9, 3, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(9, width) < 0.6
    weights = torch.randn(9, 3, dtype=torch.float64) * mask
    norm = MaskedBatchNorm(3).double()
    norm.weight.data.uniform_(0.5, 2)
    (norm(x, mask if width > 1 else mask[:, 0]) * weights).sum().backward()
    found = [x.grad, norm.weight.grad, norm.bias.grad]
    counts = mask.expand(9, 3).double()
    mean = (x * counts).sum(0) / counts.sum(0)
    variance = ((x - mean).square() * counts).sum(0) / counts.sum(0)
    normal = (x - mean) / (variance + norm.eps).sqrt() * norm.weight + norm.bias
    wanted = torch.autograd.grad((normal * weights).sum(), (x, norm.weight, norm.bias))
    for one, two in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-12)


def test_without_affine_only_the_statistics_are_kept():
    ours, theirs = MaskedBatchNorm(5, affine=False), nn.BatchNorm1d(5, affine=False)
    assert not list(ours.parameters()) and ours.state_dict().keys() == theirs.state_dict().keys()
    x, mask = torch.randn(9, 5), torch.rand(9) < 0.6
    x.requires_grad_()
    compare(ours, theirs, ours(x, mask)[mask], theirs(x[mask]))


def test_full_mask_equals_no_mask():
    ours, _ = pair(5)
    x = torch.randn(3, 4, 5)
    dense, masked = ours(x), ours(x, torch.ones(3, 4, dtype=torch.bool))
    torch.testing.assert_close(dense, masked, atol=1e-5, rtol=1e-4)


def test_channels_at_another_axis():
    ours, theirs = MaskedBatchNorm(3, axis=1), nn.BatchNorm2d(3)
    x = torch.randn(2, 3, 4, 5)
    torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-4)
    mask = torch.rand(2, 4, 5) < 0.5
    last = MaskedBatchNorm(3)(x.movedim(1, -1), mask).movedim(-1, 1)
    torch.testing.assert_close(MaskedBatchNorm(3, axis=1)(x, mask), last)


def test_nothing_present_changes_nothing():
    ours, _ = pair(4)
    y = ours(torch.randn(2, 3, 4), torch.zeros(2, 3, dtype=torch.bool))
    assert y.isfinite().all()
    assert (ours.running_mean == 0).all()
    assert (ours.running_var == 1).all()


def test_bfloat16_counts_in_float32():
    ours, theirs = pair(3)
    x = torch.randn(20000, 3) + 30
    mask = torch.ones(20000, dtype=torch.bool)
    assert ours(x.bfloat16(), mask).dtype == torch.bfloat16
    theirs(x)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean, atol=1e-2, rtol=1e-3)
    torch.testing.assert_close(ours.running_var, theirs.running_var, atol=1e-2, rtol=1e-2)


def example():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(8, 6, 4, generator=generator)
    weights = torch.randn(8, 6, 4, generator=generator)
    mask = torch.rand(8, 6, generator=generator) < 0.7
    mask[:4, 3:] = False  # the halves differ in number
    return x, weights, mask


def run(norm, x, weights, mask):
    x = x.clone().requires_grad_()
    y = norm(x, mask)
    kept = y if mask is None else y * mask[..., None]
    (kept * weights).sum().backward()
    learned = (norm.weight.grad, norm.bias.grad)
    return kept.detach(), x.grad, *learned, norm.running_var, norm.running_mean


def half(rank, port, folder):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    x, weights, mask = example()
    part = slice(4 * rank, 4 * rank + 4)
    for name, m in (("masked", mask), ("dense", None)):
        found = run(MaskedBatchNorm(4), x[part], weights[part], None if m is None else m[part])
        torch.save(found, f"{folder}/{name}{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_equal_one(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mp.spawn(half, (port, str(tmp_path)), nprocs=2)
    x, weights, mask = example()
    for name, m in (("masked", mask), ("dense", None)):
        whole = run(MaskedBatchNorm(4), x, weights, m)
        parts = [torch.load(tmp_path / f"{name}{r}.pt", weights_only=True) for r in (0, 1)]
        for index, wanted in enumerate(whole):
            a, b = (part[index] for part in parts)
            if index < 2:  # values and gradients of the input, halves in order
                got = torch.cat((a, b))
            elif index < 4:  # gradients of the weights, which the training loop sums
                got = a + b
            else:
                torch.testing.assert_close(a, b)
                got = a
            torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def test_a_single_row_is_its_own_mean():
    """PyTorch's own refuses one: here it comes out as the learned summand, with a gradient of 0."""
    ours = MaskedBatchNorm(3)
    with torch.no_grad():
        ours.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
    x = torch.randn(1, 3, requires_grad=True)
    y = ours(x)
    torch.testing.assert_close(y, ours.bias[None])
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.zeros(1, 3))
    torch.testing.assert_close(ours.running_mean, 0.1 * x.detach()[0])
    assert ours.running_var.isfinite().all()
