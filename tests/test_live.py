import numpy as np
import pytest

from laban import LabanError, Stream
from laban.benchmarks import Benchmark
from laban.card import Card
from laban.clip import Clip
from laban.live import Ring
from laban.pipelines import PIPELINES
from laban.prediction import softmax
from laban.runtime import Predictor
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["hand-20"]


class Height(Predictor):
    """Says `up` where the last frames of the first person are above zero, with that certainty."""

    def __init__(self):
        halves = {"train": {"subject": ["1"]}, "test": {"subject": ["2"]}}
        facts = {"name": "toy", "classes": ["up", "down"]} | halves
        benchmark = Benchmark.from_json(facts, "toy")
        card = Card(recipe={}, skeleton=SKELETON, channels=3, stream="joint", benchmark=benchmark)
        super().__init__(card, PIPELINES["hi-trs"](SKELETON))
        self.calls = 0

    def prepared_scores(self, clips):
        self.calls += 1
        heights = np.array([clip.poses[0, -5:, :, 1].mean() for clip in clips])
        return np.stack((heights, -heights), 1)


def body(height):
    return np.full((20, 3), height, np.float32)


def test_what_the_window_says_is_what_a_batch_says():
    rng, stream = np.random.default_rng(0), Stream(Height(), window=0.5, every=0.2)
    poses = rng.normal(size=(2, 40, 20, 3)).astype(np.float32)
    answers = [(t, *stream.push(poses[:, t])) for t in range(40)]
    answers = [row for row in answers if len(row) == 2]
    assert [t for t, _ in answers] == list(range(5, 40, 6))
    for t, answer in answers:
        seen = Clip("live", poses[:, max(0, t - 14) : t + 1], SKELETON)
        wanted = Height().predict(seen)[0]
        assert answer.window == wanted
        assert answer.time == pytest.approx(t / 30)
    np.testing.assert_array_equal(stream.clip().poses, poses[:, 25:])


def test_a_frame_rate_of_its_own_is_brought_to_the_networks():
    """A line through time stays that line, whatever moments it is seen at."""
    rng, stream = np.random.default_rng(1), Stream(Height(), window=1.0, fps=20)
    times = np.cumsum(rng.uniform(0.005, 0.09, 60))
    for time in times:
        stream.push(body(3 * time), time=time)
    heights = stream.clip().poses[0, :, 0, 1]
    np.testing.assert_allclose(np.diff(heights), 3 / 20, atol=1e-5)
    assert len(heights) == 20 and times[-1] - 1 / 20 < heights[-1] / 3 <= times[-1] + 1e-6


def test_nobody_is_there_in_a_gap_and_little_is_done_about_a_long_one():
    stream = Stream(Height(), window=1.0, fps=10, gap=0.3)
    stream.push(body(1), time=0.0)
    stream.push(body(2), time=0.2)
    stream.push(body(3), time=0.7)
    assert stream.clip().present[0].tolist() == [True, True, True] + [False] * 4 + [True]
    stream.push(body(4), time=1e9)
    assert stream.clip().present[0].tolist() == [False] * 9 + [True]


def test_persons_keep_their_places_by_id():
    stream = Stream(Height(), window=1.0, fps=10, every=0.5, each=True, persons=2)
    for t in range(10):
        order = ["ann", "ben"] if t % 2 else ["ben", "ann"]
        poses = [body(1 if name == "ann" else -2) for name in order]
        answers = stream.push(poses, ids=order)
    assert {a.person: a.label for a in answers} == {"ann": "up", "ben": "down"}
    assert (stream.clip("ann").poses == 1).all() and stream.clip("ann").persons == 1
    # Ann goes. While she is in the window cleo finds no place, then she takes hers.
    answers = [stream.push([body(-2), body(5)], ids=["ben", "cleo"]) for _ in range(10)]
    assert {a.person for a in answers[4]} == {"ann", "ben"}
    assert {a.person: a.label for a in answers[9]} == {"ben": "down", "cleo": "up"}


def test_probabilities_are_smoothed_and_an_action_holds():
    options = {"window": 0.1, "fps": 10, "every": 0.1, "enter": 0.6, "leave": 0.4}
    stream = Stream(Height(), smoothing=0.3, **options)
    heights, shares, held, wanted = [0.0, 2, 2, -2, -2, -2], None, None, []
    for height in heights:  # the rule, from its words
        row = softmax(np.array([[height, -height]]))[0]
        keep = np.exp(-0.1 / 0.3)
        shares = row if shares is None else keep * shares + (1 - keep) * row
        if held is not None and shares[held] < 0.4:
            held = None
        if shares.max() >= 0.6:
            held = int(shares.argmax())
        wanted.append(("up", "down")[held] if held is not None else None)
    got = [stream.push(body(height))[0] for height in heights]
    assert [answer.label for answer in got] == wanted
    assert {None, "up", "down"} == set(wanted)
    assert got[-1].probability == pytest.approx(shares[1])
    plain = Stream(Height(), smoothing=0, **options)
    assert [plain.push(body(height))[0].label for height in heights][3] == "down"


