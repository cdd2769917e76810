import numpy as np
import pytest

from laban.errors import LabanError
from laban.store import Store
from laban.viewer import Library, Shelf, network_of
from laban.viewer.shelf import UPLOADS, Wanted
from tests.viewer.conftest import CLASSES, two_persons


@pytest.fixture
def shelf(viewed):
    shelf = Shelf(Store(viewed.clips), network_of(viewed.naming).card.benchmark)
    for number, said in enumerate((0, 0, 1, 1)):
        shelf.note(number, said, 0.9)
    return shelf


@pytest.mark.parametrize("judged", [None, "right", "wrong", "open"])
@pytest.mark.parametrize("label", [None, "raise", "nothing"])
@pytest.mark.parametrize("subject", [None, "1"])
@pytest.mark.parametrize("text", ["", "IP-3"])
def test_filters_are_what_a_loop_finds(shelf, judged, label, subject, text):
    said = {0: 0, 1: 0, 2: 1, 3: 1}
    wanted = []
    for number, clip in enumerate(shelf.clips):
        truth = CLASSES.index(clip.label)
        state = "open" if number not in said else "right" if said[number] == truth else "wrong"
        fits = judged in (None, state) and label in (None, clip.label)
        if fits and subject in (None, clip.facts["subject"]) and text.lower() in clip.name:
            wanted.append(number)
    found = shelf.page(Wanted(text, label, subject, judged), 0, 50)
    assert [row["number"] for row in found["clips"]] == wanted and found["total"] == len(wanted)


def test_pages_are_cut_from_the_list(shelf):
    pages = [shelf.page(Wanted(), page, 2) for page in range(4)]
    numbers = [[row["number"] for row in page["clips"]] for page in pages]
    assert numbers == [[0, 1], [2, 3], [4], []] and {page["total"] for page in pages} == {5}
    row = pages[0]["clips"][1]
    assert (row["label"], row["said"], row["right"], row["persons"]) == ("lower", "raise", False, 2)
    assert shelf.facets()["labels"] == [["lower", 2], ["raise", 3]]
    assert shelf.facets()["judged"] == 4


def test_a_label_that_is_no_class_has_no_truth(viewed):
    clip = two_persons(0)
    clip.label = "somersault"
    shelf = Shelf([clip], network_of(viewed.naming).card.benchmark)
    shelf.note(0, 1, 0.8)
    assert shelf.true_class(0) is None
    assert shelf.page(Wanted(judged="open"), 0, 9)["clips"][0]["right"] is None


def test_uploads_are_kept_while_there_is_room(viewed):
    benchmark = network_of(viewed.naming).card.benchmark
    clip = two_persons(0)
    library = Library(benchmark, None, most=3 * (clip.poses.nbytes + clip.present.nbytes))
    words = [library.add([clip]) for _ in range(5)]
    assert [library.shelf(word) is not None for word in words] == [False, False, True, True, True]
    assert len(set(words)) == 5 and library.shelf("store") is None
    with pytest.raises(LabanError, match="too many: send parts"):
        library.add([two_persons(n) for n in range(4)])
    many = Library(benchmark, None, most=2**40)
    words = [many.add([clip]) for _ in range(UPLOADS + 1)]
    assert many.shelf(words[0]) is None and many.shelf(words[1]) is not None


def test_an_upload_does_not_hold_on_to_the_file_it_came_in(viewed):
    library = Library(network_of(viewed.naming).card.benchmark, None, most=2**30)
    clip = Store(viewed.clips)[0]
    kept = library.shelf(library.add([clip])).clips[0]
    assert not np.shares_memory(kept.poses, clip.poses)
    assert not np.shares_memory(kept.present, clip.present)
    np.testing.assert_array_equal(kept.poses, clip.poses)
