"""What every encoder keeps, on every layout."""

import inspect

import pytest
import torch

from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.nn import Classifier, masked_mean
from laban.skeletons import SKELETONS

# Small ones, so that the whole file takes seconds.
OPTIONS = {"dsta-net": [{"layers": ((8, 4, 1), (12, 4, 2)), "heads": 2}]}
OPTIONS["dsta-net"] += [
    OPTIONS["dsta-net"][0] | {"temporal": "convolution"},
    OPTIONS["dsta-net"][0] | {"attention": "a", "position": "unified", "regularisation": "none"},
    OPTIONS["dsta-net"][0] | {"attention": "b", "alpha": "attention"},
    OPTIONS["dsta-net"][0] | {"regularisation": "spatial-temporal", "frames": 16},
]
OPTIONS["stst"] = [{"layers": ((8, 4, 1), (12, 4, 2)), "heads": (2, 2)}]
OPTIONS["stst"] += [
    OPTIONS["stst"][0] | {"spatial": "context", "temporal": "free"},
    OPTIONS["stst"][0] | {"spatial": "average", "temporal": "average", "tokens": "semantic"},
    OPTIONS["stst"][0] | {"temporal": "directed-free", "attention": "tanh", "tokens": "temporal"},
    OPTIONS["stst"][0] | {"temporal": "context", "attention": "tanh", "values": "feed"},
    {
        "layers": ((8, 4, 1), (12, 4, 1)),
        "heads": (3, 2),
        "attention": "tanh+map",
        "blocks": "parallel+convolution",
    },
]
# Training is compared with itself, so nothing is dropped at random.
OPTIONS["st-gcn"] = [{"layers": ((8, 1), (12, 2)), "dropout": 0.0}]
OPTIONS["st-gcn"] += [
    OPTIONS["st-gcn"][0] | {"kernel": 3, "importance": False, "partition": "truncated"},
]
_HALVES = ((8, 1, "convolution"), (8, 1, "convolution"), (16, 2, "attention"))
_ST_TR = {"layers": _HALVES, "heads": 2, "poses_at": 2, "dropout": 0.0, "drop_attention": 0.0}
_EVERYWHERE = {"layers": ((8, 1, 4), (16, 2, "attention"), (16, 1, "attention")), "augment": 0.25}
OPTIONS["s-tr"] = [_ST_TR, _ST_TR | _EVERYWHERE]
OPTIONS["t-tr"] = [_ST_TR, _ST_TR | _EVERYWHERE, _ST_TR | {"graph": "adaptive"}]
_BARE = {"without": ("input-norm", "attention-norm", "attention-residual")}
_BARE |= {"augment": (None, 0.25), "graph": "fixed", "poses_at": None}
OPTIONS["st-tr-1s"] = [_ST_TR, _ST_TR | _BARE]
OPTIONS["hi-trs"] = [
    # Dropout is off: what a test compares are two passes of a network that trains.
    {"width": 8, "depth": 2, "heads": 2, "head_width": 4, "dropout": 0.0, "level": level}
    for level in ("video", "clip", "frame")
]
OPTIONS["hi-trs"] += [OPTIONS["hi-trs"][0] | {"windows": (3, 1, 2)}]
CASES = [
    pytest.param(name, options, skeleton, id=f"{name}-{number}-{skeleton}")
    for name in ENCODERS
    for number, options in enumerate(OPTIONS.get(name, [{}]))
    for skeleton in SKELETONS
]
every_case = pytest.mark.parametrize(("name", "options", "skeleton"), CASES)


def spoilt(default):
    """Values like a default one, with sizes of 0 and shares below 0."""
    if isinstance(default, bool | str) or default in (None, ()):
        return []
    if isinstance(default, int | float):
        return [type(default)(0) if isinstance(default, int) else -0.1]
    if not isinstance(default[0], tuple):
        return [(), (0,) * len(default)]
    places = [k for k, value in enumerate(default[0]) if isinstance(value, int)]
    rows = [tuple(0 if k == place else v for k, v in enumerate(default[0])) for place in places]
    return [(), *((row, *default[1:]) for row in rows)]


