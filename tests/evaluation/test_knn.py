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
        for label in set(range(4)) - {label for _, label in sorted(angles)[-neighbours:]}:
            nearest = max(cosine for cosine, other in angles if other == label)
            wanted[label] = (1 + nearest) / 2 - 1
        torch.testing.assert_close(found[row], wanted)


def test_length_does_not_matter():
    train, labels = torch.eye(3) * torch.tensor([[9.0], [0.1], [1.0]]), torch.tensor([2, 0, 1])
    assert votes(train, labels, torch.eye(3), 3, 1).argmax(1).tolist() == [2, 0, 1]


def test_classes_without_a_vote_follow_by_their_nearest_clip():
    """So that the second best of one neighbour is the second nearest class, not any."""
    train = torch.tensor([[1.0, 0], [0, 1], [0.9, 0.5], [-1, 0]])
    found = votes(train, torch.tensor([3, 0, 4, 1]), torch.tensor([[1.0, 0.1]]), 6, 1)[0]
    assert found.argsort(descending=True).tolist() == [3, 4, 0, 1, 2, 5] or (
        found.argsort(descending=True).tolist() == [3, 4, 0, 1, 5, 2]
    )
    assert found[3] > 0.9 and found[4] < 0 and found[2] == found[5] == -1
