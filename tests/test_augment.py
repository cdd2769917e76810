import pytest
import torch

from laban import augment
from laban.draws import Draws
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["kinect-v2"]


def batch(size=6):
    generator = torch.Generator().manual_seed(0)
    poses = torch.randn(size, 2, 7, 25, 3, generator=generator)
    present = torch.ones(size, 2, 7, dtype=torch.bool)
    present[:, 1, 3:] = False
    return poses * present[..., None, None], present


def draws(size=6, seed=0):
    return Draws(torch.Generator().manual_seed(seed), torch.arange(size))


AUGMENTATIONS = {
    "rotation": lambda x, p, d: augment.random_rotation(x, d, x=20, y=180, z=10),
    "scale": lambda x, p, d: augment.random_scale(x, d, 0.2),
    "scale axes": lambda x, p, d: augment.random_scale(x, d, 0.2, each_axis=True),
    "shear": lambda x, p, d: augment.random_shear(x, d, 0.5),
    "jitter": lambda x, p, d: augment.jitter(x, p, d, 0.1),
    "offsets": lambda x, p, d: augment.random_offsets(x, p, d, 0.2, joints=5),
    "interpolation": lambda x, p, d: augment.random_interpolation(x, p, d),
    "mirror": lambda x, p, d: augment.random_mirror(x, d, SKELETON),
}


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_draws_per_clip_repeats_by_seed_and_leaves_absence(name):
    poses, present = batch()
    poses = poses[:1].expand_as(poses).clone()
    made = AUGMENTATIONS[name](poses, present, draws())
    assert torch.equal(made, AUGMENTATIONS[name](poses, present, draws()))
    assert (made[~present] == 0).all()
    different = {tuple(row.flatten()[:50].tolist()) for row in made}
    assert len(different) == (2 if name == "mirror" else 6)


def test_rotation_keeps_distances_and_stays_within_its_angles():
    poses, _ = batch(500)
    turned = augment.random_rotation(poses, draws(500), y=30)
    torch.testing.assert_close(
        torch.cdist(turned[0, 0], turned[0, 0]),
        torch.cdist(poses[0, 0], poses[0, 0]),
        atol=1e-4,
        rtol=0,
    )
    torch.testing.assert_close(turned[..., 1], poses[..., 1])
    x, z = turned[:, 0, 0, 0, 0], turned[:, 0, 0, 0, 2]
    x0, z0 = poses[:, 0, 0, 0, 0], poses[:, 0, 0, 0, 2]
    angle = torch.rad2deg(torch.atan2(z0, x0) - torch.atan2(z, x))
    angle = (angle + 180) % 360 - 180
    assert angle.abs().max() <= 30.01 and angle.max() > 29 and angle.min() < -29
    assert abs(angle.mean()) < 2


def test_scale_and_shear_ranges():
    poses = torch.ones(2000, 1, 1, 1, 3)
    scaled = augment.random_scale(poses, draws(2000), 0.2, each_axis=True)
    assert scaled.min() >= 0.8 and scaled.max() <= 1.2 and abs(scaled.mean() - 1) < 0.01
    unit = torch.tensor([1.0, 0, 0]).expand(2000, 1, 1, 1, 3)
    sheared = augment.random_shear(unit, draws(2000), 0.5)[:, 0, 0, 0]
    assert (sheared[:, 0] == 1).all()
    assert sheared[:, 1].abs().max() <= 0.5 and sheared[:, 1].std() > 0.25


def test_offsets_move_some_joints_of_a_clip_in_all_frames_alike():
    poses, present = batch(2000)
    shift = augment.random_offsets(poses, present, draws(2000), 0.2, joints=5) - poses
    there = present[..., None, None].expand_as(shift)
    torch.testing.assert_close(shift, shift[:, :1, :1] * there, atol=1e-6, rtol=0)
    moved = (shift[:, 0, 0].abs() > 1e-6).any(-1)
    assert (moved.sum(1) == 5).all() and shift.abs().max() <= 0.2001 and shift.min() < -0.19
    share = moved.float().mean(0)
    assert (share - 5 / 25).abs().max() < 0.04  # every joint alike


def test_interpolation_moves_every_frame_towards_the_next_by_one_share():
    poses, present = batch(300)
    made, shares = augment.random_interpolation(poses, present, draws(300)), []
    for clip in range(300):
        share = ((made - poses)[clip, 0, 0] / (poses[clip, 0, 1] - poses[clip, 0, 0])).median()
        shares.append(float(share))
        for person, frame in ((m, t) for m in range(2) for t in range(7)):
            wanted = poses[clip, person, frame].clone()
            if frame < 6 and present[clip, person, frame : frame + 2].all():
                wanted = (1 - share) * wanted + share * poses[clip, person, frame + 1]
            torch.testing.assert_close(made[clip, person, frame], wanted, atol=1e-4, rtol=1e-3)
    assert 0 <= min(shares) < 0.05 and 0.95 < max(shares) <= 1


def test_mirror_twice_is_the_identity_and_swaps_sides():
    poses, _ = batch()
    for skeleton in SKELETONS.values():
        part = poses.repeat(1, 1, 1, 2, 1)[..., : len(skeleton), :]
        torch.testing.assert_close(augment.mirror(augment.mirror(part, skeleton), skeleton), part)
    made = augment.mirror(poses, SKELETON)
    left, right = SKELETON.index("hand-left"), SKELETON.index("hand-right")
    torch.testing.assert_close(made[..., left, 0], -poses[..., right, 0])
    torch.testing.assert_close(made[..., left, 1:], poses[..., right, 1:])
