import numpy as np
import pytest

from laban.benchmarks import find_benchmark
from laban.card import FORMAT, Card
from laban.clip import Clip
from laban.errors import LabanError
from laban.skeletons import SKELETONS


@pytest.fixture
def card():
    return Card(
        recipe={"encoder": {"name": "stst"}},
        skeleton=SKELETONS["hand-22"],
        channels=3,
        stream="bone",
        benchmark=find_benchmark("shrec17-14"),
        notes={"seed": 1},
    )


def test_a_card_comes_back(card):
    assert Card.from_facts(card.facts(), "here") == card
    assert len(card.classes) == 14


@pytest.mark.parametrize(
    ("number", "words"), [(None, "here holds a damaged run"), (FORMAT + 1, "newer version")]
)
def test_a_card_of_another_format_is_refused(card, number, words):
    with pytest.raises(LabanError, match=words):
        Card.from_facts(card.facts() | {"format": number}, "here")


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        (Clip("c", np.ones((1, 4, 20, 3)), SKELETONS["hand-20"]), "skeleton hand-20"),
        (Clip("c", np.ones((1, 4, 22, 2)), SKELETONS["hand-22"]), "2 channels"),
        (Clip("c", np.zeros((1, 4, 22, 3)), SKELETONS["hand-22"]), "nobody"),
        (Clip("c", np.full((1, 4, 22, 3), np.inf), SKELETONS["hand-22"]), "finite"),
    ],
)
def test_clips_that_do_not_fit_are_refused(card, clip, words):
    with pytest.raises(LabanError, match=words):
        card.check_clip(clip)
    card.check_clip(Clip("c", np.ones((1, 4, 22, 3)), SKELETONS["hand-22"]))
