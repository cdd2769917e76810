"""Networks in use, whatever computes them; here ONNX Runtime, without PyTorch.

An exported file holds the view, the encoder, the head and the card of its run (`laban.export`). A
clip is prepared here, in NumPy, and the graph takes what `laban.clip.stacked` gives.
ONNX Runtime: https://onnxruntime.ai/docs/api/python/api_summary.html
"""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from laban.card import Card
from laban.clip import Clip, stacked
from laban.component import component
from laban.errors import LabanError
from laban.pipelines import PIPELINES, Pipeline
from laban.prediction import Prediction, softmax

__all__ = ["CARD", "EXPORTED", "ExportedPredictor", "Predictor", "session_of"]

CARD = "laban"  # the metadata's key
EXPORTED = (".onnx", ".pt2")  # how the files of 'laban export' end


class Predictor:
    """A trained network that names actions.

    Args:
        card: What it takes and what it names.
        pipeline: Prepares its clips.
        batch: Clips at a time.
    """

    def __init__(self, card: Card, pipeline: Pipeline, *, batch: int = 32) -> None:
        self.card, self.pipeline, self.batch = card, pipeline, batch

    def predict(self, clips: Clip | Iterable[Clip]) -> list[Prediction]:
        """Names the action of each clip, in their order.

        Raises:
            LabanError: Where a clip does not fit the network or has nobody in it.
        """
        rows = iter([clips] if isinstance(clips, Clip) else clips)
        found: list[Prediction] = []
        while block := list(islice(rows, self.batch)):
            shares = softmax(self.scores(block))
            found += [
                Prediction.of(clip.name, row, self.card.classes)
                for clip, row in zip(block, shares, strict=True)
            ]
        return found

    def scores(self, clips: Sequence[Clip]) -> np.ndarray:
        """Class scores before the softmax, all clips at once: ``-> (B, classes)``.

        Raises:
            LabanError: Where a clip does not fit the network or has nobody in it.
        """
        for clip in clips:
            self.card.check_clip(clip)
        return self.prepared_scores([self.pipeline.prepare(clip) for clip in clips])

    def prepared_scores(self, clips: Sequence[Clip]) -> np.ndarray:
        """Class scores of clips that the pipeline has prepared: ``-> (B, classes)``."""
        raise NotImplementedError


class ExportedPredictor(Predictor):
    """An exported file.

    Args:
        path: What ``laban export`` wrote, ending in ``.onnx``.
        batch: Clips at a time.
        threads: Of ONNX Runtime; 0: as many as there are cores.

    Raises:
        LabanError: Where ONNX Runtime is not installed or cannot read the file.
    """

    def __init__(self, path: Path | str, *, batch: int = 32, threads: int = 0) -> None:
        self.path = Path(path)
        self.session = session_of(self.path, threads)
        metadata = self.session.get_modelmeta().custom_metadata_map
        if CARD not in metadata:
            raise LabanError(f"{path} was not written by 'laban export': export a run again")
        facts = json.loads(metadata[CARD])
        card = Card.from_facts(facts, str(path))
        pipeline = component(PIPELINES, card.recipe["pipeline"], card.skeleton)
        super().__init__(card, pipeline, batch=batch)
        self._inputs = {one.name: one.shape for one in self.session.get_inputs()}
        self._most = facts.get("most_frames")

    def prepared_scores(self, clips: Sequence[Clip]) -> np.ndarray:
        """Class scores of prepared clips: ``-> (B, classes)``."""
        return self.session.run(None, self.feeds(clips))[0]

    def feeds(self, clips: Sequence[Clip]) -> dict[str, np.ndarray]:
        """The file's inputs by name, of prepared clips."""
        poses, present, frames = stacked(clips)
        _, persons, length = poses.shape[:3]
        fixed = self._inputs["present"]
        if isinstance(fixed[1], int) and persons < fixed[1]:  # absent persons fill the places
            room = fixed[1] - persons
            poses = np.pad(poses, ((0, 0), (0, room), (0, 0), (0, 0), (0, 0)))
            present = np.pad(present, ((0, 0), (0, room), (0, 0)))
        if isinstance(fixed[2], int) and length != fixed[2]:
            raise LabanError(f"{self.path} takes {fixed[2]} frames, these clips have {length}")
        if self._most is not None and length > self._most:
            raise LabanError(
                f"{self.path} takes {self._most} frames at most, a clip near {clips[0].name} has "
                f"{length}: cut it"
            )
        feeds = {"poses": poses, "present": present, "frames": frames}
        return {name: values for name, values in feeds.items() if name in self._inputs}


def session_of(path: Path, threads: int) -> Any:
    """ONNX Runtime's session of a file."""
    try:
        import onnxruntime
    except ImportError:
        raise LabanError(
            f"{path} needs ONNX Runtime: install it with pip install 'laban[runtime]'"
        ) from None
    if not path.is_file():
        raise LabanError(f"{path} is no file: name what 'laban export' wrote")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 4
    # Without it sums of 8-bit products overflow on x86 processors that have no VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - its exceptions share no class but this
        raise LabanError(f"{path} cannot be read as ONNX ({error}), export it again") from None
