import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from laban.nn import sliding_windows
from laban.nn.windows import lengths_of


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
