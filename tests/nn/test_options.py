from typing import Literal

import pytest

from laban.errors import LabanError
from laban.nn import check_words


def test_unknown_words_name_the_option_and_the_nearest():
    known = Literal["attention", "convolution"]
    check_words("some-net", temporal=("attention", known))
    with pytest.raises(LabanError, match="temporal of some-net 'atention': did you mean attention"):
        check_words("some-net", temporal=("atention", known))
