import json
from pathlib import Path

import numpy as np
import pytest
import torch

from laban.encoders import STR, STTR1S, TTR
from laban.encoders.st_tr import LAYERS
from laban.errors import LabanError
from laban.nn import Classifier, directed_partition, masked_mean
from laban.skeletons import SKELETONS

KINECT = SKELETONS["kinect-v2"]
DOUBLED = tuple((2 * width, stride, kind) for width, stride, kind in LAYERS)
SMALL = {
    "layers": ((8, 1, "convolution"), (8, 1, "convolution"), (16, 2, "attention")),
    "heads": 2,
    "poses_at": 2,
    "dropout": 0.0,
    "drop_attention": 0.0,
}


def size(module):
    return sum(p.numel() for p in module.parameters())


def close(got, wanted):
    scale = max(1.0, float(wanted.detach().abs().max()))
    torch.testing.assert_close(got, wanted, atol=2e-5 * scale, rtol=1e-4)


def shaken(module):
    for norm in module.modules():
        if hasattr(norm, "running_var"):
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 1.5)
    return module


def test_table_1b_parameters_of_each_module_at_256_channels():
    """In 10^4: GCN 19.9, SSA 17.8, TCN 59.0, TSA 17.7, where values are as wide as the output."""
    spatial, temporal = STR(KINECT).layers[9], TTR(KINECT).layers[9]
    counts = {
        "GCN": size(temporal.spatial) - size(temporal.spatial.conv.norm),
        "SSA": size(spatial.spatial),
        "TCN": size(spatial.temporal.conv.conv),
        "TSA": size(temporal.temporal) - size(temporal.temporal.norm),
    }
    assert counts == {"GCN": 199_251, "SSA": 177_792, "TCN": 590_080, "TSA": 177_280}


@pytest.mark.parametrize(("name", "encoder"), [("st-tr-spatial", STR), ("st-tr-temporal", TTR)])
def test_size_is_that_of_the_official_tensors(name, encoder):
    file = np.load(Path(__file__).parents[1] / "golden" / f"{name}.npz")
    official = sum(
        int(np.prod(entry["shape"]))
        for entry in json.loads(bytes(file["tensors"]))
        if not entry["computed"] and "running" not in entry["name"]
    )
    unused = 2 * 256  # the official normalisation of persons, which nothing uses
    assert size(Classifier(encoder(KINECT, persons=2), 60)) == official - unused


@pytest.mark.parametrize(
    ("encoder", "options", "millions"),
    [
        (STR, {}, 3.08),
        (TTR, {}, 1.77),
        (TTR, {"graph": "adaptive"}, 2.14),
        (STR, {"channels": 6, "layers": DOUBLED}, 12.13),
        (TTR, {"channels": 6, "layers": DOUBLED}, 6.84),
    ],
)
def test_sizes_of_the_published_networks(encoder, options, millions):
    network = Classifier(encoder(KINECT, persons=2, **options), 60)
    assert size(network) / 1e6 == pytest.approx(millions, abs=0.006)


