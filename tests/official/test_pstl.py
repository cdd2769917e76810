"""PSTL's official encoder, made again from the facts about it, names included."""

import numpy as np
import pytest
import torch
from torch import nn

import laban.official
from laban.errors import LabanError
from laban.nn import spatial_partition
from laban.skeletons import SKELETONS, Skeleton
from tests.test_official import error, filled, golden


def test_golden_answer_of_pstl():
    tensors, computed, poses, wanted = golden("pstl")
    assert error(laban.official.load("pstl", tensors), poses, wanted) < 1e-5
    assert error(laban.official.load("pstl", tensors).double(), poses.double(), wanted) < 1e-6
    bare = {f"module.{k}": v.double() for k, v in tensors.items() if k not in computed}
    assert error(laban.official.load("pstl", bare), poses, wanted) < 1e-5


def official_graph(skeleton):
    """(3, V, V), columns take from rows: distances are known to one bone only."""
    joints = len(skeleton)
    hops = torch.full((joints, joints), torch.inf).fill_diagonal_(0)
    for one, other in skeleton.bones:
        hops[one, other] = hops[other, one] = 1
    share = (hops <= 1) / (hops <= 1).sum(0)
    graph, centre = torch.zeros(3, joints, joints), skeleton.root
    for j in range(joints):
        for i in range(joints):
            if hops[j, i] == 0:
                graph[0, j, i] = share[j, i]
            elif hops[j, i] == 1:
                subset = 1 if hops[j, centre] >= hops[i, centre] else 2
                graph[subset, j, i] = share[j, i]
    return graph


