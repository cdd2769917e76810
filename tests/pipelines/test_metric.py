"""Pipeline metric changes no length, drops no frame and moves a clip as a whole."""

import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.clip import Clip
from laban.errors import LabanError
from laban.pipelines.metric import MetricPipeline
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["kinect-v2"]


def clip():
    rng = np.random.default_rng(0)
    poses = rng.normal(size=(2, 12, 25, 3)).cumsum(1)
    present = np.ones((2, 12), bool)
    present[:, :2] = present[:, 5] = present[1, 8:] = False
    return Clip("c", poses * present[..., None, None], SKELETON, present, fps=25.0)


def test_every_frame_stays_where_it_was_with_the_liveliest_person_first():
    whole = clip()
    found = MetricPipeline(SKELETON).prepare(whole)
    assert found.frames == 12 and found.fps == 25.0 and found.persons == 2
    for person in range(2):
        assert any(np.array_equal(found.poses[person], pose) for pose in whole.poses)
    assert (found.present == (found.poses != 0).any((2, 3))).all()
    alone = MetricPipeline(SKELETON, persons=1).prepare(whole)
    np.testing.assert_array_equal(alone.poses[0], found.poses[0])


@pytest.mark.parametrize("mirror", [0.0, 1.0])
def test_a_training_view_keeps_every_distance_and_height(mirror):
    pipeline = MetricPipeline(SKELETON, mirror=mirror)
    batch = collate([pipeline.prepare(clip())] * 3, [0] * 3, range(3))
    plain, _ = pipeline.view(batch, "joint")
    assert torch.equal(plain, batch.poses)
    drawn, _ = pipeline.view(batch, "joint", torch.Generator().manual_seed(1))
    order = list(SKELETON.mirror) if mirror else list(range(25))
    plain = plain[..., order, :]
    torch.testing.assert_close(drawn[..., 1], plain[..., 1])
    for one, two in zip(drawn, plain, strict=True):
        apart = [
            torch.cdist(poses[0].flatten(0, 1), poses[1].flatten(0, 1)) for poses in (one, two)
        ]
        torch.testing.assert_close(*apart, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(drawn[0], drawn[1])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"persons": 0}, "persons is 0"), ({"mirror": 2}, "mirror is 2"), ({"turn": -1}, "turn is")],
)
def test_options_that_make_no_sense_are_said(options, sentence):
    with pytest.raises(LabanError, match=sentence):
        MetricPipeline(SKELETON, **options)


def test_pictures_have_no_metres():
    flat = Clip("p", clip().poses[..., :2], SKELETON)
    with pytest.raises(LabanError, match="clip p has 2 channels, pipeline metric takes x y z"):
        MetricPipeline(SKELETON).prepare(flat)
