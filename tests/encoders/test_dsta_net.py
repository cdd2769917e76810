import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from laban.encoders import DSTANet
from laban.encoders.dsta_net import LAYERS
from laban.errors import LabanError
from laban.nn import Classifier, Scope, masked_mean
from laban.skeletons import SKELETONS, Skeleton

HAND, KINECT = SKELETONS["hand-22"], SKELETONS["kinect-v2"]
SMALL = ((8, 4, 1), (12, 4, 2))


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


def test_size_is_that_of_the_official_tensors():
    file = np.load(Path(__file__).parents[1] / "golden" / "dsta-net.npz")
    listing = json.loads(bytes(file["tensors"]))
    official = sum(
        int(np.prod(entry["shape"]))
        for entry in listing
        if not entry["computed"] and "running" not in entry["name"]
    )
    ours = size(Classifier(DSTANet(HAND, alpha="attention"), 14))
    assert ours == official == 3_436_958
    # The paper's alpha balances the shared map: the temporal modules, without one, have none.
    assert size(Classifier(DSTANet(HAND), 14)) == official - 3 * len(LAYERS)


def linear(inputs, outputs):
    return inputs * outputs + outputs


def linear_norm(inputs, outputs):
    return linear(inputs, outputs) + 2 * outputs


@pytest.mark.parametrize(("temporal", "millions"), [("attention", 3.45), ("convolution", 3.82)])
def test_size_on_ntu_by_formula(temporal, millions):
    count, inputs = linear_norm(3, 64) + linear(256, 60), 64
    for width, embedding, stride in LAYERS:
        changes = inputs != width or stride != 1
        count += linear(inputs, 6 * embedding) + 3 + 3 * 25**2
        count += linear_norm(3 * inputs, width) + linear_norm(width, width)
        count += 2 * linear_norm(inputs, width) * changes
        if temporal == "attention":
            count += linear(width, 6 * embedding) + 3
            count += linear_norm(3 * width, width) + linear_norm(width, width)
            count += 2 * linear_norm(width, width) * changes
        else:
            count += linear_norm(7 * width, width) + linear_norm(width, width) * changes
        inputs = width
    network = Classifier(DSTANet(KINECT, temporal=temporal, alpha="attention"), 60)
    assert size(network) == count
    assert round(count / 1e6, 2) == millions


def plain(layer, z):
    """A linear map, then batch normalisation in evaluation: (T, V, C) -> (T, V, C')."""
    norm = layer.norm
    rows = F.linear(z, layer.linear.weight, layer.linear.bias).flatten(0, 1)
    rows = F.batch_norm(rows, norm.running_mean, norm.running_var, norm.weight, norm.bias)
    return rows.view(*z.shape[:2], -1)


def naive_module(module, x, joints_first):
    """Figure 2 by hand for dense input (T, V, C) in evaluation: both residuals from the input."""
    maps = module.maps(x[None], Scope(1, 1))[0, 0]  # (H, L, L)
    elements = x if joints_first else x.transpose(0, 1)
    heads = [torch.einsum("lm,rmc->rlc", m, elements) for m in maps]
    y = torch.cat(heads, -1)
    y = y if joints_first else y.transpose(0, 1)
    first, second = module.first_shortcut, module.second_shortcut
    y = plain(module.project, y) + (x if first is None else plain(first, x))
    y = F.leaky_relu(y, 0.1)
    z = plain(module.feed, y) + (x if second is None else plain(second, x))
    return F.leaky_relu(z, 0.1)[:: module.stride]


def test_each_module_is_figure_2():
    encoder = shaken(DSTANet(HAND, layers=((8, 4, 1), (8, 4, 1), (12, 4, 2)), heads=2)).eval()
    x = torch.randn(7, 22, 8)
    for block in encoder.blocks:
        close(block.spatial(x[None], Scope(1, 1))[0], naive_module(block.spatial, x, True))
        x = naive_module(block.spatial, x, True)
        close(block.temporal(x[None], Scope(1, 1))[0], naive_module(block.temporal, x, False))
        x = naive_module(block.temporal, x, False)


def test_evaluation_equals_training_with_the_same_statistics():
    """The frames that a stride drops are left out in evaluation only."""
    encoder = shaken(DSTANet(HAND, layers=SMALL)).eval()
    poses = torch.randn(2, 1, 9, 22, 3)
    wanted = encoder(poses).values
    for module in encoder.modules():
        module.training = not hasattr(module, "running_var")
        if hasattr(module, "linear"):
            module.forward = lambda x, mask, m=module: m.norm(m.linear(x), mask)
    close(encoder(poses).values, wanted)


def test_strides_keep_every_second_frame():
    poses = torch.randn(1, 1, 37, 22, 3)
    features = DSTANet(HAND).eval()(poses)
    assert features.values.shape == (1, 1, 10, 22, 256)


@pytest.mark.parametrize("attention", ["a", "b", "c"])
@pytest.mark.parametrize("temporal", ["attention", "convolution"])
def test_joints_are_a_skeleton_of_their_own(attention, temporal):
    """Without a code or a map of the joints, chosen ones are all that there is."""
    options = {"position": "frame", "regularisation": "none", "layers": SMALL}
    options |= {"attention": attention, "temporal": temporal}
    whole = shaken(DSTANet(HAND, **options))
    part = DSTANet(Skeleton("three", ("a", "b", "c"), (0, 0, 0)), **options)
    part.load_state_dict(whole.state_dict())
    poses, joints = torch.randn(2, 1, 8, 22, 3), torch.tensor([20, 3, 9])
    close(whole(poses, None, joints).values, part(poses[:, :, :, joints]).values)


