"""From a path to a network in use: a run folder, or a file that ``laban export`` wrote."""

from pathlib import Path

from laban.errors import LabanError
from laban.runtime import ExportedPredictor, Predictor

__all__ = ["load"]


def load(run: Path | str) -> Predictor:
    """The network at a path; an .onnx file needs no PyTorch.

    Raises:
        LabanError: Where neither a run nor an exported file is there.
    """
    if Path(run).suffix == ".onnx":
        return ExportedPredictor(run)
    if Path(run).suffix == ".pt2":
        raise LabanError(
            f"{run} is for programs that call torch.export.load: give its run folder here, or what "
            "'laban export' writes as .onnx"
        )
    from laban.inference import load as load_run

    return load_run(run)
