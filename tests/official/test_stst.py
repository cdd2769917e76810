import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import laban.official
from laban.errors import LabanError
from laban.skeletons import SKELETONS
from tests.test_official import error, filled, golden


def test_golden_answer_of_stst():
    tensors, computed, poses, wanted = golden("stst")
    assert error(laban.official.load("stst", tensors), poses, wanted) < 1e-5
    assert error(laban.official.load("stst", tensors).double(), poses.double(), wanted) < 1e-6
    # What was saved without buffers and without the heads of the pretext tasks, in DataParallel.
    kept = {k: v for k, v in tensors.items() if k not in computed and k[:4] not in ("SSL_", "siml")}
    bare = {f"module.{k}": v.double() for k, v in kept.items()}
    assert error(laban.official.load("stst", bare), poses, wanted) < 1e-5


def test_sizes_are_those_of_the_official_tensors():
    tensors, computed, _, _ = golden("stst")
    network = laban.official.load("stst", tensors)
    official = sum(
        v.numel()
        for k, v in tensors.items()
        if k not in computed and "running" not in k and not k.startswith(("SSL_", "simloss"))
    )
    assert sum(p.numel() for p in network.parameters()) == official == 2_804_552


# A network of the official layers on (N, C, T, V), from the facts about them, names included. Maps
# have keys as rows: column v of a map says what joint v takes.


