"""What holds for every pipeline, skeleton and stream."""

import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.clip import Clip
from laban.errors import LabanError
from laban.pipelines import PIPELINES
from laban.skeletons import SKELETONS
from laban.streams import STREAMS

LENGTHS = (1, 30, 200)
# ST-TR draws nothing unless its camera moves.
OPTIONS = {"st-tr": {"move": True}}
KEEPS_THE_SIZE = {"pstl", "st-tr"}


def clips(skeleton, persons=2):
    rng = np.random.default_rng(0)
    made = []
    for number, frames in enumerate(LENGTHS):
        poses = rng.normal(size=(persons, frames, len(skeleton), 3)).cumsum(1)
        present = np.ones((persons, frames), bool)
        present[1:, frames // 2 :] = False
        made.append(Clip(f"c{number}", poses * present[..., None, None], skeleton, present))
    return made


def batch(pipeline, made):
    return collate([pipeline.prepare(clip) for clip in made], range(len(made)), range(len(made)))


@pytest.mark.parametrize("layout", SKELETONS)
@pytest.mark.parametrize("name", PIPELINES)
def test_views_have_one_size_and_repeat_by_seed(name, layout):
    skeleton = SKELETONS[layout]
    pipeline = PIPELINES[name](skeleton, **OPTIONS.get(name, {}))
    made = batch(pipeline, clips(skeleton))
    for stream in STREAMS:
        poses, present = pipeline.view(made, stream)
        assert poses.shape[0] == 3 and poses.shape[3] == len(skeleton)
        assert poses.shape[4] == 3 * STREAMS[stream].width
        assert present.shape == poses.shape[:3]
        assert poses.isfinite().all()
        assert (poses[~present] == 0).all()
        torch.testing.assert_close(pipeline.view(made, stream)[0], poses)
        views = [
            pipeline.view(made, stream, torch.Generator().manual_seed(seed))[0]
            for seed in (5, 5, 6)
        ]
        assert views[0].shape == poses.shape
        assert torch.equal(views[0], views[1])
        assert not torch.equal(views[0], views[2])


@pytest.mark.parametrize("name", PIPELINES)
def test_a_view_of_a_batch_is_the_views_of_its_clips(name):
    skeleton = SKELETONS["kinect-v2"]
    pipeline = PIPELINES[name](skeleton, **OPTIONS.get(name, {}))
    made = clips(skeleton)
    whole = batch(pipeline, made)
    for seed in (None, 3):
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        poses, present = pipeline.view(whole, "bone", generator)
        for row, clip in enumerate(made):
            alone = collate([pipeline.prepare(clip)], [0], [row])
            generator = None if seed is None else torch.Generator().manual_seed(seed)
            single, there = pipeline.view(alone, "bone", generator)
            persons, frames = single.shape[1:3]
            shown = poses[row, :persons, :frames]
            torch.testing.assert_close(single[0], shown, atol=1e-5, rtol=1e-5)
            assert torch.equal(there[0], present[row, :persons, :frames])
            assert not present[row, :, frames:].any()


@pytest.mark.parametrize("name", PIPELINES)
def test_preparation_is_deterministic_and_leaves_the_clip_alone(name):
    skeleton = SKELETONS["kinect-v2"]
    clip = clips(skeleton)[1]
    before = clip.poses.copy()
    clip.poses.flags.writeable = False
    pipeline = PIPELINES[name](skeleton)
    one, two = pipeline.prepare(clip), pipeline.prepare(clip)
    np.testing.assert_array_equal(one.poses, two.poses)
    np.testing.assert_array_equal(clip.poses, before)
    assert one.poses.dtype == np.float32
    assert (one.name, one.label) == (clip.name, clip.label)


@pytest.mark.parametrize(
    "name", sorted(PIPELINES.keys() - {"hi-trs", "metric"})
)  # they normalise nothing
def test_preparation_forgets_where_the_camera_stands(name):
    """Moving the whole recording changes nothing; a larger body neither where the size is used."""
    skeleton = SKELETONS["kinect-v2"]
    clip = clips(skeleton, persons=1)[1]
    pipeline = PIPELINES[name](skeleton)
    size = 1 if name in KEEPS_THE_SIZE else 2.5
    moved = Clip("m", (clip.poses + [1, 2, 3]) * size, skeleton, clip.present)
    np.testing.assert_allclose(
        pipeline.prepare(moved).poses, pipeline.prepare(clip).poses, atol=1e-3
    )


@pytest.mark.parametrize("name", PIPELINES)
def test_an_empty_clip_is_refused_by_name(name):
    skeleton = SKELETONS["kinect-v2"]
    empty = Clip("nobody", np.zeros((2, 5, 25, 3)), skeleton)
    with pytest.raises(LabanError, match="clip nobody: nobody is present"):
        PIPELINES[name](skeleton).prepare(empty)
