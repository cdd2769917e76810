import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from laban.nn import sliding_windows
from laban.nn.windows import lengths_of, pack_windows, window_places


def naive(length, size, dilation, hop, repeat):
    """The loop over a padded sequence, in numbers of the sequence itself; -1 for its margins."""
    margin = size // 2 * dilation
    numbers = [-1] * margin + list(range(length)) + [-1] * margin
    found, start = [], 0
    while True:
        places = [start + i * dilation for i in range(size)]
        short = places[-1] >= len(numbers)
        places = [min(place, len(numbers) - 1) for place in places]
        found += [[numbers[place] for place in places]] * (1 + (short and repeat))
        start += hop
        next_passes = start + (size - 1) * dilation >= len(numbers)
        if places[-1] >= margin + length - 1 and next_passes:
            return found


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.tuples(st.integers(1, 8), st.integers(1, 4), st.integers(1, 12)),
    st.booleans(),
)
def test_windows_are_those_of_the_loop(lengths, windows, repeat):
    numbers, exists = sliding_windows(
        torch.tensor(lengths), max(lengths) + 3, windows, repeat_short=repeat
    )
    assert numbers.shape == (*exists.shape, windows[0])
    for row, length in enumerate(lengths):
        wanted = naive(length, *windows, repeat)
        assert numbers[row, exists[row]].tolist() == wanted
        assert exists[row, : len(wanted)].all()


def test_shipped_windows_show_no_frame_twice_and_are_never_too_long():
    for length in range(1, 120):
        numbers, exists = sliding_windows(torch.tensor([length]), length, (7, 2, 7))
        shown = numbers[exists]
        real = sorted(shown[shown >= 0].tolist())
        assert len(set(real)) == len(real)
        assert set(range(length - 7)) <= set(real)  # every other one of the last may be missed
        again = sliding_windows(torch.tensor([length]), length, (7, 2, 7), repeat_short=True)
        assert torch.equal(again[0][again[1]], shown)


@pytest.mark.parametrize("size", [3, 4])
def test_a_first_window_has_its_middle_on_the_first_frame(size):
    numbers, _ = sliding_windows(torch.tensor([20]), 20, (size, 2, 1))
    assert numbers[0, 0, size // 2] == 0 and (numbers[0, 0, : size // 2] == -1).all()


def test_a_clip_is_as_long_as_its_last_frame_with_anybody():
    there = torch.zeros(3, 2, 6, dtype=torch.bool)
    there[0, 0, 1], there[0, 1, 4], there[1, :, 5] = True, True, True
    assert lengths_of(there).tolist() == [5, 6, 1]


@pytest.mark.parametrize("margins", [1, 2])
def test_windows_are_filled_with_their_frames_and_with_zeros(margins):
    values, zeros = torch.randn(2, 3, 5, 4, 6), torch.randn(margins, 4, 6)
    numbers = torch.tensor([[[-1, 0, 2], [3, 4, -1]], [[-1, -1, 0], [1, 2, 3]]])
    every = pack_windows(values, zeros, numbers, None).unflatten(0, (2, 3, 2))
    for clip, person, window, place in itertools.product(*map(range, (2, 3, 2, 3))):
        number = int(numbers[clip, window, place])
        own = zeros[clip % margins] if number < 0 else values[clip, person, number]
        assert torch.equal(every[clip, person, window, place], own)
    some = torch.tensor([1, 4, 11])
    assert torch.equal(pack_windows(values, zeros, numbers, some), every.flatten(0, 2)[some])


def test_a_window_behind_dropped_frames_stands_further_on():
    numbers, _ = sliding_windows(torch.tensor([9]), 9, (3, 1, 3))
    frames = torch.arange(9)[None].clone()
    assert window_places(frames, numbers, 3).tolist() == [[0, 1, 2, 3][: numbers.shape[1]]]
    frames[:, 3:] += 6  # as long as two windows
    assert numbers[0].tolist()[:2] == [[-1, 0, 1], [2, 3, 4]]
    found = window_places(frames, numbers, 3)[0].tolist()
    assert found == pytest.approx([0, 1 + 2 * 2 / 3, 4, 5][: len(found)])