# The library gives channels; a paper's poses may enter at any layer of ST-TR, or at none.
SPOILT = [
    pytest.param(name, option, value, id=f"{name}-{option}-{number}")
    for name, encoder in ENCODERS.items()
    for option, parameter in inspect.signature(encoder).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY and option not in ("channels", "poses_at")
    for number, value in enumerate(spoilt(parameter.default))
]


@pytest.mark.parametrize(("name", "option", "value"), SPOILT)
def test_a_size_of_nothing_is_refused_in_a_sentence(name, option, value):
    with pytest.raises(LabanError, match=" give | change "):
        ENCODERS[name](SKELETONS["hand-22"], **{option: value})


def make(name, options, skeleton, **more):
    """An encoder whose batch statistics are away from their initial values."""
    encoder = ENCODERS[name](SKELETONS[skeleton], **options, **more)
    for module in encoder.modules():
        if hasattr(module, "running_var"):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return encoder


def batch(skeleton, clips=2, persons=2, frames=16):
    poses = torch.randn(clips, persons, frames, len(SKELETONS[skeleton]), 3)
    return poses, torch.ones(clips, persons, frames, dtype=torch.bool)


def close(got, wanted):
    size = float(wanted.detach().abs().max())
    torch.testing.assert_close(got, wanted, atol=2e-5 * max(size, 1), rtol=1e-4)


@every_case
def test_shape_and_presence(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton)
    present[0, 1] = False
    values, there = encoder(poses, present)
    assert values.shape[:2] == (2, 2)
    assert values.shape[4] == encoder.dim
    assert there.shape == values.shape[:4]
    assert there.dtype == torch.bool
    assert not there[0, 1].any()
    assert there[1].all()
    assert (values[0, 1] == 0).all()


@every_case
def test_gradient_reaches_every_parameter(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton)
    features = encoder(poses, present)
    (masked_mean(features) * torch.randn(encoder.dim)).sum().backward()
    for parameter, value in encoder.named_parameters():
        assert value.grad is not None, parameter
        assert value.grad.abs().sum() > 0, parameter


@every_case
def test_absent_persons_change_nothing(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton)
    present[:, 1] = False
    for training in (False, True):
        encoder.train(training)
        got = encoder(poses, present)
        alone = encoder(poses[:, :1], present[:, :1])
        close(got.values[:, :1], alone.values)
        other = poses.clone()
        other[:, 1] = torch.nan
        close(encoder(other, present).values, got.values)


@every_case
def test_persons_in_another_order_are_the_same_features(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton).eval(), batch(skeleton)
    close(encoder(poses.flip(1), present).values.flip(1), encoder(poses, present).values)


@every_case
def test_a_clip_does_not_depend_on_its_batch(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton).eval(), batch(skeleton, clips=3)
    present[0, 1, 5:] = False
    present[1, 0] = False
    whole = encoder(poses, present)
    for clip in range(3):
        one = encoder(poses[clip : clip + 1], present[clip : clip + 1])
        close(one.values[0], whole.values[clip])


@every_case
def test_batch_of_one_trains(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton, 1, 1)
    assert encoder(poses, present).values.isfinite().all()


@every_case
def test_evaluation_repeats_itself(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton).eval(), batch(skeleton)
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    assert torch.equal(encoder(poses, present).values, encoder(poses, present).values)
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())


@every_case
def test_saved_weights_give_the_same_features(name, options, skeleton, tmp_path):
    encoder, (poses, present) = make(name, options, skeleton).eval(), batch(skeleton)
    torch.save(encoder.state_dict(), tmp_path / "weights.pt")
    other = make(name, options, skeleton).eval()
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(other(poses, present).values, encoder(poses, present).values)


