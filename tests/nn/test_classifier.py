import torch
from torch import nn

from laban.nn import Classifier, Features


class Plain(nn.Module):
    dim = 3

    def forward(self, poses, present=None, joints=None, frames=None):
        return Features(poses, present[..., None].expand(poses.shape[:-1]))


def test_scores_are_of_the_mean_of_what_is_present():
    poses, present = torch.randn(2, 2, 4, 5, 3), torch.ones(2, 2, 4, dtype=torch.bool)
    present[:, 1] = False
    classifier = Classifier(Plain(), 7)
    wanted = classifier.head(poses[:, 0].mean((1, 2)))
    torch.testing.assert_close(classifier(poses, present), wanted)
    assert (classifier.head.bias == 0).all()
