"""The official Hi-TRS made again from the facts about it, names included, in other sizes."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import laban.official
from laban.errors import LabanError
from laban.skeletons import SKELETONS
from tests.test_official import filled, golden


def error(scores, wanted):
    """The largest difference of the scores, as a share of their spread."""
    return float((scores - wanted).abs().max() / (wanted.max() - wanted.min()))


def test_golden_answer_of_hi_trs():
    tensors, _, clips, wanted = golden("hi-trs")
    with torch.no_grad():
        network = laban.official.load("hi-trs", tensors).double()
        assert error(network.from_clips(clips.double()), wanted) < 1e-6
        wrapped = {f"module.{name}": tensor.double() for name, tensor in tensors.items()}
        assert error(laban.official.load("hi-trs", wrapped).from_clips(clips), wanted) < 1e-5


class Attention(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.heads = heads
        self.w_qs, self.w_ks, self.w_vs = (nn.Linear(width, inner, bias=False) for _ in range(3))
        self.fc = nn.Linear(inner, width, bias=False)

    def forward(self, x, hidden):
        out = []
        for q, k, v in zip(
            *(w(x).chunk(self.heads, -1) for w in (self.w_qs, self.w_ks, self.w_vs)), strict=True
        ):
            scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
            out.append(scores.masked_fill(hidden, -1e9).softmax(-1) @ v)
        return self.fc(torch.cat(out, -1))


class Feed(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.w_1, self.w_2 = nn.Linear(width, hidden), nn.Linear(hidden, width)


class Layer(nn.Module):
    def __init__(self, width, hidden, heads, inner):
        super().__init__()
        self.self_attn_norm, self.pff_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.slf_attn, self.pos_ffn = Attention(width, heads, inner), Feed(width, hidden)

    def forward(self, x, hidden):
        x = x + self.slf_attn(self.self_attn_norm(x), hidden)
        return x + self.pos_ffn.w_2(F.gelu(self.pos_ffn.w_1(self.pff_norm(x))))


class Stack(nn.Module):
    def __init__(self, depth, *sizes):
        super().__init__()
        self.layer_stack = nn.ModuleList(Layer(*sizes) for _ in range(depth))

    def forward(self, x, hidden):
        for layer in self.layer_stack:
            x = layer(x, hidden)
        return x


class Code(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.pe = nn.Parameter(torch.zeros(shape))


class Official(nn.Module):
    """Clips (B, M, K, w, V, C) -> scores: every level as its own Transformer, window by window."""

    def __init__(
        self, *, width=8, depth=2, heads=8, head=4, window=7, joints=25, channels=3, longest=20
    ):
        super().__init__()
        self.window, self.joints = window, joints
        inner, s, c, v = heads * head, width, 2 * width, 4 * width
        self.clip_fuse_token = nn.Parameter(torch.zeros(1, 1, c))
        self.video_fuse_token = nn.Parameter(torch.zeros(1, 1, v))
        self.s_input_map = nn.Sequential(nn.Linear(channels, s), nn.GELU(), nn.LayerNorm(s))
        self.s_enc, self.s_pe = Stack(depth, s, s, heads, inner), Code(joints, s)
        self.s_pose_reg = nn.Linear(s, 3)
        self.c_input_map = nn.Linear(s, c)
        self.c_enc, self.c_pe = Stack(depth, c, c // 2, heads, inner), Code(window, joints, c)
        self.c_motion_cls = nn.Linear(c, 2)
        self.v_input_map = nn.Linear(c, v)
        self.v_enc, self.v_pe = Stack(depth, v, v // 2, heads, inner), Code(longest, v)
        self.v_motion_cls, self.v_ft_reg = nn.Linear(v, 2), nn.Linear(v, c)
        self.v_cls = nn.Linear(v, 6)
        for index, (name, tensor) in enumerate(self.state_dict().items()):
            tensor.copy_(torch.from_numpy(filled(name, tuple(tensor.shape), index)))

    def forward(self, clips, counts=None):
        b, persons, k = clips.shape[:3]
        size = self.window * self.joints
        nothing = torch.zeros(1, 1, dtype=torch.bool)
        x = self.s_enc(self.s_input_map(clips.flatten(0, 3)) + self.s_pe.pe, nothing)
        x = self.c_input_map(x.unflatten(0, (-1, self.window))) + self.c_pe.pe
        x = torch.cat((x.flatten(1, 2), self.clip_fuse_token.expand(len(x), -1, -1)), 1)
        hidden = torch.zeros(size + 1, size + 1, dtype=torch.bool)
        for i in range(size):
            for j in range(size):
                hidden[i, j] = i != j and i // self.joints == j // self.joints
        x = self.v_input_map(self.c_enc(x, hidden)[:, -1].view(b * persons, k, -1))
        x = torch.cat((x + self.v_pe.pe[:k], self.video_fuse_token.expand(len(x), -1, -1)), 1)
        padded = torch.zeros(b * persons, 1, k + 1, dtype=torch.bool)
        for row, count in enumerate(counts or []):
            padded[row * persons : (row + 1) * persons, :, count:k] = True
        return self.v_cls(self.v_enc(x, padded)[:, -1].view(b, persons, -1).mean(1))


def windows(frames, size, dilation, hop, twice):
    """The official loader's loop over a padded sequence of so many frames."""
    begin, found, numbers = 0, [], list(range(frames))
    while True:
        window = numbers[begin : begin + size * dilation][::dilation]
        if len(window) < size:
            window += [numbers[-1]] * (size - len(window))
            found += [window] * twice
        found.append(window)
        begin += hop
        seen = window[-1] >= frames - size // 2 * dilation - 1
        if seen and begin + (size - 1) * dilation > frames - 1:
            return found


