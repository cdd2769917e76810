"""Baselines and errors of motion prediction, against loops written from their definitions."""

import numpy as np
import pytest
import torch

from laban.extrapolation import (
    at_times,
    constant_velocity,
    last_velocity,
    mean_error,
    zero_velocity,
)

BASELINES = {"zero": zero_velocity, "constant": constant_velocity}


def all_there(poses):
    return torch.ones(poses.shape[:-1], dtype=torch.bool)


def moving(speed, frames=20):
    """Every joint along a line of its own: (2, 2, frames, 5, 3)."""
    generator = torch.Generator().manual_seed(0)
    start, step = torch.randn(2, 2, 2, 1, 5, 3, generator=generator, dtype=torch.float64)
    return start + speed * step * torch.arange(frames, dtype=torch.float64)[:, None, None]


@pytest.mark.parametrize(("baseline", "speed"), [("zero", 0.0), ("constant", 0.7)])
def test_a_baseline_is_exact_on_the_motion_that_it_supposes(baseline, speed):
    poses = moving(speed)
    found = BASELINES[baseline](poses[:, :, :8], all_there(poses[:, :, :8]), 12)
    error = mean_error(found, poses[:, :, 8:], all_there(poses[:, :, 8:]))
    assert error.shape == (2, 12) and error.max() < 1e-12


def test_a_held_pose_lags_by_the_way_that_joints_go():
    poses = moving(0.7)
    error = mean_error(
        zero_velocity(poses[:, :, :8], all_there(poses[:, :, :8]), 12),
        poses[:, :, 8:],
        all_there(poses[:, :, 8:]),
    )
    speed = (poses[:, :, 1] - poses[:, :, 0]).norm(dim=-1).mean((1, 2))  # metres a frame
    for frame in range(12):
        torch.testing.assert_close(error[:, frame], speed * (frame + 1))


def test_velocity_is_zero_next_to_an_absence():
    poses = moving(1.0)[:, :, :8]
    there = all_there(poses)
    there[0, 1, -2] = False
    there[1, 0, -1, 3] = False
    step = last_velocity(poses, there)
    assert not step[0, 1].any() and not step[1, 0, 3].any()
    torch.testing.assert_close(step[0, 0], poses[0, 0, -1] - poses[0, 0, -2])
    assert step[1, 0, :3].all() and step[1, 1].all()


def test_mean_error_is_the_mean_distance_of_what_is_there():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(2, 3, 2, 4, 5, 3))
    there = rng.random((3, 2, 4, 5)) < 0.6
    there[2, :, 1] = False
    found = mean_error(*map(torch.from_numpy, (one, two, there)))
    for clip in range(3):
        for frame in range(4):
            lengths = [
                sum((one[clip, m, frame, v] - two[clip, m, frame, v]) ** 2) ** 0.5
                for m in range(2)
                for v in range(5)
                if there[clip, m, frame, v]
            ]
            wanted = sum(lengths) / len(lengths) if lengths else 0.0
            assert float(found[clip, frame]) == pytest.approx(wanted)
    assert found[2, 1] == 0


def test_an_error_of_nothing_has_a_gradient():
    one = torch.zeros(1, 1, 2, 3, 3, requires_grad=True)
    mean_error(one, torch.zeros(1, 1, 2, 3, 3), all_there(one)).sum().backward()
    assert one.grad.isfinite().all()


def test_times_between_frames_lie_on_the_line_between_them():
    """80 ms are 2.4 frames at 30 a second; 400 ms are the last of 12."""
    poses = torch.randn(2, 1, 12, 4, 3, dtype=torch.float64)
    there = all_there(poses)
    there[0, 0, 2, 1] = False  # frame 3, on the far side of 2.4
    times = torch.tensor([2.4, 4.8, 9.6, 12.0], dtype=torch.float64)
    found, judged = at_times(poses, there, times)
    assert found.shape == (2, 1, 4, 4, 3)
    for place, (before, behind, share) in enumerate(
        [(2, 3, 0.4), (4, 5, 0.8), (9, 10, 0.6), (12, 12, 0.0)]
    ):
        wanted = (1 - share) * poses[:, :, before - 1] + share * poses[:, :, behind - 1]
        torch.testing.assert_close(found[:, :, place], wanted)
    assert not judged[0, 0, 0, 1] and judged.sum() == judged.numel() - 1
