import numpy as np

from laban.evaluation.scores import Scores
from laban.inference import load
from laban.prediction import softmax
from laban.store import Store
from laban.viewer import Shelf, network_of
from laban.viewer.judging import Judge, note_tested
from laban.viewer.shelf import UNFIT
from tests.viewer.conftest import CLASSES, two_persons


def test_every_clip_is_judged_and_one_with_nobody_is_left_out(viewed, tmp_path):
    empty = two_persons(9)
    empty.poses[:], empty.present[:] = 0, False
    store = Store.write(tmp_path / "s.arrow", [two_persons(0), empty, two_persons(1)])
    network = network_of(viewed.naming)
    shelf = Shelf(store, network.card.benchmark)
    judge = Judge(shelf, network)
    judge.start()
    judge._thread.join(30)
    judge.stop()
    wanted = load(viewed.naming).predict([store[0], store[2]])
    assert shelf.said.tolist() == [wanted[0].index, UNFIT, wanted[1].index]
    np.testing.assert_allclose(shelf.sure[[0, 2]], [row.probability for row in wanted], atol=1e-5)


def test_a_clip_that_its_pipeline_refuses_does_not_take_others_with_it(viewed, monkeypatch):
    network = network_of(viewed.naming)
    shelf = Shelf([two_persons(n) for n in range(3)], network.card.benchmark)
    prepare = network.parts.pipeline.prepare

    def picky(clip):
        if clip.name == "clip-1":
            from laban.errors import LabanError

            raise LabanError("not this one")
        return prepare(clip)

    monkeypatch.setattr(network.parts.pipeline, "prepare", picky)
    Judge(shelf, network).work()
    assert (shelf.said >= 0).tolist() == [True, False, True] and shelf.said[1] == UNFIT


def test_what_the_runs_own_test_said_is_taken_over_for_that_store_alone(viewed, tmp_path):
    store, network = Store(viewed.clips), network_of(viewed.naming)
    values = np.array([[1, 3], [2, 0]], np.float32)
    scores = Scores("toy", "test", CLASSES, ("clip-3", "clip-1"), np.array([1, 1]), values)
    scores.save(tmp_path / "test.parquet")
    shelf = Shelf(store, network.card.benchmark)
    assert note_tested(shelf, tmp_path, network) == 0 and (shelf.said < 0).all()
    network.card.notes["data"] = {"digest": store.digest}
    assert note_tested(shelf, tmp_path, network) == 2
    assert shelf.said.tolist() == [-1, 0, -1, 1, -1]
    assert shelf.sure[3] == np.float32(softmax(values)[0, 1])
