import numpy as np

from laban.clip import Clip
from laban.evaluation.neighbour import nearest_neighbour
from laban.skeletons import SKELETONS
from laban.splits import Part
from laban.store import Store


def test_the_label_of_the_nearest_clip_whatever_its_length(tmp_path):
    skeleton = SKELETONS["hand-22"]
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(3, 22, 3))

    def clips():
        for number in range(12):
            poses = np.repeat(shapes[number % 3][None], 5 + number, 0)
            noise = rng.normal(size=poses.shape) * 0.3
            yield Clip(f"c{number}", poses + noise, skeleton, label=str(number % 3))

    store = Store.write(tmp_path / "s.arrow", clips())
    train = Part([0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 2])
    test = Part([6, 7, 8, 9, 10, 11], [0, 1, 2, 0, 1, 2])
    assert nearest_neighbour(store, train, test).tolist() == test.labels
