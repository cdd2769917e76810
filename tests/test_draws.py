import math

import torch

from laban.draws import Draws, name_keys


def draws(seed=0, keys=range(8)):
    return Draws(torch.Generator().manual_seed(seed), torch.tensor(list(keys)))


def test_uniform_is_uniform_within_its_bounds():
    values = draws(keys=range(100)).uniform(1000, low=-2.0, high=3.0)
    assert values.min() >= -2 and values.max() < 3
    assert abs(values.mean() - 0.5) < 0.02
    assert abs(values.var() - 25 / 12) < 0.03
    counts = torch.histc(values, 10, -2, 3) / values.numel()
    assert (counts - 0.1).abs().max() < 0.004


def test_rows_and_calls_and_seeds_differ():
    one = draws()
    first, second = one.uniform(16), one.uniform(16)
    assert len({tuple(row.tolist()) for row in torch.cat([first, second])}) == 16
    assert not torch.equal(first, draws(seed=1).uniform(16))
    correlation = torch.corrcoef(draws(keys=range(50)).uniform(4000))
    assert (correlation - torch.eye(50)).abs().max() < 0.08


def test_a_clip_gets_its_draw_whatever_the_batch_around_it():
    whole = draws(keys=range(8)).uniform(5)
    part = draws(keys=[6, 2]).uniform(5)
    assert torch.equal(part, whole[[6, 2]])


def test_one_generator_gives_another_draw_each_time():
    generator = torch.Generator().manual_seed(3)
    keys = torch.arange(4)
    assert not torch.equal(Draws(generator, keys).uniform(3), Draws(generator, keys).uniform(3))


def test_normal_and_coin():
    values = draws(keys=range(200)).normal(500, scale=2.0)
    assert abs(values.mean()) < 0.02 and abs(values.std() - 2) < 0.02
    assert values.isfinite().all()
    inside = (values.abs() < 2).float().mean()
    assert abs(inside - math.erf(1 / math.sqrt(2))) < 0.01
    assert abs(draws(keys=range(200)).coin(500, probability=0.3).float().mean() - 0.3) < 0.01


def test_the_size_of_a_call_does_not_move_the_next():
    one, two = draws(), draws()
    small, large = one.uniform(3), two.uniform(30)
    assert torch.equal(small, large[:, :3])
    assert torch.equal(one.uniform(4), two.uniform(4))


def test_a_name_is_the_same_key_everywhere_and_always():
    keys = name_keys(["c1", "c2", "Ringen é", "c1"])
    assert keys.dtype == torch.int64 and keys[0] == keys[3]
    assert len(set(keys.tolist())) == 3
    assert name_keys(["c1"]).tolist() == [4895413496900842574]
