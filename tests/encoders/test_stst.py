import pytest
import torch
from torch import nn

from laban.encoders import STST
from laban.encoders.stst import LAYERS
from laban.errors import LabanError
from laban.nn import Classifier, Scope, masked_mean
from laban.skeletons import SKELETONS

HAND, KINECT = SKELETONS["hand-22"], SKELETONS["kinect-v2"]
SMALL = {"layers": ((8, 4, 1), (12, 4, 1)), "heads": (2, 2)}
OFFICIAL = {"attention": "tanh+map", "blocks": "parallel+convolution", "heads": (3, 2)}


def size(module):
    return sum(p.numel() for p in module.parameters())


def close(got, wanted):
    scale = max(1.0, float(wanted.detach().abs().max()))
    torch.testing.assert_close(got, wanted, atol=2e-5 * scale, rtol=1e-4)


def linear(inputs, outputs):
    return inputs * outputs + outputs


def test_size_of_the_paper_s_network_by_formula():
    count = linear(3, 64) + 2 * 64 + 25 * 64 + linear(256, 60)
    inputs = 64
    for width, embedding, _ in LAYERS:
        shared = linear(width, width) * 2 + 4 * width  # feed-forward, two layer normalisations
        count += linear(inputs, 6 * embedding) + linear(3 * inputs, width) + shared
        count += linear(inputs, width) * (inputs != width)
        count += linear(width, 12 * embedding) + linear(3 * width, width) + shared
        inputs = width
    assert size(Classifier(STST(KINECT), 60)) == count
    assert [width for width, _, _ in LAYERS] == [64, 64, 128, 128, 256, 256, 256, 256]


def test_size_of_the_official_network_of_eight_blocks():
    layers = ((64, 16, 1),) * 2 + ((128, 32, 1),) * 2 + ((256, 64, 1),) * 4
    network = Classifier(STST(HAND, layers=layers, **OFFICIAL), 28)
    assert round(size(network) / 1e6, 2) == pytest.approx(6.32 - 0.54, abs=0.011)


def test_forward_is_embed_then_encode_and_blocks_in_turn():
    encoder = STST(HAND, **SMALL).eval()
    poses = torch.randn(2, 1, 7, 22, 3)
    x, scope = encoder.embed(poses)
    close(encoder.encode(x, scope).values, encoder(poses).values)
    for block in encoder.blocks:
        x = block.temporal(block.spatial(x, scope), scope)
    close(x, encoder(poses).values[:, 0])


@pytest.mark.parametrize(
    ("options", "alike"),
    [({}, False), ({"temporal": "context"}, True), ({"temporal": "free"}, True)],
)
def test_only_directions_tell_a_clip_from_its_reverse(options, alike):
    """Without the temporal tokens, TTB and TTBX pool a reversed clip to the same feature."""
    encoder = STST(HAND, **SMALL, tokens="semantic", **options).eval()
    poses = torch.randn(2, 1, 9, 22, 3).cumsum(2)
    there, back = masked_mean(encoder(poses)), masked_mean(encoder(poses.flip(2)))
    assert torch.allclose(there, back, atol=1e-4) is alike


def test_a_reversed_clip_changes_what_dttb_gives_with_its_tokens_too():
    encoder = STST(HAND, **SMALL).eval()
    poses = torch.randn(2, 1, 9, 22, 3).cumsum(2)
    difference = masked_mean(encoder(poses)) - masked_mean(encoder(poses.flip(2)))
    assert difference.abs().max() > 1e-2


@pytest.mark.parametrize("attention", ["softmax", "tanh"])
def test_the_spatial_block_sees_one_frame_and_stbx_all(attention):
    poses = torch.randn(1, 1, 6, 22, 3)
    changed = poses.clone()
    changed[:, :, 4] += 1
    for spatial, frames in (("free", [4]), ("context", list(range(6)))):
        encoder = STST(HAND, **SMALL, spatial=spatial, attention=attention).eval()
        (x, scope), (y, _) = encoder.embed(poses), encoder.embed(changed)
        block = encoder.blocks[0].spatial
        moved = (block(x, scope) - block(y, scope)).abs().amax((0, 2, 3)) > 1e-6
        assert moved.nonzero()[:, 0].tolist() == frames


def test_ttb_has_one_map_for_all_joints_and_ttbx_one_a_joint():
    x = torch.randn(1, 7, 22, 8)
    shapes = {"directed-context": (1, 1, 4, 7, 7), "context": (1, 1, 2, 7, 7)}
    shapes |= {"free": (1, 22, 2, 7, 7), "directed-free": (1, 22, 4, 7, 7)}
    for temporal, shape in shapes.items():
        maps = STST(HAND, **SMALL, temporal=temporal).blocks[0].temporal.maps
        assert maps(x, Scope(1, 1)).shape == shape


