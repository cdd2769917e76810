"""ST-TR's official network, made again from the facts about it, names included."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import laban.official
from laban.errors import LabanError
from laban.skeletons import SKELETONS, Skeleton
from tests.test_official import error, filled, golden

KINECT = SKELETONS["kinect-v2"]
WITHOUT_HOME = ("num_batches_tracked",)


@pytest.mark.parametrize("name", ["st-tr-spatial", "st-tr-temporal"])
def test_golden_answer_of_st_tr(name):
    tensors, computed, poses, wanted = golden(name)
    assert error(laban.official.load(name, tensors), poses, wanted) < 1e-5
    bare = {f"module.{k}": v.double() for k, v in tensors.items() if k not in computed}
    assert error(laban.official.load(name, bare), poses, wanted) < 1e-5


def official_graph(skeleton):
    """(3, V, V), columns take from rows: itself, its parent, its children."""
    graph = torch.zeros(3, len(skeleton), len(skeleton))
    graph[0].fill_diagonal_(1)
    for parent, child in skeleton.bones:
        graph[1, parent, child] = graph[2, child, parent] = 1
    return graph / graph.sum(1, keepdim=True).clamp(min=1)


def joint_norm(norm, x):
    """(N, C, T, V) -> the same, statistics channel by channel, then joint."""
    n, c, t, v = x.shape
    return norm(x.transpose(2, 3).reshape(n, c * v, t)).view(n, c, v, t).transpose(2, 3)


def heads_attend(qkv, keys, heads):
    """(R, 2 K + D, L) -> (R, D, L): softmax attention in heads."""
    q, k, v = qkv.split((keys, keys, qkv.shape[1] - 2 * keys), 1)
    q, k, v = (z.unflatten(1, (heads, -1)) for z in (q, k, v))
    scores = torch.einsum("rhcl,rhcm->rhlm", q, k) / q.shape[2] ** 0.5
    return torch.einsum("rhlm,rhcm->rhcl", scores.softmax(-1), v).flatten(1, 2)


class Unit2D(nn.Module):
    def __init__(self, inputs, width, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, width, (kernel, 1), (stride, 1), (kernel // 2, 0))
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x):
        return self.bn(self.conv(x)).relu()


class GCN(nn.Module):
    def __init__(self, inputs, width, graph, *, masks=True):
        super().__init__()
        self.graph = graph
        self.conv_list = nn.ModuleList([nn.Conv2d(inputs, width, 1) for _ in range(3)])
        if masks:
            self.mask = nn.Parameter(torch.ones(graph.shape))
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x):
        graph = self.graph.to(x.dtype) * getattr(self, "mask", 1)
        return self.bn(sum(c(x @ a) for c, a in zip(self.conv_list, graph, strict=True))).relu()


class AGCN(nn.Module):
    """The skeleton's own graph is lost: 1e-6 everywhere."""

    def __init__(self, inputs, width, joints):
        super().__init__()
        self.PA = nn.Parameter(torch.ones(3, joints, joints))
        for letter, size in (("a", width // 4), ("b", width // 4), ("d", width)):
            convs = nn.ModuleList([nn.Conv2d(inputs, size, 1) for _ in range(3)])
            setattr(self, f"conv_{letter}", convs)
        if inputs != width:
            self.down = nn.Sequential(nn.Conv2d(inputs, width, 1), nn.BatchNorm2d(width))
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x):
        y = 0
        for k in range(3):
            a, b = self.conv_a[k](x), self.conv_b[k](x)
            scores = torch.einsum("nctv,nctu->nvu", a, b) / (a.shape[1] * a.shape[2])
            maps = scores.softmax(1) + self.PA[k] + 1e-6
            y = y + self.conv_d[k](torch.einsum("nctv,nvu->nctu", x, maps))
        return (self.bn(y) + (self.down(x) if hasattr(self, "down") else x)).relu()


class SSA(nn.Module):
    def __init__(self, inputs, width, graph, *, keys, values, heads, skips, norms):
        super().__init__()
        self.graph, self.keys, self.heads, self.norms = graph, keys, heads, norms
        self.skips = skips and inputs == width and values == width
        self.data_bn = nn.BatchNorm1d(inputs * graph.shape[1])
        self.bn = nn.BatchNorm2d(width)
        if values < width:
            convs = [nn.Conv2d(inputs, width - values, 1) for _ in range(3)]
            self.g_convolutions = nn.ModuleList(convs)
        self.attention_conv = nn.Module()
        self.attention_conv.qkv_conv = nn.Conv2d(inputs, 2 * keys + values, 1)
        self.attention_conv.attn_out = nn.Conv2d(values, values, 1)

    def forward(self, x):
        n, _, t, v = x.shape
        y = joint_norm(self.data_bn, x) if self.norms else x
        qkv = self.attention_conv.qkv_conv(y).transpose(1, 2).reshape(n * t, -1, v)
        found = heads_attend(qkv, self.keys, self.heads).view(n, t, -1, v).transpose(1, 2)
        found = self.attention_conv.attn_out(found)
        if hasattr(self, "g_convolutions"):
            graph = self.graph.to(x.dtype)
            beside = sum(c(y @ a) for c, a in zip(self.g_convolutions, graph, strict=True))
            found = torch.cat((beside, found), 1)
        return self.bn(found + x if self.skips else found).relu()


class TSA(nn.Module):
    def __init__(self, width, joints, *, stride, window, keys, values, heads, skips, norms):
        super().__init__()
        self.keys, self.heads, self.window, self.skips = keys, heads, window, skips
        self.bn = nn.BatchNorm2d(width)
        if stride > 1:
            self.down = Unit2D(width, width, 1, stride)
        if norms:
            self.data_bn = nn.BatchNorm1d(width * joints)
        if values < width:
            self.tcn_conv = Unit2D(width, width - values, 9, stride)
        kernel = stride if joints % 2 else 1
        self.qkv_conv = nn.Conv2d(width, 2 * keys + values, (1, kernel), (1, stride))
        self.attn_out = nn.Conv2d(values, values, 1)

    def forward(self, x):
        n, _, _, v = x.shape
        y = joint_norm(self.data_bn, x) if hasattr(self, "data_bn") else x
        y = y.permute(0, 3, 1, 2).flatten(0, 1)[:, :, None]
        qkv = self.qkv_conv(y)[:, :, 0]
        windows = qkv.split(self.window or qkv.shape[2], 2)
        found = torch.cat([heads_attend(w, self.keys, self.heads) for w in windows], 2)
        found = self.attn_out(found[:, :, None])[:, :, 0]
        found = found.view(n, v, -1, found.shape[-1]).permute(0, 2, 3, 1)
        if hasattr(self, "tcn_conv"):
            found = torch.cat((self.tcn_conv(x), found), 1)
        if self.skips:  # where it does not, its layer is there all the same
            found = found + (self.down(x) if hasattr(self, "down") else x)
        return self.bn(found).relu()


class Backbone(nn.Module):
    def __init__(self, inputs, width, stride, kinds, graph, options, window=None):
        super().__init__()
        augment = {"s": width, "t": width} | {k: width // 4 for k in options["augment"]}
        attention = {"keys": width // 4, "heads": options["heads"]}
        attention |= {"skips": options["skip_conn"], "norms": options["data_normalization"]}
        if "s" in kinds:
            self.gcn1 = SSA(inputs, width, graph, values=augment["s"], **attention)
        elif options["agcn"]:
            self.gcn1 = AGCN(inputs, width, graph.shape[1])
        else:
            self.gcn1 = GCN(inputs, width, graph, masks=options["masks"])
        if "t" in kinds:
            attention |= {"stride": stride, "window": window}
            self.tcn1 = TSA(width, graph.shape[1], values=augment["t"], **attention)
        else:
            self.tcn1 = Unit2D(width, width, 9, stride)
        if inputs != width or stride != 1:
            self.down1 = Unit2D(inputs, width, 1, stride)

    def forward(self, x):
        return self.tcn1(self.gcn1(x)) + (self.down1(x) if hasattr(self, "down1") else x)


OPTIONS = {
    "kinds": "s",
    "widths": (8, 8, 8, 16, 16, 32, 32),
    "channels": 3,
    "persons": 2,
    "skeleton": KINECT,
    "heads": 2,
    "everywhere": False,
    "augment": "",
    "agcn": False,
    "masks": True,
    "concat": True,
    "skip_conn": True,
    "data_normalization": True,
    "use_data_bn": True,
    "classes": 5,
    "frames": 12,
}


class Official(nn.Module):
    def __init__(self, **options):
        super().__init__()
        options = OPTIONS | options
        self.options, widths, skeleton = options, options["widths"], options["skeleton"]
        graph, channels, joints = official_graph(skeleton), options["channels"], len(skeleton)
        self.data_bn = nn.BatchNorm1d(options["persons"] * joints * channels)
        self.backbone, inputs = nn.ModuleList(), widths[0]
        if options["everywhere"]:
            inputs = channels
        elif options["agcn"]:
            self.gcn0 = AGCN(channels, inputs, joints)
        else:
            self.gcn0 = GCN(channels, inputs, graph, masks=options["masks"])
        if not options["everywhere"]:
            self.tcn0 = Unit2D(inputs, inputs, 9)
        for number, width in enumerate(widths):
            before = widths[max(number - 1, 0)]
            attends = options["everywhere"] or width > widths[0]
            unit = Backbone(
                inputs + channels * (number == 3 and options["concat"]),
                width,
                2 if width > before else 1,
                options["kinds"] if attends else "",
                graph,
                options,
                4 if options["everywhere"] and width == widths[0] else None,
            )
            self.backbone.append(unit)
            inputs = width
        self.person_bn = nn.BatchNorm1d(width)
        self.fcn = nn.Conv1d(width, options["classes"], 1)
        for index, (name, tensor) in enumerate(self.state_dict().items()):
            if not name.endswith(WITHOUT_HOME):
                value = filled(name, tuple(tensor.shape), index)
                tensor.copy_(torch.from_numpy(np.asarray(value)))

    def forward(self, poses):
        b, m, t, v, c = poses.shape
        x = poses.permute(0, 1, 3, 4, 2).reshape(b, -1, t)
        x = self.data_bn(x) if self.options["use_data_bn"] else x
        x = x.view(b * m, v, c, t).permute(0, 2, 3, 1)
        raw = poses.permute(0, 1, 4, 2, 3).flatten(0, 1)
        if hasattr(self, "gcn0"):
            x = self.tcn0(self.gcn0(x))
        for number, unit in enumerate(self.backbone):
            joined = number == 3 and self.options["concat"]
            x = unit(torch.cat((x, raw), 1) if joined else x)
        return self.fcn(x.mean((2, 3)).view(b, m, -1).mean(1)[..., None])[..., 0]


EVERYWHERE = {"everywhere": True, "widths": (8, 8, 8, 8, 16, 16)}
CONFIGURATIONS = {
    "S-TR": {},
    "T-TR": {"kinds": "t"},
    "both in one stream": {"kinds": "st"},
    "S-TR, joint and bone, wider": {"channels": 6, "widths": (16, 16, 16, 32, 32)},
    "T-TR, joint and bone, wider": {"kinds": "t", "channels": 6, "widths": (16, 16, 16, 32, 32)},
    "S-TR without the poses again": {"concat": False},
    "T-TR without the poses again": {"kinds": "t", "concat": False},
    "S-TR beside convolution": {"augment": "s", "heads": 2},
    "T-TR beside convolution": {"kinds": "t", "augment": "t"},
    "S-TR in all layers": EVERYWHERE,
    "T-TR in all layers": EVERYWHERE | {"kinds": "t"},
    "both in all layers beside convolution": EVERYWHERE | {"kinds": "st", "augment": "st"},
    "S-TR, adaptive": {"agcn": True},
    "T-TR, adaptive": {"kinds": "t", "agcn": True},
    "S-TR, adaptive, beside convolution": {"agcn": True, "augment": "s"},
    "S-TR, fixed graph": {"masks": False},
    "T-TR, fixed graph": {"kinds": "t", "masks": False},
    "S-TR, an even number of joints": {"skeleton": SKELETONS["hand-22"]},
    "T-TR, an even number of joints": {"kinds": "t", "skeleton": SKELETONS["hand-22"]},
    "S-TR, one person, 4 heads": {"persons": 1, "heads": 4},
    "T-TR, three persons": {"kinds": "t", "persons": 3},
    "S-TR, shallow": {"widths": (8, 16)},
    "both, over joints beside convolution": {"kinds": "st", "augment": "s"},
    "both, over frames beside convolution": {"kinds": "st", "augment": "t"},
    "S-TR without residuals": {"skip_conn": False},
    "T-TR without residuals": {"kinds": "t", "skip_conn": False},
    "S-TR without normalisation": {"data_normalization": False},
    "T-TR without normalisation": {"kinds": "t", "data_normalization": False},
    "both without normalisation or residuals": {
        "kinds": "st",
        "data_normalization": False,
        "skip_conn": False,
    },
    "S-TR, poses as they are": {"use_data_bn": False},
}


def name_of(options):
    return f"st-tr-{'spatial' if 's' in options.get('kinds', 's') else 'temporal'}"


def load(official, **more):
    options = official.options
    if options["everywhere"] and "t" in options["kinds"]:
        more["window"] = 4
    flags = {key: options[key] for key in ("skip_conn", "use_data_bn") if not options[key]}
    if "s" in options["kinds"] and not options["data_normalization"]:
        flags["data_normalization"] = False
    more = flags | more
    # The graph of the re-made network where attention augments and the graph is adaptive.
    return laban.official.load(
        name_of(options), official.state_dict(), heads=options["heads"], **more
    )


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_other_configurations(case):
    official = Official(**CONFIGURATIONS[case]).eval()
    options = official.options
    if options["agcn"]:  # the official class loses the graph of the convolution beside, too
        for unit in official.backbone:
            if isinstance(unit.gcn1, SSA):
                unit.gcn1.graph = torch.full_like(unit.gcn1.graph, 1e-6)
    joints, frames = len(options["skeleton"]), options["frames"]
    poses = torch.randn(2, options["persons"], frames, joints, options["channels"])
    poses[1, -1] = 0
    network = load(official)
    with torch.no_grad():
        wanted = official(poses)
        assert error(network, poses, wanted) < 1e-5
        present = torch.ones(poses.shape[:3], dtype=torch.bool)
        present[1, -1] = False
        torch.testing.assert_close(network(poses, present), network(poses))


@pytest.mark.parametrize("kinds", ["s", "t", "st"])
def test_it_trains_as_the_official_one(kinds):
    # In double precision: rounding grows through the small batch's normalisations.
    official = Official(kinds=kinds).double().train()
    network = load(official, dropout=0.0, drop_attention=0.0).double().train()
    poses = torch.randn(4, 2, 12, 25, 3, dtype=torch.float64)
    outputs = [model(poses) for model in (official, network)]
    torch.testing.assert_close(*outputs)
    for output in outputs:
        F.cross_entropy(output, torch.arange(4)).backward()
    torch.testing.assert_close(
        network.encoder.layers[2].spatial.importance.grad, official.backbone[1].gcn1.mask.grad.mT
    )
    part, place = ("gcn1", "spatial") if kinds == "s" else ("tcn1", "temporal")
    theirs = getattr(official.backbone[4], part).data_bn
    ours = getattr(network.encoder.layers[5], place).before.norm
    for end in ("running_mean", "running_var"):
        wanted = getattr(theirs, end).view(-1, 25).T.flatten()
        torch.testing.assert_close(getattr(ours, end), wanted)


def refused(tensors, sentence, name="st-tr-spatial", **options):
    with pytest.raises(LabanError, match=sentence) as caught:
        laban.official.load(name, tensors, **({"heads": 2} | options))
    return str(caught.value)


@pytest.mark.parametrize(
    "case",
    [
        "S-TR",
        "T-TR",
        "both in all layers beside convolution",
        "T-TR, adaptive",
        "S-TR, fixed graph",
    ],
)
def test_every_missing_tensor_is_named(case):
    official = Official(**CONFIGURATIONS[case])
    tensors, name = official.state_dict(), name_of(official.options)
    for key in tensors:
        if not key.endswith(WITHOUT_HOME):
            left = {k: v for k, v in tensors.items() if k != key}
            sentence = refused(left, "missing", name, window=None)
            assert key in sentence, sentence
    more = tensors | {"backbone.0.extra": torch.zeros(1)}
    assert "left over backbone.0.extra" in refused(more, "left over", name)
    refused({}, "missing .*fcn.weight", name)


@pytest.mark.parametrize("case", ["S-TR", "T-TR", "T-TR, adaptive"])
def test_every_wrong_shape_is_refused(case):
    official = Official(**CONFIGURATIONS[case], widths=(8, 16))
    tensors, name = official.state_dict(), name_of(official.options)
    for key, tensor in tensors.items():
        if key.endswith(WITHOUT_HOME) or key.startswith("fcn"):
            continue
        for wrong in (torch.zeros(()), torch.cat((tensor, tensor))):
            refused(tensors | {key: wrong}, "st-tr", name)


def test_options_that_disagree_with_tensors():
    spatial, temporal = Official().state_dict(), Official(kinds="t").state_dict()
    refused(temporal, "no attention over joints")
    refused(spatial, "no attention over frames", "st-tr-temporal")
    refused(spatial, "2 strides are given for 7 layers", strides=(1, 2))
    refused(spatial, "missing backbone.1.down1", strides=(1, 2, 1, 2, 1, 2, 1))
    refused(temporal, "left over backbone.3.tcn1.down", "st-tr-temporal", strides=(1,) * 7)
    refused(spatial, "do not fit 3 heads", heads=3)
    refused(spatial, "window is given", window=10)
    said = "data_normalization is given as {}, but these tensors say {}"
    flag = {"name": "st-tr-temporal", "data_normalization": False}
    refused(temporal, said.format(False, True), **flag)
    bare = Official(kinds="t", data_normalization=False).state_dict()
    refused(bare, said.format(True, False), **(flag | {"data_normalization": True}))
    refused(spatial, "unknown option of st-tr-spatial 'head'", head=3)
    refused(spatial, "shapes do not fit", skeleton=SKELETONS["hand-22"])
    everywhere = Official(**EVERYWHERE, kinds="t").state_dict()
    refused(everywhere, "has 8 channels: give window", "st-tr-temporal")
    chain = Skeleton("chain", tuple("abcdefg"), (0, 0, 1, 2, 3, 4, 5))
    tensors = Official(skeleton=chain).state_dict()
    refused(tensors, "no built-in layout has 7 joints: give skeleton")
    poses = torch.randn(1, 2, 12, 7, 3)
    network = laban.official.load("st-tr-spatial", tensors, heads=2, skeleton=chain)
    with torch.no_grad():
        assert error(network, poses, Official(skeleton=chain).eval()(poses)) < 1e-5
