import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from laban.batch import collate
from laban.encoders import ENCODERS
from laban.errors import LabanError
from laban.pipelines import View
from laban.runtime import Predictor
from laban.store import Store
from laban.viewer import Naming, network_of
from laban.viewer.attention import attention, attention_layers
from tests.encoders.test_contract import OPTIONS as TINY
from tests.test_live import Height
from tests.viewer.conftest import two_persons, write_run


def test_maps_are_the_encoders_and_stand_at_the_right_person(viewed):
    """The pipeline puts the livelier person first; the page must draw on that one."""
    network, clip = network_of(viewed.naming), two_persons(1)
    parts = network.parts
    with torch.inference_mode():
        batch = collate([parts.pipeline.prepare(clip)], [-1], [0])
        maps = parts.encoder.attention_maps(*View(parts.pipeline, "joint")(batch))
    for layer in (1, 2):
        told = attention(network, clip, layer, 0)
        assert (told["layer"], told["heads"], told["persons"]) == (f"block {layer}", 2, [1, 0])
        found = np.array(told["maps"]).reshape(2, 2, 25, 25)
        np.testing.assert_allclose(found, maps[layer - 1][0].numpy(), atol=6e-5)
    with pytest.raises(LabanError, match="layer 3 is asked for and the network has 2"):
        attention(network, clip, 3, 0)


def test_a_detection_run_looks_around_the_frame(viewed):
    network, clip = network_of(viewed.finding), Store(viewed.recordings)[0]
    near, far = (attention(network, clip, 1, frame)["maps"] for frame in (10, 50))
    assert near != far


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_is_asked_alike(name, tmp_path):
    """No encoder needs a word in the viewer: maps for those that have them, else their sentence."""
    options = {key: value for key, value in TINY[name][0].items() if key != "dropout"}
    run = write_run(tmp_path / "run", {"name": "recognition"}, {"name": name, **options})
    network, clip = network_of(run), two_persons(1)
    names, none = attention_layers(network)
    if not names:
        with pytest.raises(LabanError, match=re.escape(none)):
            attention(network, clip, 1, 0)
        return
    told = attention(network, clip, len(names), 0)
    assert (told["layer"], told["persons"]) == (names[-1], [1, 0]) and not none
    maps = np.array(told["maps"]).reshape(2, told["heads"], 25, 25)
    assert (np.abs(maps).sum((2, 3)) > 0).all()


def test_a_network_without_maps_says_so():
    network = Naming(Height())
    assert isinstance(network.predictor, Predictor)
    with pytest.raises(LabanError, match="An exported file keeps no attention maps: serve its run"):
        attention(network, two_persons(0), 1, 0)


def test_an_encoder_that_says_nothing_has_no_attention(viewed):
    network = network_of(viewed.naming)
    network.parts = SimpleNamespace(encoder=object())
    assert attention_layers(network) == ((), "This encoder shows no attention between joints.")
