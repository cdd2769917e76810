"""What the contrastive objectives' tests share: four clips, a small ST-GCN and a short queue."""

import pytest
import torch

from laban.batch import collate
from laban.clip import Clip
from laban.encoders import ENCODERS
from laban.objectives import OBJECTIVES
from laban.pipelines import PIPELINES, View
from laban.skeletons import SKELETONS

SKELETON = SKELETONS["kinect-v2"]
SMALL = {"width": 6, "queue": 10, "momentum": 0.8, "temperature": 0.5}


def _batch(clips=4, frames=16):
    torch.manual_seed(0)
    pipeline = PIPELINES["pstl"](SKELETON, frames=frames, persons=1)
    made = [
        pipeline.prepare(Clip(f"c{n}", torch.randn(frames, 25, 3).cumsum(0).numpy(), SKELETON))
        for n in range(clips)
    ]
    return pipeline, collate(made, [0] * clips, range(clips))


def _made(name="skeleton-clr", **options):
    pipeline, clips = _batch()
    torch.manual_seed(1)
    encoder = ENCODERS["st-gcn"](SKELETON, layers=((8, 1), (8, 2)), dropout=0.0)
    return OBJECTIVES[name](encoder, View(pipeline, "joint"), **(SMALL | options)), clips


@pytest.fixture
def made():
    return _made