def test_confidence_goes_with_its_poses():
    """Between frames as they do; of a stream that is told none the clip has none."""
    stream = Stream(Height(), window=1.0, fps=20)
    assert stream.push(body(1)) == [] and stream.clip().confidence is None
    stream.reset()
    for number, sure in enumerate((0.2, 0.4, 1.0)):
        stream.push(body(sure), time=number / 10, confidence=np.full(20, sure))
    clip = stream.clip()
    np.testing.assert_allclose(clip.confidence[0, :, 7], [0.2, 0.3, 0.4, 0.7, 1.0], atol=1e-4)
    np.testing.assert_array_equal(clip.confidence, clip.poses[..., 0])


def test_nobody_has_no_answer():
    stream = Stream(Height(), window=0.2, fps=10, every=0.1)
    assert stream.push(body(1))
    assert [len(stream.push(np.zeros((0, 20, 3)))) for _ in range(3)] == [1, 0, 0]
    assert stream.push(body(1))


def test_the_network_runs_as_often_as_asked():
    stream = Stream(predictor := Height(), every=0.5)
    for _ in range(61):
        stream.push(body(1))
    assert predictor.calls == 4


def test_an_empty_list_is_nobody():
    stream = Stream(Height())
    stream.push(body(1))
    stream.push([], ids=[])
    np.testing.assert_array_equal(stream.clip().present, [[True, False]])
    with pytest.raises(LabanError, match="ids"):
        stream.push([], ids=[1])


@pytest.mark.parametrize(
    ("poses", "more", "words"),
    [
        (np.zeros((21, 3)), {}, "shape"),
        (np.full((20, 3), np.nan), {}, "finite"),
        (np.full((20, 3), 3e38), {}, "below 1,000,000"),
        ("words", {}, "numbers"),
        (body(1), {"ids": [1, 2]}, "ids"),
        (np.zeros((2, 20, 3)), {"ids": [1, 1]}, "differ"),
        (body(1), {"time": -1.0}, "seconds that grow"),
        (body(1), {"time": float("nan")}, "time is nan, give a number"),
        (body(1), {"confidence": np.ones(19)}, "confidence has shape"),
        (body(1), {"confidence": np.full(20, np.nan)}, "0 to 1"),
        (body(1), {"confidence": np.full(20, 5.0)}, "0 to 1"),
        (body(1), {"confidence": "words"}, "confidence: give an array"),
        (body(1), {"confidence": np.ones(20)}, "with every frame"),
        (body(1), {"confidence": np.ones(20), "time": -1.0}, "seconds that grow"),
        ([[10**400] * 3] * 20, {}, "poses: give an array"),
        (body(1), {"time": "1"}, "time is '1', give a number"),
        (body(1), {"time": True}, "time is True, give a number"),
        (body(1), {"time": 10**400}, "time is 1000.*, give a number"),
        (body(1), {"time": 1e300}, "seconds that grow"),
        (body(1), {"ids": 5}, "ids are 5, give a list of 1"),
        (body(1), {"ids": "a"}, "ids are 'a', give a list of 1"),
        (body(1), {"ids": [[7]]}, r"ids are \[\[7\]\], give a list of 1"),
    ],
)
def test_what_cannot_be_is_refused_and_harms_nothing(poses, more, words):
    stream = Stream(Height())
    stream.push(body(1))
    with pytest.raises(LabanError, match=words):
        stream.push(poses, **more)
    stream.push(body(1))
    assert stream.clip().frames == 2 and stream.clip().confidence is None


ODD = [
    *({"window": value} for value in (0, "2", float("nan"), 1e9)),
    *({"fps": value} for value in (-1, "30", True, 1e9, 10**400)),
    *({"every": value} for value in (0, None, 1e308)),
    *({"persons": value} for value in ("3", 2.5, 0, 10**9, True)),
    *({"smoothing": value} for value in (-1, float("inf"), [])),
    *({"leave": 0.8}, {"enter": "high"}, {"gap": 1j}, {"each": "no"}),
]


@pytest.mark.parametrize("option", ODD, ids=str)
def test_numbers_that_make_no_sense_are_refused(option):
    with pytest.raises(LabanError, match=f"stream: .*{next(iter(option))}.* give"):
        Stream(Height(), **option)


def test_numbers_of_other_libraries_are_numbers():
    given = {"fps": np.float32(10), "persons": np.int64(2), "window": np.array(1.0)}
    stream = Stream(Height(), each=np.True_, **given)
    stream.push(body(1), time=np.float32(0.5), ids=np.array([7]))
    assert stream.clip(7).fps == 10


def test_confidence_of_nobody_is_none_or_empty():
    stream = Stream(Height(), fps=10)
    stream.push([])
    stream.push(body(1), confidence=np.ones(20))
    stream.push([])
    stream.push([], confidence=[])
    stream.push(body(1), confidence=np.ones(20))
    assert stream.clip().confidence[0, :, 0].tolist() == [0, 1, 0, 0, 1]


def test_what_is_refused_is_not_told_at_length():
    with pytest.raises(LabanError) as fault:
        Stream(Height()).push(body(1), ids=["x" * 10**5] * 10**4)
    assert len(str(fault.value)) < 400


def test_the_last_frames_have_no_seam():
    ring = Ring(1, 4, 1, 1)
    for number in range(11):
        ring.write({"a": np.full((1, 1), number)})
        poses, present = ring.read()
        wanted = list(range(max(0, number - 3), number + 1))
        assert poses[0, :, 0, 0].tolist() == wanted and present.all()
        assert np.shares_memory(poses, ring.read()[0])
