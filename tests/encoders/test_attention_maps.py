"""What every encoder says of its attention between joints, see `laban.nn.joint_attention`."""

import pytest
import torch

from laban.encoders import ENCODERS, hi_trs_levels
from tests.encoders.test_contract import CASES, OPTIONS, batch, close, make

WITHOUT = {"st-gcn", "t-tr"}
HANDS = [case for case in CASES if case.values[0] not in WITHOUT and case.values[2] == "hand-22"]
every_case = pytest.mark.parametrize(("name", "options", "skeleton"), HANDS)


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_shows_maps_or_says_in_a_sentence_that_it_has_none(name):
    encoder = make(name, OPTIONS[name][0], "hand-22")
    if encoder.attention_layers:
        assert len(set(encoder.attention_layers)) == len(encoder.attention_layers)
        assert len(encoder.attention_maps(batch("hand-22")[0])) == len(encoder.attention_layers)
    else:
        assert encoder.no_attention.endswith(".") and encoder.no_attention.count(". ") == 0


def test_which_encoders_have_attention_between_joints():
    made = {name: make(name, OPTIONS[name][0], "hand-22") for name in ENCODERS}
    assert {name for name, one in made.items() if not one.attention_layers} == WITHOUT
    assert made["s-tr"].attention_layers == ("layer 3",)
    assert made["hi-trs"].attention_layers == ("F-TRS 1", "F-TRS 2")
    bare = make("s-tr", OPTIONS["s-tr"][0] | {"layers": ((8, 1, "convolution"),)}, "hand-22")
    assert bare.attention_layers == () and "no layer" in bare.no_attention


@every_case
def test_maps_are_of_joints_and_persons_who_exist(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton).eval(), batch(skeleton)
    present[0, 1] = False
    present[1, 0, 11:] = False
    poses = torch.where(present[..., None, None], poses, torch.nan)
    joints = torch.tensor([[7, 2, 11, -1], [1, 5, 0, 9]])
    for maps in encoder.attention_maps(poses, present, joints):
        assert maps.shape[:2] == (2, 2) and maps.shape[3:] == (4, 4)
        assert (maps[0, 1] == 0).all()
        assert (maps[0, :, :, 3] == 0).all() and (maps[0, :, :, :, 3] == 0).all()
        assert (maps[1].abs().amax((-1, -2)) > 0).all()
        if "tanh" not in options.get("attention", "") and name != "dsta-net":
            sums = torch.ones(maps.shape[:4])
            sums[0, 1], sums[0, 0, :, 3] = 0, 0
            torch.testing.assert_close(maps.sum(-1), sums)
            assert (maps >= 0).all()


@every_case
def test_a_clips_maps_do_not_depend_on_its_batch(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton).eval(), batch(skeleton)
    present[0, 0, 5:] = False
    present[1, 1] = False
    whole = encoder.attention_maps(poses, present)
    alone = encoder.attention_maps(poses[:1], present[:1])
    for several, one in zip(whole, alone, strict=True):
        close(several[:1], one)


def test_many_frames_are_looked_at_in_parts(monkeypatch):
    encoder, (poses, present) = make("hi-trs", OPTIONS["hi-trs"][0], "hand-22"), batch("hand-22")
    present[0, 0, 5:] = False
    wanted = encoder.attention_maps(poses, present)
    monkeypatch.setattr(hi_trs_levels, "LOOK", 5)
    for got, one in zip(encoder.attention_maps(poses, present), wanted, strict=True):
        close(got, one)


# What a layer with attention between joints is, and its queries and keys (frames, joints, H, E).


def _dsta_net(encoder):
    def queries_and_keys(maps, x, scope):
        coded = x + maps.code(x, scope.joints, scope.frames)
        return maps.embed(coded)[0].unflatten(-1, (2, maps.heads, -1)).unbind(2)

    return [block.spatial.maps for block in encoder.blocks], queries_and_keys


def _stst(encoder):
    def queries_and_keys(maps, x, _):
        return maps.embed(x)[0].unflatten(-1, (2, maps.heads, -1)).unbind(2)

    return [block.spatial.maps for block in encoder.blocks], queries_and_keys


def _st_tr(encoder):
    def queries_and_keys(attention, x, _):
        query, key, _ = attention.embed(x).split(attention.sizes, -1)
        return (part.unflatten(-1, (attention.heads, -1)) for part in (query, key))

    layers = [one.spatial for one in encoder.layers if hasattr(one.spatial, "attention")]
    return [layer.attention for layer in layers], queries_and_keys


def _hi_trs(encoder):
    def queries_and_keys(block, x, _):
        query, key, _ = block.project(block.attention_norm(x)).chunk(3, -1)
        return (part.unflatten(-1, (block.heads, -1)) for part in (query, key))

    return list(encoder.frame.blocks), queries_and_keys


PARTS = {"dsta-net": _dsta_net, "hi-trs": _hi_trs, "s-tr": _st_tr, "st-tr-1s": _st_tr}
PARTS["stst"] = _stst


@pytest.mark.parametrize("name", PARTS)
def test_maps_equal_a_naive_computation(name):
    """Three joints of a clip of which two frames exist; a fourth column is padding."""
    options = OPTIONS[name][0] | ({"level": "frame"} if name == "hi-trs" else {})
    encoder = make(name, options, "hand-22").eval()
    layers, queries_and_keys = PARTS[name](encoder)
    inputs = []
    for layer in layers:
        layer.register_forward_pre_hook(lambda _, given: inputs.append(given))
    poses, present = torch.randn(1, 1, 2, 22, 3), None
    joints = torch.tensor([5, 2, 9, -1])
    encoder(poses, present, joints)
    for number, maps in enumerate(encoder.attention_maps(poses, present, joints)):
        query, key = queries_and_keys(layers[number], *inputs[number][:2])
        naive = torch.zeros(query.shape[2], 4, 4)
        for head in range(len(naive)):
            scores = torch.stack(
                [q[:, head] @ k[:, head].T for q, k in zip(query, key, strict=True)]
            )
            scores = scores[:, :3, :3] / query.shape[3] ** 0.5
            if name == "dsta-net":  # one map of the sum over frames, Eq. 4, and the shared one
                own = (scores.sum(0) / len(scores) / query.shape[3] ** 0.5).tanh()
                shared = layers[number].shared[head][joints[:3]][:, joints[:3]]
                naive[head, :3, :3] = own + layers[number].alpha[head] * shared
                continue
            weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
            naive[head, :3, :3] = weights.mean(0)
        close(maps[0, 0], naive)
    assert number == len(layers) - 1


def test_asking_changes_no_answer():
    for name in PARTS:
        encoder, (poses, present) = make(name, OPTIONS[name][0], "hand-22").eval(), batch("hand-22")
        before = encoder(poses, present).values
        encoder.attention_maps(poses, present)
        assert torch.equal(encoder(poses, present).values, before)
