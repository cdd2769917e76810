from typing import Literal

import pytest
import torch

from laban.errors import LabanError
from laban.nn import check_shape, check_words


def test_unknown_words_name_the_option_and_the_nearest():
    known = Literal["attention", "convolution"]
    check_words("some-net", temporal=("attention", known))
    with pytest.raises(LabanError, match="temporal of some-net 'atention': did you mean attention"):
        check_words("some-net", temporal=("atention", known))


def test_wrong_sizes_are_named():
    check_shape("Net", torch.zeros(1, 2, 8, 22, 3), joints=22, channels=3)
    with pytest.raises(LabanError, match="8 frames but this Net was made for 9"):
        check_shape("Net", torch.zeros(1, 2, 8, 22, 3), joints=22, channels=3, frames=9)
    with pytest.raises(LabanError, match="22 joints but this Net was made for 25"):
        check_shape("Net", torch.zeros(1, 2, 8, 22, 3), joints=25, channels=6)
