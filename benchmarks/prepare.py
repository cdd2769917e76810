"""From NTU text to what DSTA-Net sees: reading, choice of people and preparation, on one core.

    OMP_NUM_THREADS=1 python benchmarks/prepare.py

Milliseconds a made-up clip of two persons and 70 frames, the least of several rounds, in this
process's own time; beside it the same steps in loops over persons, frames and joints, as the
official repositories do them. Both give the same poses, which is checked first. Then how many
clips of 64 frames a second one core loads as batches of 64 from a store, prepared once or, by each
pipeline, at every read; and how many a second of a batch each pipeline augments, beside what the
smallest network of the recipes takes.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "data"))

from make_ntu import two_persons

from laban import config
from laban.batch import Batch
from laban.clip import Clip
from laban.dataset import ClipDataset, EpochSampler, batches
from laban.encoders import ENCODERS
from laban.nn import Classifier
from laban.pipelines import PIPELINES, View
from laban.readers import READERS
from laban.readers.source import Source
from laban.skeletons import Skeleton, skeleton_named
from laban.store import Store

ORIGIN, TIP, ELBOW, LONGEST = 0, 20, 5, 300


def read_in_loops(path: Path) -> np.ndarray:
    """(M, 300, 25, 3) by body id, every number of every line turned into one."""
    bodies: dict[str, np.ndarray] = {}
    with path.open() as file:
        for frame in range(int(file.readline())):
            for _ in range(int(file.readline())):
                name = file.readline().split()[0]
                body = bodies.setdefault(name, np.zeros((LONGEST, 25, 3)))
                for joint in range(int(file.readline())):
                    values = [float(word) for word in file.readline().split()]
                    body[frame, joint] = values[:3]
    return np.stack(list(bodies.values()))


def energy_in_loops(body: np.ndarray) -> float:
    """The spread of the joints about the root over the frames where the body is."""
    seen = [frame - frame[ORIGIN] for frame in body if frame.any()]
    return sum(float(np.std([frame[:, axis] for frame in seen])) for axis in range(3))


def turn_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The rotation of one direction into another, by axis and angle."""
    axis = np.cross(a, b)
    axis = axis / np.linalg.norm(axis)
    angle = np.arccos(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def turn_in_loops(poses: np.ndarray, turn: np.ndarray) -> None:
    """Turns every joint where somebody is, in place."""
    for body in poses:
        for frame in body:
            if frame.any():
                for joint in range(25):
                    frame[joint] = np.dot(turn, frame[joint])


def prepare_in_loops(poses: np.ndarray) -> np.ndarray:
    """(M, 300, 25, 3) -> the two liveliest bodies, centred, sized and turned."""
    order = sorted(range(len(poses)), key=lambda m: -energy_in_loops(poses[m]))[:2]
    poses = poses[order].copy()
    centre = poses[0, 0, ORIGIN].copy()
    for body in poses:
        for frame in body:
            for joint in range(25):
                if frame[joint].any():
                    frame[joint] = frame[joint] - centre
    poses /= np.linalg.norm(poses[0, 0, TIP] - poses[0, 0, ORIGIN])
    turn_in_loops(poses, turn_between(poses[0, 0, TIP] - poses[0, 0, ORIGIN], np.eye(3)[2]))
    level = (poses[0, 0, ELBOW] - poses[0, 0, TIP]) * [1, 1, 0]
    turn_in_loops(poses, turn_between(level, np.eye(3)[0]))
    return poses


def least(work: Callable[[], object], seconds: float = 3.0) -> float:
    """Seconds of this process that the quickest round took."""
    best, end = float("inf"), time.process_time() + seconds
    while time.process_time() < end:
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def loading(folder: Path, clips: int = 1000) -> dict[str, float]:
    """Clips of 64 frames, 25 joints and 2 persons a second: prepared once, or at every read."""
    rng = np.random.default_rng(0)
    made = (
        Clip(f"c{n}", rng.normal(size=(2, 64, 25, 3)).astype(np.float32), "kinect-v2")
        for n in range(clips)
    )
    store = Store.write(folder / "store.arrow", made)
    ways = {
        name: ClipDataset(store, range(clips), [0] * clips, made(store.skeleton))
        for name, made in PIPELINES.items()
    }
    ways["dsta-net"].prepare(folder / "prepared.arrow")
    ways = {"prepared once": ways["dsta-net"].prepared_at(folder / "prepared.arrow")} | ways
    sampler = EpochSampler(clips, 64, seed=0)

    def rate(dataset: ClipDataset) -> float:
        seen = sum(len(batch) for batch in batches(dataset, sampler))
        return seen / least(lambda: sum(len(batch) for batch in batches(dataset, sampler)))

    return {name: rate(dataset) for name, dataset in ways.items()}


def augmenting(clips: int = 64) -> dict[str, float]:
    """Clips of a prepared batch a second that each pipeline augments, beside a small encoder."""
    skeleton = skeleton_named("kinect-v2")
    torch.manual_seed(0)
    poses, lengths = torch.randn(clips, 2, 64, 25, 3), torch.full((clips,), 64)
    present, keys = torch.ones(clips, 2, 64, dtype=torch.bool), torch.arange(clips)
    batch = Batch(poses, present, lengths, keys % 10, keys)
    generator = torch.Generator().manual_seed(0)

    def rate(work: Callable[[], object]) -> float:
        work()
        return clips / least(work)

    found = {}
    for name, made in PIPELINES.items():
        view = View(made(skeleton), "joint")
        found[f"augmented by {name}"] = rate(lambda view=view: view(batch, generator))
    recipe, network = smallest(skeleton)
    found[f"trained on, by {recipe}'s"] = rate(lambda: network(poses, None).sum().backward())
    network.eval()
    with torch.inference_mode():
        found["recognised by it"] = rate(lambda: network(poses, None))
    return found


def smallest(skeleton: Skeleton) -> tuple[str, Classifier]:
    """The recipe of the network with the fewest parameters, and that network."""

    def made(recipe: str) -> Classifier:
        options = dict(config.load_recipe(recipe)["encoder"])
        return Classifier(ENCODERS[options.pop("name")](skeleton, **options), 10)

    bases = [name for name in config.recipe_names() if not config.table_row(name)]
    networks = {recipe: made(recipe) for recipe in bases}
    name = min(networks, key=lambda recipe: sum(p.numel() for p in networks[recipe].parameters()))
    return name, networks[name]


def main() -> None:
    """Print what was measured."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "raw").mkdir()
        path = folder / "raw" / "S001C001P001R001A050.skeleton"
        path.write_text(two_persons(70))
        source, reader = Source.open(folder / "raw"), READERS["ntu"]
        (entry,) = reader.find(source)
        pipeline = PIPELINES["dsta-net"](skeleton_named("kinect-v2"))
        clip, raw = reader.read(source, entry), read_in_loops(path)
        ours, theirs = pipeline.prepare(clip).poses, prepare_in_loops(raw)
        np.testing.assert_allclose(ours, theirs[:, : ours.shape[1]], atol=1e-4)
        print("two persons, 70 frames, one core     laban   in loops")
        rows = {
            "reading": (lambda: reader.read(source, entry), lambda: read_in_loops(path)),
            "people and preparation": (
                lambda: pipeline.prepare(clip),
                lambda: prepare_in_loops(raw),
            ),
        }
        for what, ways in rows.items():
            one, other = (1e3 * least(way) for way in ways)
            print(f"{what:<34} {one:5.2f} ms  {other:5.1f} ms  {other / one:5.1f} times")
        print("loading clips of 64 frames, two persons, a second:")
        for name, rate in loading(folder).items():
            print(f"{name:<34} {rate:,.0f}")
        print("clips of a batch of 64 a second, 64 frames, two persons:")
        for name, rate in augmenting().items():
            print(f"{name:<34} {rate:,.0f}")


if __name__ == "__main__":
    main()
