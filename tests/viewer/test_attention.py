import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.errors import LabanError
from laban.pipelines import View
from laban.runtime import Predictor
from laban.store import Store
from laban.viewer import Naming, network_of
from laban.viewer.attention import attention, attention_layers
from tests.test_live import Height
from tests.viewer.conftest import two_persons


def test_maps_are_the_encoders_and_stand_at_the_right_person(viewed):
    """The pipeline puts the livelier person first; the page must draw on that one."""
    network, clip = network_of(viewed.naming), two_persons(1)
    parts = network.parts
    with torch.inference_mode():
        batch = collate([parts.pipeline.prepare(clip)], [-1], [0])
        maps = parts.encoder.attention_maps(*View(parts.pipeline, "joint")(batch))
    for layer in (1, 2):
        told = attention(network, clip, layer, 0)
        assert (told["layers"], told["heads"], told["persons"]) == (2, 2, [1, 0])
        found = np.array(told["maps"]).reshape(2, 2, 25, 25)
        np.testing.assert_allclose(found, maps[layer - 1][0].numpy(), atol=6e-5)
    with pytest.raises(LabanError, match="layer 3 is asked for and the network has 2"):
        attention(network, clip, 3, 0)


def test_a_detection_run_looks_around_the_frame(viewed):
    network, clip = network_of(viewed.finding), Store(viewed.recordings)[0]
    near, far = (attention(network, clip, 1, frame)["maps"] for frame in (10, 50))
    assert near != far


def test_a_network_without_maps_says_so():
    network = Naming(Height())
    assert isinstance(network.predictor, Predictor) and attention_layers(object()) == 0
    with pytest.raises(LabanError, match="keeps no attention maps"):
        attention(network, two_persons(0), 1, 0)