def plain_norm(norm, z):
    return (z - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias


def plain_joints(norm, x):
    """(T, V, C): statistics of each joint and channel."""
    return plain_norm(norm.norm, x.flatten(1)).view(x.shape)


def plain_linear(layer, z):
    return plain_norm(layer.norm, layer.linear(z)).relu()


def plain_conv(layer, x, stride):
    """A convolution over 9 frames, (T, V, C) -> (T', V, C')."""
    weight, frames = layer.conv.weight[..., 0], len(x)
    y = []
    for t in range(0, frames, stride):
        near = [d for d in range(9) if 0 <= t + d - 4 < frames]
        y.append(sum(x[t + d - 4] @ weight[..., d].T for d in near) + layer.conv.bias)
    return plain_norm(layer.norm, torch.stack(y)).relu()


def plain_graph(part, x):
    conv, y = part.conv.conv, 0
    for k, maps in enumerate(directed_partition(KINECT) * part.importance):
        y = y + torch.einsum("wv,tvc->twc", maps, x) @ conv.weight[:, k].T + conv.bias[k]
    return plain_norm(part.conv.norm, y).relu()


def plain_attention(attention, x, heads=2):
    """Eq. 1: the elements are rows of x (L, C), values as wide as the output."""
    both, width = attention.embed(x), attention.out.out_features
    keys = (both.shape[1] - width) // 2
    q, k, v = both.split((keys, keys, width), 1)
    found = []
    for h in range(heads):
        own = slice(h * keys // heads, (h + 1) * keys // heads)
        scores = q[:, own] @ k[:, own].T / (keys // heads) ** 0.5
        found.append(scores.softmax(-1) @ v[:, h * width // heads : (h + 1) * width // heads])
    return attention.out(torch.cat(found, 1))


def plain(encoder, poses):
    """One person in evaluation, from the equations: (T, V, C) -> (T', V, C')."""
    x = plain_joints(encoder.norm.norm, poses)
    for number, layer in enumerate(encoder.layers):
        x = torch.cat((x, poses), -1) if number == encoder.poses_at else x
        part = layer.spatial
        if hasattr(part, "attention"):
            z = plain_joints(part.before, x)
            y = torch.stack([plain_attention(part.attention, frame) for frame in z])
            y = plain_norm(part.norm, y + x if x.shape == y.shape else y).relu()
        else:
            y = plain_graph(part, x)
        part = layer.temporal
        if hasattr(part, "attention"):
            z = plain_joints(part.before, y)
            if layer.stride > 1:
                z = torch.cat([z[s :: layer.stride] for s in range(layer.stride)], -1)
            z = torch.stack([plain_attention(part.attention, z[:, v]) for v in range(25)], 1)
            z = z + (
                y if part.shortcut is None else plain_linear(part.shortcut, y[:: layer.stride])
            )
            y = plain_norm(part.norm, z).relu()
        else:
            y = plain_conv(part.conv, y, layer.stride)
        if layer.shortcut is not None:
            y = y + plain_linear(layer.shortcut, x[:: layer.stride])
        elif number > 0:
            y = y + x
        x = y
    return x


@pytest.mark.parametrize("encoder", [STR, TTR, STTR1S])
def test_network_follows_its_equations(encoder):
    layers = (*SMALL["layers"], (16, 1, "attention"))
    network = shaken(encoder(KINECT, **SMALL | {"layers": layers})).eval()
    poses = torch.randn(1, 1, 8, 25, 3)
    close(network(poses).values[0, 0], plain(network, poses[0, 0]))


@pytest.mark.parametrize("encoder", [TTR, STTR1S])
def test_windows_see_nothing_of_each_other(encoder):
    layers = ((16, 1, 4), (16, 1, 4))
    network = shaken(encoder(KINECT, **SMALL | {"layers": layers, "poses_at": None})).eval()
    for layer in network.layers if encoder is TTR else []:
        assert layer.temporal.window == 4
    poses = torch.randn(1, 1, 10, 25, 3)
    parts = [network(part).values for part in poses.split(4, 2)]
    close(network(poses).values, torch.cat(parts, 2))


def test_an_odd_number_of_frames_loses_none_to_the_stride():
    network = shaken(TTR(KINECT, **SMALL)).eval()
    poses, present = torch.randn(1, 1, 8, 25, 3), torch.ones(1, 1, 8, dtype=torch.bool)
    present[:, :, 7:] = False
    got, wanted = network(poses[:, :, :7]), network(poses, present)
    assert got.values.shape[2] == 4
    close(got.values, wanted.values)


def test_persons_have_statistics_of_their_own_and_missing_ones_are_absent():
    network = shaken(STR(KINECT, persons=2, absent_as_zeros=True, **SMALL)).eval()
    poses = torch.randn(1, 1, 8, 25, 3)
    both = torch.cat((poses, torch.zeros_like(poses)), 1)
    close(masked_mean(network(poses)), masked_mean(network(both)))
    assert (network(both.flip(1)).values.flip(1) - network(both).values).abs().max() > 1e-2
    shared = STR(KINECT, persons=2, **SMALL).eval()
    assert not shared(poses).present[:, 1].any()
    with pytest.raises(LabanError, match="3 persons but this ST-TR was made for 2"):
        network(torch.randn(1, 3, 8, 25, 3))


def test_dropout_stands_where_the_official_code_has_it():
    network = STTR1S(KINECT, augment=0.25, dropout=0.3, drop_attention=0.4)
    drops = [m.p for m in network.modules() if isinstance(m, torch.nn.Dropout)]
    assert drops == [0.0] + [0.3] * 9
    assert [layer.spatial.attention.drop for layer in network.layers[4:]] == [0.4] * 6
    assert [layer.temporal.conv.conv.conv.out_channels for layer in network.layers[4:]] == (
        [96] * 3 + [192] * 3
    )


def test_a_share_of_the_width_is_a_whole_number_of_channels():
    network = STR(KINECT, layers=((100, 1, "attention"),), heads=1, keys=0.29, augment=0.57)
    assert network.layers[0].spatial.attention.sizes == (29, 29, 57)
    assert int(100 * 0.29) == 28  # what rounding of the product alone would give


def test_the_adaptive_graph_keeps_the_skeleton_s_edges_unless_bare():
    full, bare = (TTR(KINECT, graph=word, **SMALL) for word in ("adaptive", "adaptive-bare"))
    assert torch.equal(full.layers[0].spatial.adaptive.maps, directed_partition(KINECT))
    assert (bare.layers[0].spatial.adaptive.maps == 1e-6).all()


def test_options_and_poses_that_do_not_fit():
    with pytest.raises(LabanError, match="graph of st-tr 'adaptiv'"):
        STR(KINECT, graph="adaptiv")
    with pytest.raises(LabanError, match="layer 0 is of kind 'attend'"):
        STR(KINECT, layers=((64, 1, "attend"),))
    with pytest.raises(LabanError, match="32 channels of keys in layer 4 do not fit 5 heads"):
        STR(KINECT, heads=5)
    with pytest.raises(LabanError, match="22 joints but this ST-TR was made for 25"):
        STR(KINECT)(torch.randn(1, 1, 8, 22, 3))
    with pytest.raises(LabanError, match="6 channels but this ST-TR was made for 3"):
        STR(KINECT)(torch.randn(1, 1, 8, 25, 6))
