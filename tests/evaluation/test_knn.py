import pytest
import torch

from laban.evaluation.knn import votes


@pytest.mark.parametrize("neighbours", [1, 5, 99])
def test_votes_are_those_of_the_nearest_by_angle(neighbours):
    torch.manual_seed(0)
    train, test, labels = torch.randn(40, 6), torch.randn(9, 6), torch.randint(4, (40,))
    found = votes(train, labels, test, 4, neighbours, rows=4)
    for row in range(9):
        angles = []
        for clip in range(40):
            lengths = train[clip].square().sum().sqrt() * test[row].square().sum().sqrt()
            angles.append((float((train[clip] * test[row]).sum() / lengths), int(labels[clip])))
        wanted = torch.zeros(4)
        for cosine, label in sorted(angles, reverse=True)[:neighbours]:
            wanted[label] += (1 + cosine) / 2
        torch.testing.assert_close(found[row], wanted)


def test_length_does_not_matter():
    train, labels = torch.eye(3) * torch.tensor([[9.0], [0.1], [1.0]]), torch.tensor([2, 0, 1])
    assert votes(train, labels, torch.eye(3), 3, 1).argmax(1).tolist() == [2, 0, 1]