def test_parallel_branches_are_summed_and_then_convolved():
    block = STST(HAND, layers=SMALL["layers"], **OFFICIAL).eval().blocks[1]
    x, scope = torch.randn(2, 7, 22, 8), Scope(2, 1)
    summed = block.spatial(x, scope) + block.temporal(x, scope)
    close(block(x, scope)[0], block.convolution(summed, scope))


def test_strides_keep_every_second_frame():
    layers = ((8, 4, 2), (8, 4, 1), (12, 4, 2))
    for options in ({}, {"attention": "tanh"}, {"temporal": "free"}):
        features = STST(HAND, layers=layers, **options).eval()(torch.randn(1, 1, 13, 22, 3))
        assert features.values.shape == (1, 1, 4, 22, 12)


def test_semantic_tokens_enter_through_embed():
    encoder = STST(HAND, **SMALL).eval()
    poses, joints = torch.randn(2, 2, 7, 22, 3), torch.tensor([[4, 1, 7], [0, 2, -1]])
    own = encoder.tokens.semantic[joints.clamp(min=0)]
    x, scope = encoder.embed(poses, None, joints, tokens=own)
    y, _ = encoder.embed(poses, None, joints)
    close(x, y)
    masked = own.clone()
    masked[0, 1] = 0  # what a pretext task hides
    changed = encoder.encode(*encoder.embed(poses, None, joints, tokens=masked)).values
    kept = encoder.encode(x, scope).values
    close(changed[1], kept[1])
    assert not torch.allclose(changed[0], kept[0])


def test_absent_as_zeros_averages_them_in():
    encoder = STST(HAND, **SMALL, absent_as_zeros=True).eval()
    poses, present = torch.randn(2, 2, 8, 22, 3), torch.ones(2, 2, 8, dtype=torch.bool)
    present[:, 1] = False
    zeroed = poses.clone()
    zeroed[:, 1] = 0
    features = encoder(poses, present)
    close(features.values, encoder(zeroed).values)
    assert features.present.all()


def test_attention_maps_for_the_report():
    encoder = STST(HAND, **SMALL).eval()
    poses, present = torch.randn(2, 2, 8, 22, 3), torch.ones(2, 2, 8, dtype=torch.bool)
    present[0, 1] = False
    present[1, 0, 5:] = False
    maps = encoder.attention_maps(poses, present)
    assert [m.shape for m in maps] == [(2, 2, 2, 22, 22)] * 2
    assert all((m[0, 1] == 0).all() for m in maps)
    close(maps[0][1, 1].sum(-1), torch.ones(2, 22))
    for several, one in zip(maps, encoder.attention_maps(poses[1:, :1, :5]), strict=True):
        close(several[1, 0], one[0, 0])


def test_starts_as_the_official_one():
    torch.manual_seed(0)
    encoder = STST(HAND, attention="tanh+map")
    semantic = encoder.tokens.semantic
    assert 0 <= semantic.min() < 0.01 and 0.99 < semantic.max() <= 1
    assert (encoder.blocks[0].spatial.maps.shared == 1 / 22).all()
    weight = encoder.blocks[7].spatial.project.linear.weight  # 768 to 256: fan-out is 256
    assert weight.std().item() == pytest.approx((2 / 256) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("options", "learns"),
    [({}, True), (OFFICIAL, True), ({"tokens": "semantic", "temporal": "context"}, False)],
)
def test_it_learns_which_way_a_movement_runs(options, learns):
    torch.manual_seed(0)
    network = Classifier(STST(HAND, layers=((16, 8, 1),), **options), 2)
    away = torch.randn(22, 3) * torch.linspace(-1, 1, 6)[:, None, None]
    poses = away + 0.3 * torch.randn(8, 1, 6, 22, 3)
    poses, labels = torch.cat((poses, poses.flip(2))), torch.arange(2).repeat_interleave(8)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.003)
    for _ in range(50):
        loss = nn.functional.cross_entropy(network(poses), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1 if learns else loss > 0.69


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temporal": "directed"}, "unknown temporal of stst 'directed'"),
        ({"spatial": "fre"}, "did you mean free"),
        ({"attention": "sigmoid"}, "choose one of softmax, tanh, tanh"),
        ({"blocks": "parallel", "layers": ((8, 4, 2),)}, "give strides of 1"),
        ({"values": "feed"}, "leave it out"),
        ({"values": "feed", "attention": "tanh"}, "not directed: leave it out"),
        (
            {"values": "feed", "attention": "tanh", "temporal": "context", "blocks": "parallel"},
            "make all widths one",
        ),
    ],
)
def test_wrong_options_say_so(options, sentence):
    with pytest.raises(LabanError, match=sentence):
        STST(HAND, **options)


def test_wrong_poses_say_so():
    with pytest.raises(LabanError, match="25 joints but this STST was made for 22"):
        STST(HAND, **SMALL)(torch.zeros(1, 1, 8, 25, 3))
