"""Query, key and queue against MoCo's equations, step by step."""

import copy

import pytest
import torch
import torch.nn.functional as F

from laban.errors import LabanError


def embeddings(objective, clips, generator):
    """The query's and, with the followers as they are, the key's."""
    found = []
    for encoder, projector in (
        (objective.encoder, objective.projector),
        (objective.key_encoder, objective.key_projector),
    ):
        values, _ = encoder(*objective.view(clips, generator))
        found.append(F.normalize(projector(values.mean((1, 2, 3))), dim=1))
    return found


def test_the_loss_is_moco_s(made):
    objective, clips = made()
    query, keys = embeddings(copy.deepcopy(objective), clips, torch.Generator().manual_seed(0))
    queue = objective.queue.clone()
    assert torch.allclose(queue.norm(dim=1), torch.ones(10))
    loss, logs = objective(clips, torch.Generator().manual_seed(0))
    total = 0.0
    for clip in range(4):
        near = torch.exp(query[clip] @ keys[clip] / 0.5)
        far = sum(torch.exp(query[clip] @ other / 0.5) for other in queue)
        total = total - torch.log(near / (near + far))
    torch.testing.assert_close(loss, total / 4)
    assert logs.keys() == {"loss"}


def test_the_newest_keys_replace_the_oldest(made):
    objective, clips = made()
    old = objective.queue.clone()
    kept = []
    for step in range(3):  # 12 keys in 10 places
        before = copy.deepcopy(objective)
        objective(clips, torch.Generator().manual_seed(step))
        _, keys = embeddings(before, clips, torch.Generator().manual_seed(step))
        kept.append(keys.detach())
    assert int(objective.place) == 2
    new = torch.cat(kept)
    torch.testing.assert_close(objective.queue, torch.cat((new[10:], new[2:10])))
    assert not torch.equal(objective.queue, old)


def test_followers_move_by_a_share_and_have_no_gradient(made):
    objective, clips = made()
    leaders = [*objective.encoder.parameters(), *objective.projector.parameters()]
    followers = [*objective.key_encoder.parameters(), *objective.key_projector.parameters()]
    with torch.no_grad():
        for leader in leaders:
            leader.add_(1.0)
    wanted = [0.8 * key + 0.2 * query for key, query in zip(followers, leaders, strict=True)]
    loss, _ = objective(clips, torch.Generator().manual_seed(0))
    for key, value in zip(followers, wanted, strict=True):
        torch.testing.assert_close(key.detach(), value.detach())
    loss.backward()
    assert all(key.grad is None for key in followers)
    assert all(query.grad is not None for query in leaders)


def test_a_follower_takes_its_encoder_s_new_weights_and_keeps_its_own_of_a_whole(made):
    objective, _ = made()
    with torch.no_grad():
        for parameter in objective.encoder.parameters():
            parameter.add_(1.0)
    apart = copy.deepcopy(objective.state_dict())
    whole, _ = made()
    whole.load_state_dict(apart)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, apart[name])
    whole.encoder.load_state_dict(objective.encoder.state_dict())
    for name, value in objective.encoder.state_dict().items():
        assert torch.equal(whole.key_encoder.state_dict()[name], value)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("skeleton-clr", {"queue": 3}, "queue remembers 3 clips and a batch has 4"),
        ("skeleton-clr", {"momentum": 1.5}, "momentum 1.5"),
        ("skeleton-clr", {"temperature": 0.0}, "temperature 0.0"),
        ("aim-clr", {"neighbours": 11}, "neighbours is 11 .* give 1 to the queue's 10"),
        ("aim-clr", {"mining": -1}, "mining -1"),
    ],
)
def test_wrong_options_name_themselves(name, options, message, made):
    with pytest.raises(LabanError, match=message):
        objective, clips = made(name, **options)
        objective(clips, torch.Generator().manual_seed(0))
