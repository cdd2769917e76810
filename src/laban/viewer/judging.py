"""Judges the clips of a store, block by block beside the server, so that they can be sorted."""

from pathlib import Path
from threading import Event, Thread

import numpy as np

from laban.errors import LabanError
from laban.prediction import softmax
from laban.store import Store
from laban.viewer.network import Naming
from laban.viewer.shelf import UNFIT, UNKNOWN, Shelf

__all__ = ["Judge", "note_tested"]


def note_tested(shelf: Shelf, run: Path, network: Naming) -> int:
    """Takes over what a run's own test said of a store's clips, and counts them.

    Only where it is the very store that the run was tested on.
    """
    scores = run / "test.parquet"
    store = shelf.clips
    digest = network.card.notes.get("data", {}).get("digest")
    if not isinstance(store, Store) or not scores.is_file() or digest != store.digest:
        return 0
    from laban.evaluation.scores import Scores

    tested = Scores.load(scores)
    if tested.classes != network.card.classes:
        return 0
    rows = {name: row for row, name in enumerate(store.names.tolist())}
    shares = softmax(tested.values)
    for name, share in zip(tested.clips, shares, strict=True):
        if name in rows:
            shelf.note(rows[name], int(share.argmax()), float(share.max()))
    return len(tested.clips)


class Judge:
    """A thread that judges every clip of a shelf that is not judged yet.

    Args:
        shelf: The clips.
        network: Names them.
    """

    def __init__(self, shelf: Shelf, network: Naming) -> None:
        self.shelf, self.network = shelf, network
        self._over = Event()
        self._thread = Thread(target=self.work, daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends behind the block that is at work."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def work(self) -> None:
        """Judges in the shelf's order."""
        open_ = np.flatnonzero(self.shelf.said == UNKNOWN)
        size = self.network.predictor.batch
        for first in range(0, len(open_), size):
            if self._over.is_set():
                return
            self._block([int(number) for number in open_[first : first + size]])

    def _block(self, numbers: list[int]) -> None:
        """One block; where its pipeline refuses a clip each is judged alone."""
        fit = {}
        for number in numbers:
            try:
                clip = self.shelf.clips[number]
                self.network.check(clip)
                fit[number] = clip
            except LabanError:
                self.shelf.note(number, UNFIT, 0.0)
        try:
            found = self.network.predictor.predict(fit.values())
        except LabanError:
            if len(numbers) == 1:
                self.shelf.note(numbers[0], UNFIT, 0.0)
            else:
                for number in fit:
                    self._block([number])
            return
        for number, row in zip(fit, found, strict=True):
            self.shelf.note(number, row.index, row.probability)
