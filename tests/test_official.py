import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import laban.official
from laban.errors import LabanError
from laban.nn import Classifier
from laban.skeletons import SKELETONS

GOLDEN = Path(__file__).parent / "golden"


def filled(name, shape, index):
    """The seeded value of a tensor: the recipe that the golden answers were made with."""
    rng = np.random.default_rng([20, index])
    noise = rng.standard_normal(shape)
    if name.endswith("running_var"):
        return 0.5 + rng.random(shape)
    if name.endswith("running_mean"):
        return 0.1 * noise
    if len(shape) >= 2:
        return 0.7 * noise / np.sqrt(np.prod(shape[1:]))
    return 1 + 0.1 * noise if name.endswith("weight") else 0.1 * noise


def golden(name):
    """(tensors, names of the computed ones, poses, the official answer)."""
    file = np.load(GOLDEN / f"{name}.npz")
    listing = json.loads(bytes(file["tensors"]))
    tensors = {
        entry["name"]: torch.tensor(filled(entry["name"], entry["shape"], i), dtype=torch.float32)
        for i, entry in enumerate(listing)
    }
    computed = {entry["name"] for entry in listing if entry["computed"]}
    poses = np.random.default_rng(21).standard_normal(tuple(file["shape"])).astype(np.float32)
    return tensors, computed, torch.from_numpy(poses), torch.from_numpy(file["output"])


def error(network, poses, wanted):
    """The largest difference of the scores, as a share of their spread."""
    with torch.no_grad():
        return ((network(poses) - wanted).abs().max() / (wanted.max() - wanted.min())).item()


def test_golden_answer_of_dsta_net():
    tensors, computed, poses, wanted = golden("dsta-net")
    assert error(laban.official.load("dsta-net", tensors), poses, wanted) < 1e-5
    assert error(laban.official.load("dsta-net", tensors).double(), poses.double(), wanted) < 1e-6
    bare = {f"module.{k}": v.double() for k, v in tensors.items() if k not in computed}
    assert error(laban.official.load("dsta-net", bare), poses, wanted) < 1e-5


# A network of the official layers on (N, C, T, V), from the facts about them, names included.


