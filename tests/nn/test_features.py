import torch

from laban.nn import Features, masked_mean, present_features


def test_mean_is_over_what_is_present():
    values, present = torch.randn(3, 2, 4, 5, 6), torch.rand(3, 2, 4, 5) < 0.5
    present[2] = False
    pooled = masked_mean(Features(values, present))
    for clip in range(2):
        torch.testing.assert_close(pooled[clip], values[clip][present[clip]].mean(0))
    assert (pooled[2] == 0).all()


def test_what_is_absent_does_not_count_even_if_it_is_no_number():
    values, present = torch.ones(1, 1, 2, 1, 3), torch.tensor([True, False]).view(1, 1, 2, 1)
    values[0, 0, 1] = torch.nan
    assert (masked_mean(Features(values, present)) == 1).all()


def test_mean_over_some_axes():
    values, present = torch.randn(2, 3, 4, 5, 6), torch.ones(2, 3, 4, 5, dtype=torch.bool)
    frames = masked_mean(Features(values, present), dims=(1, 3))
    torch.testing.assert_close(frames, values.mean((1, 3)))


def test_features_are_zero_where_nobody_is():
    values, present = torch.full((2, 1, 3, 1, 4), torch.nan), torch.zeros(2, 1, 3, 1) > 0
    values[0], present[0] = 1.0, True
    made = present_features(values, present)
    assert (made.values[0] == 1).all() and (made.values[1] == 0).all()
    assert made.present is present