def test_chosen_joints_keep_their_code_and_their_map():
    encoder = shaken(DSTANet(HAND, layers=SMALL[:1], heads=2)).eval()
    nn.init.normal_(encoder.blocks[0].spatial.maps.shared)
    poses, joints = torch.randn(1, 1, 8, 22, 3), torch.tensor([20, 3, 9])
    whole_x, scope = encoder.embed(poses)
    part_x, part_scope = encoder.embed(poses, None, joints)
    whole = encoder.blocks[0].spatial.maps(whole_x, scope)
    part = encoder.blocks[0].spatial.maps(part_x, part_scope)
    close(part, whole[..., joints, :][..., joints])


def test_frames_dropped_keep_their_numbers():
    encoder = shaken(DSTANet(HAND, layers=SMALL[:1])).eval()
    poses, kept = torch.randn(1, 1, 8, 22, 3), torch.tensor([[0, 3, 4, 7]])
    whole_x, scope = encoder.embed(poses)
    part_x, part_scope = encoder.embed(poses[:, :, kept[0]], None, None, kept)
    maps = encoder.blocks[0].temporal.maps
    part_x, whole_x = (torch.cat((z, z), -1)[..., :8] for z in (part_x, whole_x))
    close(maps(part_x, part_scope), maps(whole_x, scope)[..., kept[0], :][..., kept[0]])


def test_absent_as_zeros_averages_them_in():
    encoder = shaken(DSTANet(HAND, layers=SMALL, absent_as_zeros=True)).eval()
    poses, present = torch.randn(2, 2, 8, 22, 3), torch.ones(2, 2, 8, dtype=torch.bool)
    present[:, 1] = False
    zeroed = poses.clone()
    zeroed[:, 1] = 0
    features = encoder(poses, present)
    close(features.values, encoder(zeroed).values)
    assert features.present.all()
    other = DSTANet(HAND, layers=SMALL).eval()
    other.load_state_dict(encoder.state_dict())
    close(masked_mean(other(poses, present)), masked_mean(other(poses[:, :1])))
    assert not torch.allclose(masked_mean(other(poses, present)), masked_mean(features))


def test_alpha_multiplies_what_it_should():
    poses = torch.randn(1, 1, 8, 22, 3)
    for alpha in ("regularisation", "attention"):
        encoder = DSTANet(HAND, layers=SMALL, alpha=alpha).eval()
        maps = encoder.blocks[0].spatial.maps
        nn.init.normal_(maps.shared)
        nn.init.zeros_(maps.alpha)
        x, scope = encoder.embed(poses)
        found = maps(x, scope)[:, 0]
        if alpha == "attention":
            close(found, maps.shared[None])
        else:
            nn.init.zeros_(maps.shared)
            close(found, maps(x, scope)[:, 0])
            assert found.abs().max() <= 1


@pytest.mark.parametrize("attention", ["a", "c"])
def test_attention_maps_for_the_report(attention):
    encoder = shaken(DSTANet(HAND, layers=SMALL, attention=attention)).eval()
    poses, present = torch.randn(2, 2, 8, 22, 3), torch.ones(2, 2, 8, dtype=torch.bool)
    present[0, 1] = False
    present[1, 0, 5:] = False
    maps = encoder.attention_maps(poses, present)
    assert [m.shape for m in maps] == [(2, 2, 3, 22, 22)] * 2
    assert all((m[0, 1] == 0).all() for m in maps)
    alone = encoder.attention_maps(poses[1:, :1, :5])
    for several, one in zip(maps, alone, strict=True):
        close(several[1, 0], one[0, 0])


def test_starts_as_the_official_one():
    torch.manual_seed(0)
    encoder = DSTANet(HAND, regularisation="spatial-temporal", frames=20)
    maps = encoder.blocks[0].spatial.maps
    assert (maps.shared == 1 / 22).all()
    assert torch.equal(encoder.blocks[3].temporal.maps.shared[1], torch.eye(10))
    assert (maps.alpha == 1).all()
    weight = encoder.blocks[7].spatial.project.linear.weight  # 768 to 256: fan-out is 256
    assert weight.std().item() == pytest.approx((2 / 256) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"attention": "d"}, "unknown attention of dsta-net 'd'"),
        ({"position": "decoupeld"}, "did you mean decoupled"),
        ({"temporal": "lstm"}, "choose one of attention, convolution"),
        ({"heads": 0}, "heads of dsta-net is 0, give 1 or more"),
        ({"layers": []}, "blocks of dsta-net is 0, give 1 or more"),
        ({"layers": [(8, 0, 1)]}, "embedding of dsta-net is 0, give 1 or more"),
        ({"regularisation": "spatial-temporal"}, "give the length of its clips as frames"),
    ],
)
def test_wrong_options_say_so(options, sentence):
    with pytest.raises(LabanError, match=sentence):
        DSTANet(HAND, **options)


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((1, 1, 8, 25, 3), "25 joints .* made for 22"),
        ((1, 1, 8, 22, 6), "6 channels .* made for 3"),
        ((1, 1, 9, 22, 3), "9 frames .* made for 8"),
    ],
)
def test_wrong_poses_say_so(shape, sentence):
    encoder = DSTANet(HAND, layers=SMALL, regularisation="temporal", frames=8)
    with pytest.raises(LabanError, match=sentence):
        encoder(torch.zeros(shape))
