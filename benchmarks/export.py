"""Networks of the papers' sizes as ONNX files: how far they are from PyTorch, how large, how fast.

    OMP_NUM_THREADS=1 python benchmarks/export.py [--only NAME ...] [--clips 8] [--json]

Each recipe's pipeline and encoder for NTU RGB+D 60 (25 joints, two persons, 60 classes), weights as
they start by seed, batch statistics as the built-in recordings of two persons leave them. Each
network has a process of its own, so that its memory is its own. A difference is the largest of
ONNX Runtime's scores to PyTorch's, on recordings of two persons and of their first one alone, over
the spread: the range of the scores once each class has lost its mean, for what clips share is no
measure. Times are of the processor, of a clip the best of three.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch

from laban import config
from laban.batch import collate
from laban.benchmarks import find_benchmark
from laban.clip import Clip
from laban.export import export
from laban.inference import Recogniser
from laban.motions import TWO_PERSON, record
from laban.run import Run
from laban.runtime import ExportedPredictor, Predictor
from laban.skeletons import SKELETONS

NETWORKS = {
    "dsta-net": ("dsta-net-ntu", {}),
    "s-tr": ("st-tr-ntu", {}),
    "t-tr": ("st-tr-ntu", {"name": "t-tr"}),
    "stst": ("stst-ntu", {}),
    "hi-trs": ("hi-trs-ntu", {}),
    "pstl's st-gcn": ("pstl-ntu", {}),
    "st-gcn": ("pstl-ntu", {"layers": None}),
}


def clips(count: int) -> list[Clip]:
    """Recordings of two persons, and of every other one the first person alone."""
    found = []
    for number in range(count):
        actions = sorted(TWO_PERSON)
        clip = record(actions[number % len(actions)], 1 + number, flaws=False).clip()
        there = clip.present.copy()
        there[1:] &= number % 2 == 0
        found.append(replace(clip, present=there, poses=clip.poses * there[..., None, None]))
    return found


def untrained(folder: Path, name: str, shown: list[Clip]) -> Path:
    """A run of weights by seed, whose batch statistics are those of clips."""
    recipe, changes = NETWORKS[name]
    values = config.resolve(config.load_recipe(recipe)).values
    encoder = values["encoder"] | changes
    encoder = {key: value for key, value in encoder.items() if value is not None}
    run = Run(
        path=folder,
        recipe=values | {"encoder": encoder, "objective": {"name": "recognition"}},
        skeleton=SKELETONS["kinect-v2"],
        channels=3,
        stream="joint",
        benchmark=find_benchmark("ntu60-xsub"),
    )
    torch.manual_seed(0)
    parts = run.build()
    for module in parts.objective.modules():
        if hasattr(module, "running_var"):
            module.momentum = 1.0
    prepared = [parts.pipeline.prepare(clip) for clip in shown]
    with torch.no_grad():
        poses, present = parts.pipeline.view(
            collate(prepared, [-1] * len(shown), range(len(shown))), "joint"
        )
        parts.encoder.train()(poses, present)
    folder.mkdir()
    run.save_weights(parts.objective)
    return folder


def scored(predictor: Predictor, shown: list[Clip]) -> tuple[np.ndarray, float]:
    """Scores (B, K), and milliseconds a clip."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        scores = predictor.scores(shown)
        best = min(best, time.process_time() - began)
    return scores, round(1000 * best / len(shown), 1)


def measured(name: str, count: int) -> dict:
    """The row of a network."""
    shown = clips(count)
    with tempfile.TemporaryDirectory() as place:
        run = untrained(Path(place) / "run", name, shown)
        out, began = Path(place) / "model.onnx", time.process_time()
        small = Path(export(run, out, int8=True).value["int8"])
        seconds = time.process_time() - began
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        recogniser = Recogniser(Run.open(run))
        wanted, torch_ms = scored(recogniser, shown)
        exact, exact_ms = scored(ExportedPredictor(out, threads=1), shown)
        rough, rough_ms = scored(ExportedPredictor(small, threads=1), shown)
        spread = float(np.ptp(wanted - wanted.mean(0)))
        parameters = sum(one.numel() for one in recogniser.parts.objective.parameters())
        return {
            "parameters": parameters,
            "opset": onnx.load(out, load_external_data=False).opset_import[0].version,
            "mib": round(out.stat().st_size / 2**20, 1),
            "int8_mib": round(small.stat().st_size / 2**20, 1),
            "export_s": round(seconds, 1),
            "export_peak_mib": round(most / 2**10),
            "difference": float(np.abs(exact - wanted).max()) / spread,
            "int8_difference": float(np.abs(rough - wanted).max()) / spread,
            "same_class": int((exact.argmax(1) == wanted.argmax(1)).sum()),
            "int8_same_class": int((rough.argmax(1) == wanted.argmax(1)).sum()),
            "clips": count,
            "ms": [torch_ms, exact_ms, rough_ms],
        }


def main() -> None:
    """Prints a table, or with --json one JSON value."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if len(given.only) == 1:
        rows = {given.only[0]: measured(given.only[0], given.clips)}
    else:
        rows = {}
        for name in given.only:
            words = [
                sys.executable,
                __file__,
                "--only",
                name,
                "--clips",
                str(given.clips),
                "--json",
            ]
            environment = os.environ | {"OMP_NUM_THREADS": "1"}
            done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
            rows |= json.loads(done.stdout)
    if given.json:
        print(json.dumps(rows))
        return
    for name, row in rows.items():
        print(
            name,
            *(
                f"{key} {value:.2g}"
                if isinstance(value, float) and value < 0.1
                else f"{key} {value}"
                for key, value in row.items()
            ),
            sep="\n    ",
        )


if __name__ == "__main__":
    main()