class Conv(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.conv = nn.Conv2d(inputs, 3 * width, 1)


class OfficialBlock(nn.Module):
    def __init__(self, inputs, width, stride, *, first):
        super().__init__()
        self.first = first
        self.gcn = Conv(inputs, width)
        conv = nn.Conv2d(width, width, (9, 1), (stride, 1), (4, 0))
        norm = nn.BatchNorm2d(width)
        self.tcn = nn.Sequential(norm, nn.ReLU(), conv, nn.BatchNorm2d(width), nn.Dropout(0))
        if not first and (inputs != width or stride != 1):
            conv = nn.Conv2d(inputs, width, 1, (stride, 1))
            self.residual = nn.Sequential(conv, nn.BatchNorm2d(width))

    def forward(self, x, graph):
        y = self.gcn.conv(x).unflatten(1, (3, -1))
        y = self.tcn(torch.einsum("nkctv,kvw->nctw", y, graph))
        if hasattr(self, "residual"):
            y = y + self.residual(x)
        return (y if self.first or hasattr(self, "residual") else y + x).relu()


class Official(nn.Module):
    def __init__(self, *, hidden=4, dim=20, channels=3, skeleton=None, importance=True, depth=10):
        super().__init__()
        skeleton = skeleton or SKELETONS["kinect-v2"]
        self.register_buffer("A", official_graph(skeleton))
        self.data_bn = nn.BatchNorm1d(channels * len(skeleton))
        widths = [hidden] * 4 + [2 * hidden] * 3 + [4 * hidden] * 2 + [dim]
        strides = (1,) * 4 + (2, 1, 1, 2, 1, 1)
        self.st_gcn_networks = nn.ModuleList()
        inputs = channels
        for number, (width, stride) in enumerate(zip(widths[:depth], strides, strict=False)):
            self.st_gcn_networks.append(OfficialBlock(inputs, width, stride, first=number == 0))
            inputs = width
        self.weighs = importance
        if importance:
            factors = [nn.Parameter(torch.ones(self.A.shape)) for _ in range(depth)]
            self.edge_importance = nn.ParameterList(factors)
        for index, (name, tensor) in enumerate(self.state_dict().items()):
            if name != "A" and not name.endswith("num_batches_tracked"):
                value = filled(name, tuple(tensor.shape), index)
                tensor.copy_(torch.from_numpy(np.asarray(value)))

    def forward(self, poses, masked=()):
        b, persons, frames, joints, channels = poses.shape
        x = self.data_bn(poses.reshape(b * persons, frames, -1).transpose(1, 2))
        x = x.view(b * persons, joints, channels, frames).permute(0, 2, 3, 1)
        kept = [j for j in range(joints) if j not in masked]
        x = x[..., kept]
        for number, block in enumerate(self.st_gcn_networks):
            graph = self.A * self.edge_importance[number] if self.weighs else self.A
            x = block(x, graph[:, kept][:, :, kept])
        return x.mean((2, 3)).view(b, persons, -1).mean(1)


CONFIGURATIONS = {
    "small": {},
    "wide": {"hidden": 16, "dim": 64},
    "last block without a residual": {"hidden": 4, "dim": 16},
    "joint and bone": {"channels": 6},
    "no edge importance": {"importance": False},
    "another skeleton": {"skeleton": SKELETONS["hand-22"]},
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_other_configurations(case):
    options = CONFIGURATIONS[case]
    official = Official(**options).eval()
    network = laban.official.load("pstl", official.state_dict())
    joints = len(options.get("skeleton", SKELETONS["kinect-v2"]))
    poses = torch.randn(2, 2, 11, joints, options.get("channels", 3))
    poses[1, 1] = 0
    with torch.no_grad():
        wanted = official(poses)
        assert error(network, poses, wanted) < 1e-5
        present = torch.ones(2, 2, 11, dtype=torch.bool)
        present[1, 1] = False
        torch.testing.assert_close(network(poses, present), network(poses))
        kept = torch.tensor([j for j in range(joints) if j not in (2, 7, 20)])
        wanted = official(poses, masked=(2, 7, 20))
        got = network(poses, joints=kept)
        assert (got - wanted).abs().max() < 1e-5 * (wanted.max() - wanted.min())


def test_another_depth_and_skeleton_by_option():
    chain = Skeleton("chain", tuple("abcdefg"), (0, 0, 1, 2, 3, 4, 5))
    official = Official(skeleton=chain, depth=6).eval()
    network = laban.official.load(
        "pstl", official.state_dict(), strides=(1, 1, 1, 1, 2, 1), skeleton=chain
    )
    poses = torch.randn(2, 1, 9, 7, 3)
    with torch.no_grad():
        assert error(network, poses, official(poses)) < 1e-5


def test_it_trains_as_the_official_one():
    official = Official().train()
    network = laban.official.load("pstl", official.state_dict(), dropout=0.0).train()
    poses = torch.randn(4, 2, 11, 25, 3)
    outputs = [model(poses) for model in (official, network)]
    torch.testing.assert_close(*outputs, atol=1e-4, rtol=1e-3)
    target = torch.randn(20)
    for output in outputs:
        (output @ target).sum().backward()
    theirs = official.edge_importance[3].grad.transpose(1, 2)
    ours = network.encoder.importance[3].grad
    torch.testing.assert_close(ours, theirs, atol=1e-3 * float(theirs.abs().max()), rtol=1e-2)
    torch.testing.assert_close(
        network.encoder.norm.norm.norm.running_var, official.data_bn.running_var
    )


def refused(tensors, sentence, **options):
    with pytest.raises(LabanError, match=sentence) as caught:
        laban.official.load("pstl", tensors, **options)
    return str(caught.value)


def test_every_missing_tensor_is_named():
    tensors = Official().state_dict()
    for name in tensors:
        if name != "A" and not name.endswith("num_batches_tracked"):
            sentence = refused({k: v for k, v in tensors.items() if k != name}, "missing")
            assert name in sentence, sentence
    assert "left over head.weight" in refused(tensors | {"head.weight": torch.zeros(1)}, "left")
    refused({}, "missing data_bn.bias")


def test_every_wrong_shape_is_named():
    tensors = Official().state_dict()
    for name, tensor in tensors.items():
        if name == "A" or name.endswith("num_batches_tracked"):
            continue
        for wrong in (torch.zeros(7), torch.zeros(()), torch.cat((tensor, tensor))):
            with pytest.raises(LabanError, match="pstl"):
                laban.official.load("pstl", tensors | {name: wrong})


def test_another_graph_is_refused_and_what_is_no_graph_is_not_looked_at():
    tensors = Official().state_dict()
    other = torch.stack([torch.eye(25), torch.zeros(25, 25), torch.zeros(25, 25)])
    refused(tensors | {"A": other}, "A .* is not the spatial partition of kinect-v2")
    own = tensors.get("A", spatial_partition(SKELETONS["kinect-v2"], farthest=1).mT)
    for fits in (own, torch.randn(3, 25, 25)):
        laban.official.load("pstl", tensors | {"A": fits})


def test_options_that_disagree_with_tensors():
    tensors = Official().state_dict()
    refused(tensors, "3 strides are given for 10 blocks", strides=(1, 2, 1))
    refused(tensors, "missing st_gcn_networks.1.residual", strides=(1, 2) + (1,) * 8)
    refused(tensors, "unknown option of pstl 'stride'", stride=2)
    refused(tensors, "shapes do not fit", skeleton=SKELETONS["hand-22"])
    refused(Official(depth=6).state_dict(), "have 6 blocks, not 10: give strides")
    chain = Skeleton("chain", tuple("abcdefg"), (0, 0, 1, 2, 3, 4, 5))
    refused(Official(skeleton=chain).state_dict(), "no built-in layout has 7 joints: give skel")
