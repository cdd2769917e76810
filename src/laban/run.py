"""A run: a folder that explains itself.

``recipe.yaml`` the resolved recipe, ``run.json`` what it was trained on and how it went,
``weights.safetensors`` the weights with skeleton, classes, stream and pipeline in their header,
``metrics.jsonl`` one line an epoch, ``test.parquet`` the scores of the test clips, ``report.html``.
Prediction needs nothing else: a run knows its pipeline, stream and classes.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from laban.assembly import Parts, assemble
from laban.benchmarks import Benchmark, find_benchmark
from laban.card import FORMAT, Card
from laban.errors import LabanError
from laban.objectives import task_of

__all__ = ["FORMAT", "Run", "new_folder"]

WEIGHTS = "weights.safetensors"
_FILES = {  # what may stand in a run's place by mistake
    ".onnx": "is an exported file, which 'laban predict', 'serve' and 'watch' take: here name the "
    "run folder that it was made from",
    ".pt2": "is an exported file, for programs that call torch.export.load: here name the run "
    "folder that it was made from",
}


def new_folder(path: Path, *, resume: bool = False) -> Path:
    """Makes the folder of a new run; an existing one is left alone unless it is resumed."""
    if path.is_dir() and any(path.iterdir()):
        if not resume:
            raise LabanError(f"{path} exists already, choose another --out, or go on with --resume")
    elif path.exists() and not path.is_dir():
        raise LabanError(f"{path} is a file, choose another --out")
    path.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(kw_only=True)
class Run(Card):
    """What a run knows of itself, and its folder.

    Attributes:
        path: Its folder.
    """

    path: Path

    def save_facts(self) -> None:
        """Writes ``run.json`` and ``recipe.yaml``."""
        _replace(self.path / "run.json", json.dumps(self.facts(), indent=1))
        _replace(self.path / "recipe.yaml", yaml.safe_dump(self.recipe, sort_keys=False))

    def save_weights(self, objective: nn.Module) -> None:
        """Writes the objective's weights with the run's facts in the header."""
        tensors = {k: v.detach().cpu().contiguous() for k, v in objective.state_dict().items()}
        new = self.path / f"{WEIGHTS}.new"
        save_file(tensors, new, metadata={"laban": json.dumps(self.facts())})
        os.replace(new, self.path / WEIGHTS)

    def save(self, objective: nn.Module) -> None:
        """Writes facts and weights."""
        self.save_facts()
        self.save_weights(objective)

    def need_clips(self) -> None:
        """Refuses a run that finds segments or predicts poses where clips are to be named."""
        if task_of(self.recipe) == "detection":
            raise LabanError(
                f"{self.path} finds actions in recordings and names no clips: use 'laban detect', "
                "or 'laban evaluate --protocol detection'"
            )
        if task_of(self.recipe) == "forecasting":
            raise LabanError(
                f"{self.path} predicts motion and names no clips: use 'laban forecast', or "
                "'laban evaluate --protocol forecasting'"
            )

    def judged_on(self, word: str | None, *, same_classes: bool = False) -> Benchmark:
        """The benchmark of a word; without one that of the training.

        Args:
            word: The benchmark's word, or None.
            same_classes: Whether it must have the classes of the training.

        Raises:
            LabanError: Where it has others.
        """
        chosen = find_benchmark(word) if word else self.benchmark
        if same_classes and chosen.classes != self.classes:
            raise LabanError(
                f"benchmark {chosen.name} has other classes than {self.benchmark.name}, on which "
                "the run was trained: evaluate it on one with the same classes"
            )
        return chosen

    def build(self) -> Parts:
        """Pipeline, encoder and objective of this run, with fresh weights."""
        rate = {"fps": self.notes["fps"]} if "fps" in self.notes else {}
        given = (self.recipe, self.skeleton, self.channels, self.stream, len(self.classes))
        return assemble(*given, **rate)

    def load(self) -> Parts:
        """Pipeline, encoder and objective with the trained weights, ready to evaluate."""
        parts = self.build()
        with _weights(self.path) as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        missing, spare = parts.objective.load_state_dict(state, strict=False)
        if missing or spare:
            raise LabanError(
                f"{self.path / WEIGHTS} does not fit its recipe: missing {missing[:3]}, left over "
                f"{spare[:3]}; train the run again"
            )
        parts.objective.eval()
        return parts

    def in_use(self, *, fresh: bool = False) -> Parts:
        """As `load`, or as `build` where `fresh`, on the GPU where there is one."""
        parts = self.build() if fresh else self.load()
        parts.objective.to("cuda" if torch.cuda.is_available() else "cpu")
        return parts

    def give_encoder(self, encoder: nn.Module, stream: str) -> None:
        """Fills an encoder of another training with this run's weights.

        Args:
            encoder: Of the same kind and size; of a hi-trs perhaps fewer levels.
            stream: What it will be shown.

        Raises:
            LabanError: Where stream or sizes differ.
        """
        if stream != self.stream:
            raise LabanError(
                f"{self.path} was trained on stream {self.stream}, not on {stream}: start from a "
                f"run of stream {stream}"
            )
        source = self.load().encoder
        state, own = source.state_dict(), encoder.state_dict()
        if getattr(encoder, "level", None) != getattr(source, "level", None):
            state = {name: value for name, value in state.items() if name in own}
        try:
            encoder.load_state_dict(state)
        except RuntimeError as error:
            first = str(error).strip().splitlines()[-1].strip()[:160]
            raise LabanError(
                f"the encoder of {self.path} does not fit the recipe's ({first}): give the recipe "
                "the same encoder"
            ) from None

    def digest(self) -> str:
        """SHA-256 of the weights file, headed by what it was trained on."""
        return hashlib.sha256((self.path / WEIGHTS).read_bytes()).hexdigest()

    @classmethod
    def open(cls, path: Path | str) -> "Run":
        """The run in that folder, read off the header of its weights."""
        path = Path(path)
        with _weights(path) as file:
            header = (file.metadata() or {}).get("laban")
        if header is None:
            raise LabanError(f"{path / WEIGHTS} was not written by Laban, name a run folder")
        return cls.from_facts(json.loads(header), str(path), path=path)

    def metrics(self) -> list[dict[str, float]]:
        """One row an epoch."""
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return []
        try:
            return [json.loads(line) for line in path.read_text().splitlines()]
        except ValueError:
            raise LabanError(f"{path} is damaged, train the run again") from None


def _weights(path: Path) -> Any:
    """The open weights file of a run folder."""
    if path.is_file():
        raise LabanError(f"{path} " + _FILES.get(path.suffix, "is a file: name a run folder"))
    if not (path / WEIGHTS).is_file():
        begun = (path / "last.ckpt").is_file()
        mend = "end its training with --resume" if begun else "name a run folder"
        raise LabanError(f"{path} holds no {WEIGHTS}: {mend}")
    try:
        return safe_open(path / WEIGHTS, framework="pt")
    except SafetensorError as error:
        raise LabanError(f"{path / WEIGHTS} is damaged ({error}), train the run again") from None


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.replace(new, path)


def environment() -> dict[str, Any]:
    """What a figure was measured on: versions, threads, device."""
    import platform

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor()
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": device or platform.machine(),
    }
