import math

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
    "axis rotation": lambda x, p, d: augment.random_axis_rotation(x, d),
    "move": lambda x, p, d: augment.random_move(x, p, d),
    "swap": lambda x, p, d: augment.random_swap(x, d, SKELETON),
    "noise": lambda x, p, d: augment.random_noise(x, p, d, 0.1, probability=1),
    "blur": lambda x, p, d: augment.random_blur(x, p, d, probability=1),
    "axis mask": lambda x, p, d: augment.random_axis_mask(x, d, probability=1),
}


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_draws_per_clip_repeats_by_seed_and_leaves_absence(name):
    poses, present = batch()
    poses = poses[:1].expand_as(poses).clone()
    made = AUGMENTATIONS[name](poses, present, draws())
    assert torch.equal(made, AUGMENTATIONS[name](poses, present, draws()))
    assert (made[~present] == 0).all()
    different = {tuple(row.flatten()[:50].tolist()) for row in made}
    assert len(different) == {"mirror": 2, "swap": 2, "axis mask": 2}.get(name, 6)


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


def test_a_rotation_is_mainly_about_one_axis_and_one_way():
    """From -30 to 0 degrees about the axis drawn, from -1 to 0 about the others (PSTL)."""
    poses = torch.eye(3).view(1, 1, 1, 3, 3).expand(3000, 1, 1, 3, 3)
    turn = augment.random_axis_rotation(poses, draws(3000))[:, 0, 0].mT  # (B, 3, 3)
    angles = torch.stack((turn[:, 2, 1], turn[:, 0, 2], turn[:, 1, 0]), 1).asin().rad2deg()
    main = angles.abs().argmax(1)
    assert angles.min() > -31.5 and angles.max() < 1
    assert angles.min() < -29
    assert (main.bincount() - 1000).abs().max() < 150
    others = angles.abs().sort(1).values[:, :2]
    assert others.max() < 1.6 and abs(float(others.mean()) - 0.5) < 0.1


def naive_move(poses, ends, frame, frames):
    """One frame's x and y from what is drawn at both ends: angle, size, two shifts."""
    share = frame / (frames - 1)
    angle, size, x, y = ((1 - share) * a + share * b for a, b in zip(*ends, strict=True))
    angle = math.radians(angle)
    cos, sin = size * math.cos(angle), size * math.sin(angle)
    turn = torch.tensor([[cos, -sin], [sin, cos]])
    return poses[..., :2] @ turn.T + torch.tensor([x, y])


def test_a_camera_moves_evenly_between_two_of_the_official_candidates():
    unit = torch.tensor([[1.0, 0.0], [2.0, 0.0]]).expand(400, 1, 11, 2, 2)
    there = torch.ones(400, 1, 11, dtype=torch.bool)
    moved = augment.random_move(unit, there, draws(400))
    seen = set()
    for row in range(400):
        ends = []
        for frame in (0, -1):
            one, two = moved[row, 0, frame]
            line = two - one
            shift = one - line
            angle = math.degrees(math.atan2(line[1], line[0]))
            ends.append((angle, float(line.norm()), float(shift[0]), float(shift[1])))
        for kind, value in enumerate(ends[0]):
            seen.add((kind, round(value, 2) + 0.0))
        for frame in range(11):
            wanted = naive_move(unit[row, 0, frame], ends, frame, 11)
            torch.testing.assert_close(moved[row, 0, frame], wanted, atol=1e-4, rtol=1e-4)
    assert {v for k, v in seen if k == 0} == {-10, -5, 0, 5, 10}
    assert {v for k, v in seen if k == 1} == {0.9, 1, 1.1}
    assert {v for k, v in seen if k == 2} == {v for k, v in seen if k == 3}
    assert {v for k, v in seen if k == 3} == {-0.2, -0.1, 0, 0.1, 0.2}


def test_a_swap_changes_places_and_no_coordinate():
    poses, _ = batch(200)
    made = augment.random_swap(poses, draws(200), SKELETON)
    swapped = (made != poses).flatten(1).any(1)
    assert 70 < swapped.sum() < 130
    torch.testing.assert_close(made[swapped], poses[swapped][..., list(SKELETON.mirror), :])


def test_half_of_the_clips_are_changed_by_each_of_aimclr_s_augmentations():
    poses, present = batch(400)
    for change in (
        lambda d: augment.random_noise(poses, present, d, 0.01),
        lambda d: augment.random_blur(poses, present, d),
        lambda d: augment.random_axis_mask(poses, d),
        lambda d: augment.random_reversal(poses, present, d)[0],
    ):
        changed = (change(draws(400)) != poses).flatten(1).any(1)
        assert 0.42 < changed.float().mean() < 0.58


def test_noise_is_normal_in_every_frame_and_alike_whatever_the_room():
    poses, present = batch(50)
    noise = augment.random_noise(poses, present, draws(50), 0.01, probability=1) - poses
    assert noise[present].std() == pytest.approx(0.01, rel=0.03)
    assert noise[present].mean() == pytest.approx(0, abs=2e-4)
    short = augment.random_noise(poses[:, :, :3], present[:, :, :3], draws(50), 0.01, probability=1)
    assert torch.equal(short, (poses + noise)[:, :, :3])


def test_blur_is_a_weighted_mean_of_the_frames_that_are_there():
    poses, present = batch(3)
    made = augment.random_blur(poses, present, draws(3), size=3, width=(0.8, 0.8), probability=1)
    for clip in range(3):
        for person, last in ((0, 6), (1, 2)):
            for frame in range(last + 1):
                total, weight = 0.0, 0.0
                for other in range(max(0, frame - 1), min(last, frame + 1) + 1):
                    share = math.exp(-((frame - other) ** 2) / (2 * 0.8**2))
                    total, weight = total + share * poses[clip, person, other], weight + share
                torch.testing.assert_close(made[clip, person, frame], total / weight)


def test_an_axis_mask_takes_one_axis_each_as_often():
    poses, _ = batch(300)
    made = augment.random_axis_mask(poses, draws(300), probability=1)
    gone = (made == 0).flatten(1, 3).all(1)
    assert (gone.sum(1) == 1).all() and gone.sum(0).min() > 70


def test_a_reversal_turns_round_what_is_there():
    poses, present = batch(1)
    present[:, :, 5:] = False
    poses = poses * present[..., None, None]
    made, there = augment.random_reversal(poses, present, draws(1), probability=1)
    for person, last in ((0, 4), (1, 4)):
        for frame in range(5):
            assert torch.equal(made[0, person, frame], poses[0, person, last - frame])
            assert there[0, person, frame] == present[0, person, last - frame]
    assert not made[:, :, 5:].any() and not there[:, :, 5:].any()
