from laban.evaluation.naming import kept_name


def judge(
    path, *, neighbours: int = 1, share: float, joints: list | None = None, new: bool = False
):
    """A protocol with an option of every kind."""


def test_what_is_not_at_its_default_is_in_the_name():
    given = {"neighbours": 1, "share": 5.0}
    assert kept_name("knn", judge, "dhg-28:3", given) == "knn-dhg-28-3-share-5"
    given = {"neighbours": 5, "share": 0.5, "joints": [2, 4], "new": True}
    wanted = "knn-toy-neighbours-5-share-0.5-joints-2-4-new"
    assert kept_name("knn", judge, "toy", given) == wanted
