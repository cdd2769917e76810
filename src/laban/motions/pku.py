"""Writes untrimmed recordings as the text files of PKU-MMD.

https://arxiv.org/abs/1703.07475, https://www.icst.pku.edu.cn/struct/Projects/PKUMMD.html. Layout:
``skeleton/NNNN-V.txt``, ``labels/NNNN-V.txt``, ``split/cross-subject.txt`` and
``split/cross-view.txt``; the split files spell their second heading as the dataset does.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from laban.benchmarks import BENCHMARKS
from laban.motions.digits import as_text, cells
from laban.motions.recording import Recording
from laban.motions.untrimmed import PKU_CLASSES, VIEWS, record_untrimmed

__all__ = ["write_pku", "write_pku_recording"]

_TRAINING = BENCHMARKS["ntu60-xsub"].train["subject"]
_TRAINING_VIEWS = ("M", "R")


def _pku_text(recording: Recording) -> bytes:
    """One frame a line: the first two bodies seen, in the frame's order, then zeros."""
    frames = recording.poses.shape[1]
    two = np.zeros((frames, 2, 25, 3), np.float32)
    for t in range(frames):
        seen = [m for m in recording.order[t] if recording.present[m, t]][:2]
        two[t, : len(seen)] = recording.poses[seen, t]
    characters = cells(two.reshape(frames, -1), whole=2, decimals=6)
    characters[:, -1, -1] = ord("\n")
    return as_text(characters)


def write_pku_recording(recording: Recording, folder: Path | str) -> Path:
    """Write the skeleton and label files of one untrimmed recording; gives the skeleton file."""
    folder = Path(folder)
    for name in ("skeleton", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    lines = [f"{PKU_CLASSES[a]},{start},{stop - 1},2\n" for a, start, stop in recording.segments]
    (folder / "labels" / f"{recording.name}.txt").write_text("".join(lines), newline="\n")
    path = folder / "skeleton" / f"{recording.name}.txt"
    path.write_bytes(_pku_text(recording))
    return path


def _write_split(path: Path, training: list[str], validation: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lists = ("Training videos:", ", ".join(training), "Validataion videos:", ", ".join(validation))
    path.write_text("\n".join(lists) + "\n", newline="\n")


def write_pku(
    folder: Path | str,
    *,
    performers: Iterable[int] = range(1, 11),
    videos: int = 1,
    length: int = 8,
    views: Sequence[str] = tuple(VIEWS),
    actions: Sequence[int] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> int:
    """Write a small PKU-MMD: every performer in some long recordings, each seen from all views.

    Args:
        folder: Made where it is missing.
        performers: Numbers; those of NTU-60's cross-subject split train.
        videos: Recordings of each performer.
        length: Actions in each, drawn from `actions`.
        views: Of L, M, R; M and R train across views.
        actions: NTU numbers that PKU-MMD has too, or all of them.
        seed: Of everything.
        progress: Called after each file with the count so far and the total.

    Returns:
        The number of skeleton files.
    """
    choices = sorted(PKU_CLASSES) if actions is None else sorted(actions)
    people = [performer for performer in performers for _ in range(videos)]
    names: list[tuple[str, bool, bool]] = []
    for k, performer in enumerate(people):
        rng = np.random.default_rng([seed, 5, performer, k])
        drawn = [int(action) for action in rng.choice(choices, length)]
        for view in views:
            camera = VIEWS[view]
            recording = record_untrimmed(
                performer, actions=drawn, camera=camera, video=k + 1, seed=seed
            )
            write_pku_recording(recording, folder)
            names.append((recording.name, str(performer) in _TRAINING, view in _TRAINING_VIEWS))
            if progress is not None:
                progress(len(names), len(people) * len(views))
    for which, word in ((1, "cross-subject"), (2, "cross-view")):
        training = [entry[0] for entry in names if entry[which]]
        validation = [entry[0] for entry in names if not entry[which]]
        _write_split(Path(folder) / "split" / f"{word}.txt", training, validation)
    return len(names)