@every_case
def test_absent_frames_change_nothing(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton)
    present[0, 0, 11:] = False
    present[1, 1, 3:5] = False
    for training in (False, True):
        encoder.train(training)
        got = encoder(poses, present)
        other = torch.where(present[..., None, None], poses, torch.inf)
        close(encoder(other, present).values, got.values)


@every_case
def test_padding_changes_nothing(name, options, skeleton):
    if "frames" in options:
        pytest.skip("this one takes clips of one length only")
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton)
    longer = torch.cat((poses, torch.randn_like(poses)), 2)
    padded = torch.cat((present, torch.zeros_like(present)), 2)
    for training in (False, True):
        encoder.train(training)
        got, wanted = encoder(longer, padded), encoder(poses, present)
        frames = wanted.values.shape[2]
        close(got.values[:, :, :frames], wanted.values)
        assert not got.present[:, :, frames:].any()


@every_case
def test_nobody_gives_zeros(name, options, skeleton):
    classifier = Classifier(make(name, options, skeleton), 3)
    poses, present = batch(skeleton)
    scores = classifier(poses, torch.zeros_like(present))
    assert torch.equal(scores, torch.zeros(2, 3))


@every_case
def test_joints_not_chosen_change_nothing(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton)
    joints = torch.tensor([7, 2, 11, 3])
    for training in (False, True):
        encoder.train(training)
        got = encoder(poses, present, joints)
        other = torch.full_like(poses, torch.nan)
        other[:, :, :, joints] = poses[:, :, :, joints]
        close(encoder(other, present, joints).values, got.values)


@every_case
def test_padded_joints_change_nothing(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton)
    joints = torch.tensor([[7, 2, 11, 3], [1, 5, 0, 9]])
    padded = torch.cat((joints, -torch.ones(2, 2, dtype=torch.long)), 1)
    for training in (False, True):
        encoder.train(training)
        wanted, got = encoder(poses, present, joints), encoder(poses, present, padded)
        width = wanted.values.shape[3]
        close(got.values[:, :, :, :width], wanted.values)
        close(masked_mean(got), masked_mean(wanted))


@every_case
def test_all_joints_in_order_are_no_choice(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton).eval(), batch(skeleton)
    joints = torch.arange(poses.shape[3])
    close(encoder(poses, present, joints).values, encoder(poses, present).values)


@every_case
def test_all_frames_in_order_are_the_default(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton).eval(), batch(skeleton)
    frames = torch.arange(16).expand(2, -1)
    close(encoder(poses, present, None, frames).values, encoder(poses, present).values)


@every_case
def test_other_channels(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton, channels=6), batch(skeleton)
    assert encoder(torch.cat((poses, poses), -1), present).values.isfinite().all()


@every_case
def test_bfloat16_stays_near(name, options, skeleton):
    encoder, (poses, present) = make(name, options, skeleton), batch(skeleton)
    present[1, 1, 9:] = False
    for module in encoder.modules():
        module.momentum = 1.0  # with statistics that fit, else features grow from block to block
    encoder(poses, present)
    encoder.eval()
    exact = masked_mean(encoder(poses, present))
    with torch.autocast("cpu", torch.bfloat16):
        rough = masked_mean(encoder(poses, present))
    assert (rough - exact).norm() < 0.05 * exact.norm()


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODERS)
def test_compiles_without_graph_breaks(name):
    torch._dynamo.reset()  # encoders may share their code, and its limit of compilations
    encoder = make(name, OPTIONS[name][0], "hand-22")
    poses, present = batch("hand-22")
    compiled = torch.compile(encoder, fullgraph=True, backend="aot_eager")
    for training in (False, True):
        encoder.train(training)
        close(compiled(poses).values, encoder(poses).values)
        present[0, 0, 11:] = False
        close(compiled(poses, present).values, encoder(poses, present).values)
