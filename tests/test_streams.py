import pytest
import torch

from laban.errors import LabanError
from laban.skeletons import SKELETONS
from laban.streams import STREAMS, stream_named


def clip(skeleton, batch=2, persons=2, frames=9):
    generator = torch.Generator().manual_seed(0)
    poses = torch.randn(batch, persons, frames, len(skeleton), 3, generator=generator)
    present = torch.ones(batch, persons, frames, dtype=torch.bool)
    present[1, 1, 4:6] = False
    return poses * present[..., None, None], present


def naive(name, poses, present, skeleton):
    """The definitions, a number at a time."""
    step = 2 if name == "fast" else 1
    poses, present = poses[:, :, ::step], present[:, :, ::step]
    base = poses.clone()
    if name.startswith("bone"):
        for joint, parent in enumerate(skeleton.parents):
            base[..., joint, :] = poses[..., joint, :] - poses[..., parent, :]
    if name in ("joint", "bone"):
        return base
    moved = torch.zeros_like(base)
    for b in range(base.shape[0]):
        for m in range(base.shape[1]):
            for t in range(base.shape[2] - 1):
                if present[b, m, t] and present[b, m, t + 1]:
                    moved[b, m, t] = base[b, m, t + 1] - base[b, m, t]
    return moved


@pytest.mark.parametrize("layout", SKELETONS)
@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_on_every_skeleton(name, layout):
    skeleton = SKELETONS[layout]
    poses, present = clip(skeleton)
    before = poses.clone()
    made, there = STREAMS[name](poses, present, skeleton)
    assert torch.equal(poses, before)
    if name == "joint+bone":
        expected = torch.cat([poses, naive("bone", poses, present, skeleton)], -1)
    else:
        expected = naive(name, poses, present, skeleton)
    torch.testing.assert_close(made, expected)
    assert there.shape == made.shape[:3]
    assert made.shape[-1] == 3 * STREAMS[name].width
    frames = STREAMS[name].frames(torch.tensor([9, 8]))
    assert frames.tolist() == ([5, 4] if name == "fast" else [9, 8])


@pytest.mark.parametrize("name", [name for name in STREAMS if not name.startswith("joint")])
def test_streams_but_joint_forget_where_the_body_stands(name):
    skeleton = SKELETONS["kinect-v2"]
    poses, present = clip(skeleton)
    there = present[..., None, None]
    made, _ = STREAMS[name](poses, present, skeleton)
    moved, _ = STREAMS[name]((poses + 5) * there, present, skeleton)
    torch.testing.assert_close(made, moved, atol=1e-4, rtol=0)


def test_unknown_stream_lists_the_nearest():
    with pytest.raises(LabanError, match="did you mean bone"):
        stream_named("bones")
