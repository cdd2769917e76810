import torch

from laban.nn.packing import all_there, pack, per_clip, places_of, unpack


def test_what_is_packed_comes_back_to_its_place():
    there, x = torch.tensor([True, False, True, False]), torch.randn(4, 3)
    places = places_of(there)
    assert places.tolist() == [0, 2]
    assert torch.equal(pack(x, places), x[[0, 2]])
    back = unpack(pack(x, places) * 2, places, 4)
    assert torch.equal(back, x * 2 * there[:, None])


def test_everything_is_left_as_it_is():
    x = torch.randn(2, 3)
    assert places_of(torch.ones(2, dtype=torch.bool)) is None
    assert pack(x, None) is x and unpack(x, None, 2) is x


def test_nothing_keeps_one_place():
    assert places_of(torch.zeros(3, dtype=torch.bool)).tolist() == [0]


def test_nothing_is_asked_while_compiling():
    def asked(there):
        return torch.tensor([all_there(there), places_of(there) is None])

    compiled = torch.compile(asked, fullgraph=True, backend="eager")
    assert compiled(torch.tensor([True, True])).tolist() == [False, True]
    assert compiled(torch.tensor([True, False])).tolist() == [False, True]


def test_each_thing_gets_the_row_of_its_clip():
    rows = torch.tensor([[1], [2]])
    assert per_clip(rows, None, 3).flatten().tolist() == [1, 1, 1, 2, 2, 2]
    assert per_clip(rows, torch.tensor([0, 3, 4]), 3).flatten().tolist() == [1, 2, 2]
    assert per_clip(rows[:1], torch.tensor([0, 3]), 3).tolist() == [[1]]