def conv_norm(inputs, outputs, stride=1, kernel=1):
    conv = nn.Conv2d(inputs, outputs, (kernel, 1), (stride, 1), (kernel // 2, 0))
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


def code(positions, channels):
    """(T, V) -> (1, C, T, V): sinusoids."""
    table = torch.zeros(1, channels, *positions.shape)
    for i in range(0, channels, 2):
        table[0, i] = torch.sin(positions / 10000 ** (i / channels))
        table[0, i + 1] = torch.cos(positions / 10000 ** (i / channels))
    return table


class Half(nn.Module):
    """Holds a buffer under the name of an official position code."""

    def __init__(self, table):
        super().__init__()
        self.register_buffer("pe", table)


class OfficialBlock(nn.Module):
    def __init__(self, inputs, width, embedding, stride, *, heads, frames, joints, kind):
        super().__init__()
        self.heads, self.embedding, self.kind = heads, embedding, kind
        changes = inputs != width or stride != 1
        t, v = torch.meshgrid(torch.arange(frames), torch.arange(joints), indexing="ij")
        self.alphas = nn.Parameter(torch.ones(1, heads, 1, 1))
        if "s" in kind["maps"]:
            self.attention0s = nn.Parameter(torch.ones(1, heads, joints, joints))
        self.register_buffer("atts", torch.zeros(1, heads, joints, joints))
        if "s" in kind["codes"]:
            self.pes = Half(code(v, inputs))
        self.in_nets = nn.Conv2d(inputs, 2 * heads * embedding, 1)
        self.out_nets, self.ff_nets = conv_norm(heads * inputs, width), conv_norm(width, width)
        if kind["temporal"] == "attention":
            self.alphat = nn.Parameter(torch.ones(1, heads, 1, 1))
            if "t" in kind["maps"]:
                self.attention0t = nn.Parameter(torch.ones(1, heads, frames, frames))
            self.register_buffer("attt", torch.zeros(1, heads, frames, frames))
            if "t" in kind["codes"]:
                self.pet = Half(code(t, width))
            self.in_nett = nn.Conv2d(width, 2 * heads * embedding, 1)
            self.out_nett = conv_norm(heads * width, width)
            self.ff_nett = conv_norm(width, width, stride)
        else:
            self.out_nett = conv_norm(width, width, stride, 7)
        if changes:
            self.downs1, self.downs2 = conv_norm(inputs, width), conv_norm(inputs, width)
            self.downt2 = conv_norm(width, width, stride)
            if kind["temporal"] == "attention":
                self.downt1 = conv_norm(width, width)

    def forward(self, x):
        n, c, frames, joints = x.shape
        down = lambda name, z: getattr(self, name)(z) if hasattr(self, name) else z  # noqa: E731
        y = x + self.pes.pe[:, :, :frames] if "s" in self.kind["codes"] else x
        q, k = self.in_nets(y).view(n, 2 * self.heads, self.embedding, frames, joints).chunk(2, 1)
        scores = torch.einsum("nsctu,nsctv->nsuv", q, k) / (self.embedding * frames)
        maps = torch.tanh(scores) * self.alphas + getattr(self, "attention0s", 0)
        y = torch.einsum("nctu,nsuv->nsctv", x, maps).reshape(n, -1, frames, joints)
        y = F.leaky_relu(down("downs1", x) + self.out_nets(y), 0.1)
        y = F.leaky_relu(down("downs2", x) + self.ff_nets(y), 0.1)
        if self.kind["temporal"] == "convolution":
            return F.leaky_relu(down("downt2", y) + self.out_nett(y), 0.1)
        z = y + self.pet.pe[:, :, :frames] if "t" in self.kind["codes"] else y
        q, k = self.in_nett(z).view(n, 2 * self.heads, self.embedding, frames, joints).chunk(2, 1)
        scores = torch.einsum("nsctv,nscqv->nstq", q, k) / (self.embedding * joints)
        maps = torch.tanh(scores) * self.alphat + getattr(self, "attention0t", 0)
        z = torch.einsum("nctv,nstq->nscqv", y, maps).reshape(n, -1, frames, joints)
        z = F.leaky_relu(down("downt1", y) + self.out_nett(z), 0.1)
        return F.leaky_relu(down("downt2", y) + self.ff_nett(z), 0.1)


class Official(nn.Module):
    def __init__(self, *, layers, channels=3, heads=3, frames=16, joints=22, classes=5, **kind):
        super().__init__()
        kind = {"maps": "s", "codes": "st", "temporal": "attention"} | kind
        size = {"heads": heads, "joints": joints, "kind": kind}
        self.input_map = conv_norm(channels, layers[0][0])
        self.graph_layers = nn.ModuleList()
        for inputs, width, embedding, stride in layers:
            block = OfficialBlock(inputs, width, embedding, stride, frames=frames, **size)
            self.graph_layers.append(block)
            frames = -(-frames // stride)
        self.fc = nn.Linear(width, classes)
        for index, (name, tensor) in enumerate(self.state_dict().items()):
            if name.endswith((".pe", ".atts", ".attt", "num_batches_tracked")):
                continue
            value = filled(name, tuple(tensor.shape), index)
            tensor.copy_(torch.from_numpy(np.asarray(value)))

    def forward(self, poses):
        b, persons = poses.shape[:2]
        x = F.leaky_relu(self.input_map(poses.permute(0, 1, 4, 2, 3).flatten(0, 1)), 0.1)
        for block in self.graph_layers:
            x = block(x)
        return self.fc(x.mean((2, 3)).view(b, persons, -1).mean(1))


LAYERS = ((16, 16, 4, 1), (16, 24, 8, 2), (24, 24, 8, 1))
CONFIGURATIONS = {
    "plain": {},
    "joint and bone, two persons": {"channels": 6},
    "convolution": {"temporal": "convolution"},
    "five heads": {"heads": 5},
    "a wide stem, no stride": {"layers": ((8, 16, 4, 1), (16, 32, 5, 1))},
    "odd frames, a stride without a wider block": {
        "frames": 15,
        "layers": ((16, 16, 4, 2), (16, 16, 4, 2), (16, 24, 6, 1), (24, 24, 6, 1)),
    },
    "both shared maps": {"maps": "st"},
    "the shared map between frames": {"maps": "t"},
    "no shared map": {"maps": ""},
    "no code": {"codes": ""},
    "a code of joints": {"codes": "s"},
    "a code of frames": {"codes": "t"},
    "convolution without a code": {"codes": "", "temporal": "convolution"},
    "thirty joints": {"joints": 30},
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_other_configurations(case):
    options = {"layers": LAYERS} | CONFIGURATIONS[case]
    official = Official(**options).eval()
    network = laban.official.load("dsta-net", official.state_dict())
    shape = (2, 2, options.get("frames", 16), options.get("joints", 22), options.get("channels", 3))
    poses = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    poses[1, 1] = 0  # an absent person is averaged in
    with torch.no_grad():
        wanted = official(poses)
    assert error(network, poses, wanted) < 1e-5
    present = torch.ones(shape[:3], dtype=torch.bool)
    present[1, 1] = False
    with torch.no_grad():
        torch.testing.assert_close(network(poses, present), network(poses))


def test_options_tell_what_tensors_without_buffers_do_not():
    official = Official(layers=((8, 12, 4, 1), (12, 16, 4, 2)), codes="").eval()
    weights = {k: v for k, v in official.state_dict().items() if not k.endswith(("atts", "attt"))}
    network = laban.official.load(
        "dsta-net", weights, strides=(1, 2), position="none", skeleton=SKELETONS["hand-22"]
    )
    poses = torch.randn(1, 1, 16, 22, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert error(network, poses, official(poses)) < 1e-5


def test_it_trains_as_the_official_one():
    official = Official(layers=LAYERS)
    network = laban.official.load("dsta-net", official.state_dict()).train()
    assert isinstance(network, Classifier)
    poses = torch.randn(4, 1, 16, 22, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 3])
    losses = [F.cross_entropy(n(poses) / 1e3, labels) for n in (official, network)]
    torch.testing.assert_close(losses[0], losses[1], atol=1e-4, rtol=1e-4)
    for loss in losses:
        loss.backward()
    theirs = official.graph_layers[1].out_nett[0].weight.grad.flatten(1)
    ours = network.encoder.blocks[1].temporal.project.linear.weight.grad
    torch.testing.assert_close(ours, theirs, atol=1e-3 * theirs.abs().max().item(), rtol=1e-2)
    torch.testing.assert_close(
        network.encoder.blocks[1].temporal.project.norm.running_var,
        official.graph_layers[1].out_nett[1].running_var,
    )


def weights(**options):
    return Official(**({"layers": LAYERS} | options)).state_dict()


def refused(tensors, sentence, **options):
    with pytest.raises(LabanError, match=sentence) as caught:
        laban.official.load("dsta-net", tensors, **options)
    return str(caught.value)


@pytest.mark.parametrize("temporal", ["attention", "convolution"])
def test_every_missing_tensor_is_named(temporal):
    tensors = weights(temporal=temporal, maps="st")
    for name in tensors:
        if name.endswith((".pe", ".atts", ".attt", "num_batches_tracked")):
            continue
        sentence = refused({k: v for k, v in tensors.items() if k != name}, "missing")
        assert name in sentence, sentence


def test_all_missing_and_left_over_tensors_are_in_one_sentence():
    tensors = weights()
    del tensors["fc.bias"], tensors["graph_layers.1.downt1.0.weight"]
    tensors |= {"pretext.weight": torch.zeros(1), "graph_layers.0.extra": torch.zeros(1)}
    sentence = refused(tensors, "missing .*; left over ")
    for name in ("fc.bias", "graph_layers.1.downt1.0.weight", "pretext.weight", "layers.0.extra"):
        assert name in sentence


def test_wrong_shapes_are_named():
    tensors = weights()
    tensors["graph_layers.1.out_nets.0.weight"] = torch.zeros(24, 17, 1, 1)
    tensors["graph_layers.2.attention0s"] = torch.zeros(1, 3, 5, 5)
    sentence = refused(tensors, "shapes do not fit")
    assert "graph_layers.1.out_nets.0.weight [24, 17, 1, 1]" in sentence
    assert "graph_layers.2.attention0s [1, 3, 5, 5]" in sentence


@pytest.mark.parametrize("temporal", ["attention", "convolution"])
def test_every_tensor_without_its_axes_is_refused(temporal):
    tensors = weights(temporal=temporal)
    for name in tensors:
        if not name.endswith(("num_batches_tracked", "atts", "attt")):
            for wrong in (torch.zeros(()), torch.zeros(0)):
                refused(tensors | {name: wrong}, "shapes do not fit")


def test_options_that_disagree_with_tensors():
    refused(weights(), "strides say 2 for block 0", strides=(2, 2, 1))
    refused(weights(), "2 strides are given for 3 blocks", strides=(1, 2))
    stripped = {k: v for k, v in weights().items() if not k.endswith((".pe", "attt"))}
    refused(stripped, r"missing graph_layers.0.downs1.0.bias", strides=(2, 2, 1))
    refused(weights(), "unknown option of dsta-net 'stride': did you mean strides", stride=2)
    refused(weights(), "shapes do not fit", skeleton=SKELETONS["kinect-v1"])
    refused(
        {k: v for k, v in weights(maps="").items() if not k.endswith((".pe", "atts"))},
        "give skeleton",
    )


def test_unknown_networks_and_wrapped_checkpoints():
    with pytest.raises(LabanError, match="choose one of dsta-net"):
        laban.official.load("st-gcn-9000", {})
    with pytest.raises(LabanError, match="entry 'model' is no tensor"):
        laban.official.load("dsta-net", {"model": weights()})
    with pytest.raises(LabanError, match="missing .*input_map.0.weight"):
        laban.official.load("dsta-net", {})
