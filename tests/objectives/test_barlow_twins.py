"""The loss against Eq. 1 and 2 written out; over processes in tests/test_pretrain.py."""

import pytest
import torch

from laban.errors import LabanError
from laban.objectives.barlow_twins import BarlowTwins, redundancy_terms


def naive_correlation(one, two):
    """Eq. 2 of embeddings whose mean is taken off first."""
    one, two = one - one.mean(0), two - two.mean(0)
    width = one.shape[1]
    found = torch.zeros(width, width)
    for i in range(width):
        for j in range(width):
            above = sum(one[b, i] * two[b, j] for b in range(len(one)))
            first = sum(one[b, i] ** 2 for b in range(len(one))).sqrt()
            second = sum(two[b, j] ** 2 for b in range(len(two))).sqrt()
            found[i, j] = above / (first * second)
    return found


def naive_loss(correlation, weight):
    """Eq. 1."""
    total = 0.0
    for i in range(len(correlation)):
        total = total + (1 - correlation[i, i]) ** 2
        for j in range(len(correlation)):
            if j != i:
                total = total + weight * correlation[i, j] ** 2
    return total


@pytest.mark.parametrize("clips", [4, 5, 9])
def test_loss_is_equations_1_and_2(clips):
    """With fewer clips than numbers, as many, and more."""
    torch.manual_seed(0)
    twins = BarlowTwins(4, width=5, redundancy=0.3)
    features = [torch.randn(clips, 4) for _ in range(3)]
    loss, logs = twins(features[0], features[1:])
    anchor, *others = (twins.projector(one) for one in features)
    wanted = sum(naive_loss(naive_correlation(anchor, other), 0.3) for other in others)
    torch.testing.assert_close(loss, wanted, atol=2e-3, rtol=1e-3)  # up to the norm's epsilon
    torch.testing.assert_close(logs["invariance"] + logs["redundancy"], loss.detach())


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_the_terms_by_hand(copies):
    """Four clips, of one direction, two and three as wide: correlations of 1, 0 and 1."""
    one = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    assert [float(term) for term in redundancy_terms(one, one)] == [0, 0]
    assert [float(term) for term in redundancy_terms(one, one[:, [0, 0]])] == [1, 1]
    wide = one[:, :1].repeat(1, 2 * copies)  # every number correlates with every other
    terms = [float(term) for term in redundancy_terms(wide, wide)]
    assert terms == [0, 2 * copies * (2 * copies - 1)]


def test_gradients_do_not_hang_on_which_product_is_smaller():
    torch.manual_seed(0)
    one, two = (torch.randn(6, 40, dtype=torch.float64, requires_grad=True) for _ in range(2))
    sum(redundancy_terms(one, two)).backward()
    found = one.grad.clone(), two.grad.clone()
    one.grad = two.grad = None
    correlation = one.T @ two / 6
    diagonal = correlation.diagonal()
    (
        (1 - diagonal).square().sum() + correlation.square().sum() - diagonal.square().sum()
    ).backward()
    torch.testing.assert_close(found, (one.grad, two.grad))


def test_the_projector_has_three_layers_without_biases():
    twins = BarlowTwins(4, width=6, redundancy=2e-4)
    shapes = {name: tuple(p.shape) for name, p in twins.named_parameters()}
    weights = [shape for shape in shapes.values() if len(shape) == 2]
    assert weights == [(6, 4), (6, 6), (6, 6)]
    assert len(shapes) == 3 + 4  # and two normalisations with a factor and a summand each


def test_half_precision_correlates_in_full():
    torch.manual_seed(0)
    twins = BarlowTwins(8, width=16, redundancy=1.0)
    with torch.autocast("cpu", torch.bfloat16):
        embedded = twins.embed(torch.randn(12, 8))
        loss, _ = twins(torch.randn(12, 8), [torch.randn(12, 8)])
    assert embedded.dtype == loss.dtype == torch.float32


@pytest.mark.parametrize(
    "options", [{"width": 0, "redundancy": 1.0}, {"width": 4, "redundancy": -1}]
)
def test_wrong_numbers_name_themselves(options):
    with pytest.raises(LabanError, match="width is .* redundancy"):
        BarlowTwins(4, **options)