def conv_norm(inputs, outputs, stride=1, kernel=1):
    conv = nn.Conv2d(inputs, outputs, (kernel, 1), (stride, 1), (kernel // 2, 0))
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


def mixed(rows, columns, values, way, weigh):
    """One head by loops: rows, columns (E, R, L), values (C, R, L) -> (C, R, L).

    The way says whether repetitions have their own map (free), share one of their mean embedding
    (context) or one of their mean score (avg); weigh turns scores (L, L) into a map.
    """
    size, repetitions, _ = rows.shape
    if way == "free":
        maps = [weigh(rows[:, r].T @ columns[:, r] / size) for r in range(repetitions)]
    elif way == "avg":
        scores = sum(rows[:, r].T @ columns[:, r] for r in range(repetitions))
        maps = [weigh(scores / (size * repetitions))] * repetitions
    else:
        maps = [weigh(rows.mean(1).T @ columns.mean(1) / size)] * repetitions
    return torch.stack([values[:, r] @ maps[r] for r in range(repetitions)], 1)


class OfficialBlock(nn.Module):
    def __init__(self, inputs, width, size, stride, *, frames, joints, kind):
        super().__init__()
        self.kind, self.size = kind, size
        space, time = kind["heads"]
        serial = width if not kind["parallel"] else inputs
        self.alphas = nn.Parameter(torch.ones(1, space, 1, 1))
        if kind["shared"]:
            self.attention0s = nn.Parameter(torch.ones(1, space, joints, joints))
        if kind["directed"]:
            self.alphat_b = nn.Parameter(torch.ones(1, time, 1, 1))
            self.alphat_f = nn.Parameter(torch.ones(1, time, 1, 1))
        else:
            self.alphat = nn.Parameter(torch.ones(1, 2 * time, 1, 1))
        self.register_buffer("backward_mask", torch.ones(frames, frames).triu())
        self.register_buffer("atts", torch.zeros(1, space, joints, joints))
        self.in_nets = nn.Conv2d(inputs, 2 * space * size, 1)
        self.out_nets, self.ff_nets = conv_norm(space * inputs, width), conv_norm(width, width)
        self.in_nett = nn.Conv2d(serial, 4 * time * size, 1)
        self.out_nett = conv_norm(2 * time * serial, width)
        self.ff_nett = conv_norm(width, width, stride)
        if kind["TCN"]:
            self.out_nett_extend = conv_norm(width, width, stride, 7)
        if inputs != width or stride != 1:
            self.downs1, self.downs2 = conv_norm(inputs, width), conv_norm(inputs, width)
            self.downt1, self.downt2 = conv_norm(serial, width), conv_norm(serial, width, stride)
            if kind["TCN"]:
                self.downtTCN = conv_norm(width, width, stride)

    def down(self, name, x):
        return getattr(self, name)(x) if hasattr(self, name) else x

    def space(self, x):
        """What the spatial branch has before its last residual, clip by clip and head by head."""
        heads, found = self.kind["heads"][0], []
        for clip, embedded in zip(x, self.in_nets(x), strict=True):
            query, key = embedded.view(2, heads, self.size, *x.shape[2:])
            for h in range(heads):
                shared = self.attention0s[0, h] if self.kind["shared"] else 0
                weigh = lambda s, h=h, g=shared: torch.tanh(s) * self.alphas[0, h] + g  # noqa: E731
                found.append(mixed(query[h], key[h], clip, self.kind["S_atten"], weigh))
        y = torch.stack(found).view(len(x), -1, *x.shape[2:])
        y = F.leaky_relu(self.down("downs1", x) + self.out_nets(y), 0.1)
        return self.ff_nets(y)

    def time(self, x, fed):
        """The temporal branch: forward heads, then backward ones; or all of them undirected."""
        time, directed = self.kind["heads"][1], self.kind["directed"]
        values, found = x if directed else fed, []
        for clip, embedded in zip(values, self.in_nett(x), strict=True):
            query, key = embedded.view(2, 2 * time, self.size, *x.shape[2:]).transpose(-1, -2)
            for h in range(2 * time):
                if directed:
                    alpha = (self.alphat_f if h < time else self.alphat_b)[0, h % time]
                    mask = self.backward_mask.T if h < time else self.backward_mask
                else:
                    alpha, mask = self.alphat[0, h], 1
                weigh = lambda s, a=alpha, m=mask: torch.tanh(s) * a * m  # noqa: E731
                way, by_frame = self.kind["T_atten"], clip.transpose(-1, -2)
                found.append(mixed(query[h], key[h], by_frame, way, weigh).transpose(-1, -2))
        z = torch.stack(found).view(len(x), -1, *x.shape[2:])
        z = F.leaky_relu(self.down("downt1", x) + self.out_nett(z), 0.1)
        return F.leaky_relu(self.down("downt2", x) + self.ff_nett(z), 0.1)

    def forward(self, x):
        fed = self.space(x)
        space = F.leaky_relu(self.down("downs2", x) + fed, 0.1)
        time = self.time(x if self.kind["parallel"] else space, fed)
        z = space + time if self.kind["parallel"] else time
        if self.kind["TCN"]:
            z = F.leaky_relu(self.down("downtTCN", z) + self.out_nett_extend(z), 0.1)
        return z


class Tokens(nn.Module):
    """Holds a tensor under the name of an official position code."""

    def __init__(self, **tensors):
        super().__init__()
        for name, tensor in tensors.items():
            if name == "PE":
                self.PE = nn.Parameter(tensor)
            else:
                self.register_buffer(name, tensor)


KIND = {"heads": (3, 2), "S_atten": "free", "T_atten": "context_new", "parallel": True}
KIND |= {"directed": True, "TCN": True, "shared": True, "use_pet": True, "use_pes": True}
LAYERS = ((16, 16, 4, 1), (16, 24, 8, 1))


class Official(nn.Module):
    def __init__(self, *, layers=LAYERS, channels=3, frames=9, joints=22, classes=5, **kind):
        super().__init__()
        kind = KIND | kind
        stem = layers[0][0]
        self.input_map = conv_norm(channels, stem)
        if kind["use_pet"]:
            angles = torch.arange(frames)[:, None] / 10000 ** (torch.arange(0, stem, 2) / stem)
            code = torch.stack((angles.sin(), angles.cos()), -1).flatten(1)
            self.pet = Tokens(pe=code.T[None, :, :, None].expand(1, stem, frames, joints).clone())
        if kind["use_pes"]:
            self.pes = Tokens(PE=torch.zeros(stem, joints))
        self.graph_layers = nn.ModuleList()
        for inputs, width, size, stride in layers:
            some = {"frames": frames, "joints": joints, "kind": kind}
            self.graph_layers.append(OfficialBlock(inputs, width, size, stride, **some))
            frames = int(frames / stride + 0.5)
        self.fc = nn.Linear(width, classes)
        self.SSL_JointP = nn.Sequential(nn.Linear(width, joints))
        self.register_buffer("mask_loss_init", torch.zeros(1))
        for index, (name, tensor) in enumerate(self.state_dict().items()):
            if not name.endswith((".pe", ".atts", "backward_mask", "tracked", "loss_init")):
                value = filled(name, tuple(tensor.shape), index)
                tensor.copy_(torch.from_numpy(np.asarray(value)))

    def forward(self, poses):
        b, persons = poses.shape[:2]
        x = F.leaky_relu(self.input_map(poses.permute(0, 1, 4, 2, 3).flatten(0, 1)), 0.1)
        x = x + self.pes.PE[None, :, None] if hasattr(self, "pes") else x
        x = x + self.pet.pe if hasattr(self, "pet") else x
        for block in self.graph_layers:
            x = block(x)
        return self.fc(x.mean((2, 3)).view(b, persons, -1).mean(1))


SERIAL, UNDIRECTED = {"parallel": False}, {"parallel": False, "directed": False}
NO_TCN, EQUAL = {"TCN": False}, ((16, 16, 4, 1), (16, 16, 5, 1))
CONFIGURATIONS = {
    "shipped": {},
    "context over frames": {"S_atten": "context"},
    "context, newly": {"S_atten": "context_new", "T_atten": "context"},
    "averaged scores": {"S_atten": "avg", "T_atten": "avg"},
    # The official code runs with a map a joint where there is one head a direction only.
    "a map a joint": {"T_atten": "free", "heads": (3, 1)},
    "averaged scores, undirected": {"T_atten": "avg"} | UNDIRECTED,
    "undirected": UNDIRECTED | {"layers": ((8, 16, 4, 1), (16, 24, 5, 1))},
    "undirected, parallel": {"directed": False, "layers": EQUAL},
    "serial": SERIAL,
    "serial without a change of width": SERIAL | {"layers": EQUAL},
    "parallel without a change of width": {"layers": EQUAL},
    "no convolution": NO_TCN,
    "serial, no convolution": SERIAL | NO_TCN,
    "strides": SERIAL | NO_TCN | {"layers": ((16, 16, 4, 2), (16, 24, 4, 2), (24, 24, 4, 1))},
    "the last stride": SERIAL | NO_TCN | {"layers": ((16, 24, 4, 1), (24, 24, 4, 2))},
    "two strides a block": UNDIRECTED | {"layers": ((16, 16, 4, 2), (16, 24, 4, 1))},
    "no shared map": {"shared": False},
    "no semantic tokens": {"use_pes": False},
    "no temporal code": {"use_pet": False},
    "neither": {"use_pes": False, "use_pet": False},
    "other heads": {"heads": (2, 3)},
    "other heads, undirected": UNDIRECTED | {"heads": (1, 4)},
    "other sizes": {"channels": 6, "joints": 30, "classes": 11, "frames": 14},
    "a narrow stem, one block": {"layers": ((8, 20, 3, 1),)},
}


def loaded(case, tensors, **more):
    told = {word: case[word] for word in ("S_atten", "T_atten") if word in case}
    if case.get("layers") == EQUAL:  # where the widths do not tell
        told["parallel"] = case.get("parallel", True)
    return laban.official.load("stst", tensors, **told | more)


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_other_configurations(case):
    options = CONFIGURATIONS[case]
    official = Official(**options).eval()
    network = loaded(options, official.state_dict())
    shape = (2, 2, options.get("frames", 9), options.get("joints", 22), options.get("channels", 3))
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
    case = SERIAL | NO_TCN | {"layers": ((16, 24, 4, 2), (24, 24, 4, 1)), "use_pet": False}
    official = Official(**case).eval()
    tensors = {k: v for k, v in official.state_dict().items() if not k.endswith(("mask", "atts"))}
    network = loaded(case, tensors, strides=(2, 1), use_pet=False, directed=True, TCN=False)
    poses = torch.randn(1, 1, 9, 22, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert error(network, poses, official(poses)) < 1e-5


def test_it_trains_as_the_official_one():
    official = Official()
    network = laban.official.load("stst", official.state_dict()).train()
    poses = torch.randn(4, 1, 9, 22, 3, generator=torch.Generator().manual_seed(0))
    losses = [F.cross_entropy(n(poses) / 1e2, torch.arange(4)) for n in (official, network)]
    torch.testing.assert_close(losses[0], losses[1], atol=1e-4, rtol=1e-4)
    for loss in losses:
        loss.backward()
    theirs, ours = official.graph_layers[0], network.encoder.blocks[0]
    embedded = ours.temporal.maps.embed.weight.grad
    for one, other in (
        (theirs.in_nett.weight.grad.flatten(1).chunk(4)[0], embedded.chunk(4)[3]),
        (theirs.alphat_b.grad.flatten(), ours.temporal.maps.alpha.grad[:2]),
        (official.pes.PE.grad.T, network.encoder.tokens.semantic.grad),
    ):
        torch.testing.assert_close(other, one, atol=1e-3 * one.abs().max().item(), rtol=1e-2)


def weights(**options):
    return Official(**options).state_dict()


def refused(tensors, sentence, **options):
    with pytest.raises(LabanError, match=sentence) as caught:
        laban.official.load("stst", tensors, **options)
    return str(caught.value)


@pytest.mark.parametrize("options", [{}, UNDIRECTED | NO_TCN])
def test_every_missing_tensor_is_named(options):
    tensors = weights(**options)
    for name in tensors:
        optional = name == "pes.PE" or name.startswith("SSL_")
        if not optional and not name.endswith((".pe", ".atts", "_mask", "tracked", "loss_init")):
            rest = {k: v for k, v in tensors.items() if k != name}
            assert name in refused(rest, "missing"), name


def test_left_over_tensors_are_named():
    tensors = weights() | {"pretext.weight": torch.zeros(1), "graph_layers.1.alphat": torch.ones(1)}
    sentence = refused(tensors, "left over")
    assert "pretext.weight" in sentence and "graph_layers.1.alphat" in sentence


def test_wrong_shapes_are_named():
    tensors = weights()
    tensors["graph_layers.1.out_nett.0.weight"] = torch.zeros(24, 17, 1, 1)
    tensors["graph_layers.1.alphat_b"] = torch.zeros(1, 5, 1, 1)
    tensors["pes.PE"] = torch.zeros(16, 5)
    sentence = refused(tensors, "shapes do not fit")
    for name in ("graph_layers.1.out_nett.0.weight [24, 17, 1, 1]", "layers.1.alphat", "pes.PE"):
        assert name in sentence


@pytest.mark.parametrize("options", [{}, UNDIRECTED | NO_TCN])
def test_every_tensor_without_its_axes_is_refused(options):
    tensors = weights(**options)
    for name in tensors:
        unseen = name.startswith(("SSL", "mask_loss", "pet."))
        if not unseen and not name.endswith(("num_batches_tracked", "atts", "mask")):
            for wrong in (torch.zeros(()), torch.zeros(0)):
                refused(tensors | {name: wrong}, "shapes do not fit")


def test_options_that_disagree_with_tensors():
    refused(weights(), "strides say 2 for block 0", strides=(2, 1))
    refused(weights(), "parallel is given as False, but these tensors say True", parallel=False)
    refused(weights(**SERIAL), "parallel is given as True", parallel=True)
    refused(weights(), "directed is given as False", directed=False)
    refused(weights(**NO_TCN), "TCN is given as True", TCN=True)
    refused(weights(use_pet=False), "use_pet is given as True", use_pet=True)
    refused(
        weights(), "unknown S_atten of the official stst 'fre': did you mean free", S_atten="fre"
    )
    refused(weights(), "shapes do not fit", skeleton=SKELETONS["kinect-v1"])
    refused({}, "missing .*input_map.0.weight")
    tensors = weights(shared=False, use_pes=False)
    bare = {k: v for k, v in tensors.items() if "atts" not in k and "SSL" not in k}
    refused(bare, "give skeleton")