def cut(poses, size=7, dilation=2, hop=7, twice=True):
    """(M, T, V, C) -> (M, K, w, V, C) in the manner of the official loader."""
    margin = size // 2 * dilation
    padded = F.pad(poses, (0, 0, 0, 0, margin, margin))
    return padded[:, torch.tensor(windows(padded.shape[1], size, dilation, hop, twice))]


CONFIGURATIONS = {
    "plain": {},
    "wider, one layer": {"width": 12, "depth": 1},
    "three layers": {"depth": 3},
    "narrow heads": {"head": 2},
    "two heads": {"heads": 2},
    "hands": {"joints": 22},
    "an unnamed layout": {"joints": 30},
    "joint and bone": {"channels": 6},
    "windows of five": {"window": 5},
    "windows of four": {"window": 4},
    "one frame": {"window": 1},
    "many clips": {"longest": 300},
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_other_configurations(case):
    sizes = CONFIGURATIONS[case]
    official = Official(**sizes).eval()
    options = {"heads": sizes["heads"]} if "heads" in sizes else {}
    network = laban.official.load("hi-trs", official.state_dict(), **options)
    window, joints = sizes.get("window", 7), sizes.get("joints", 25)
    generator = torch.Generator().manual_seed(0)
    for persons, count in ((1, 3), (2, 5), (3, 1)):
        shape = (2, persons, count, window, joints, sizes.get("channels", 3))
        clips = torch.randn(shape, generator=generator)
        clips[1, -1] = 0
        with torch.no_grad():
            assert error(network.from_clips(clips), official(clips)) < 1e-5


@pytest.mark.parametrize(("size", "dilation", "hop"), [(7, 2, 7), (5, 1, 5), (3, 2, 4), (4, 3, 2)])
def test_poses_are_cut_as_the_official_loader_cuts_them(size, dilation, hop):
    official = Official(window=size, longest=60).eval()
    options = {"dilation": dilation, "hop": hop}
    network = laban.official.load("hi-trs", official.state_dict(), **options)
    generator = torch.Generator().manual_seed(0)
    lengths = (40, 9, 1, 23)
    poses = torch.zeros(4, 2, 40, 25, 3)
    present = torch.zeros(4, 2, 40, dtype=torch.bool)
    cuts = []
    for row, length in enumerate(lengths):
        poses[row, :, :length] = torch.randn(2, length, 25, 3, generator=generator)
        poses[row, 1, length // 2 :] = 0
        present[row, :, :length] = (poses[row, :, :length] != 0).any((2, 3))
        cuts.append(cut(poses[row, :, :length], size, dilation, hop))
    padded = torch.zeros(4, 2, max(c.shape[1] for c in cuts), size, 25, 3)
    for row, clips in enumerate(cuts):
        padded[row, :, : clips.shape[1]] = clips
    with torch.no_grad():
        wanted = official(padded, [clips.shape[1] for clips in cuts])
        assert error(network(poses, present), wanted) < 1e-5
        there = torch.arange(padded.shape[2]) < torch.tensor([c.shape[1] for c in cuts])[:, None]
        there = there[:, None].expand(-1, 2, -1)
        assert error(network.from_clips(padded, there), wanted) < 1e-5


def test_a_pre_training_checkpoint_gets_a_fresh_head():
    tensors = {k: v for k, v in Official().state_dict().items() if not k.startswith("v_cls")}
    network = laban.official.load("hi-trs", tensors, classes=9)
    assert network(torch.randn(1, 1, 20, 25, 3)).shape == (1, 9)
    refused(tensors, "missing v_cls.bias, v_cls.weight")
    refused(Official().state_dict(), "classes is 9 but v_cls.weight has 6", classes=9)


def test_heads_of_pre_training_may_be_gone():
    tensors = Official().state_dict()
    heads = ("s_pose_reg", "c_motion_cls", "v_motion_cls", "v_ft_reg")
    bare = {k: v for k, v in tensors.items() if not k.startswith(heads)}
    clips = torch.randn(1, 2, 3, 7, 25, 3)
    one, two = (laban.official.load("hi-trs", t).from_clips(clips) for t in (tensors, bare))
    assert torch.equal(one, two)


def refused(tensors, sentence, **options):
    with pytest.raises(LabanError, match=sentence) as caught:
        laban.official.load("hi-trs", tensors, **options)
    return str(caught.value)


def test_every_missing_tensor_is_named():
    tensors = Official().state_dict()
    for name in tensors:
        sentence = refused({k: v for k, v in tensors.items() if k != name}, "missing")
        assert name in sentence, sentence


def test_left_over_tensors_and_wrong_shapes_are_named():
    tensors = Official().state_dict()
    refused(tensors | {"c_cls.weight": torch.zeros(1)}, "left over c_cls.weight")
    deeper = {k.replace("stack.1.", "stack.2."): v for k, v in tensors.items() if "c_enc" in k}
    refused(tensors | deeper, "missing .*s_enc.layer_stack.2.*v_enc.layer_stack.2")
    for name, shape in {
        "c_pe.pe": (7, 24, 16),
        "s_enc.layer_stack.1.slf_attn.w_ks.weight": (16, 8),
        "v_enc.layer_stack.0.pos_ffn.w_1.weight": (15, 32),
        "v_pe.pe": (20,),
    }.items():
        assert name in refused(tensors | {name: torch.zeros(shape)}, "shape")
    assert "w_qs.weight" in refused({}, "missing")


def test_options_that_disagree_with_tensors():
    tensors = Official().state_dict()
    refused(tensors, "heads is 5 but queries have 32 channels", heads=5)
    refused(tensors, "unknown option of hi-trs 'head': did you mean heads", head=2)
    refused(tensors, "shapes do not fit .*s_pe.pe", skeleton=SKELETONS["kinect-v1"])
    refused(tensors, "give three numbers of 1 or more", hop=0)
    network = laban.official.load("hi-trs", tensors)
    with pytest.raises(LabanError, match="clips have 5 frames .* windows of 7"):
        network.from_clips(torch.randn(1, 1, 2, 5, 25, 3))
    with pytest.raises(LabanError, match="make 21 clips but this hi-trs knows 20"):
        network(torch.randn(1, 1, 141, 25, 3))
