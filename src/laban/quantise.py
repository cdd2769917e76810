"""An ONNX file whose products are of 8-bit numbers in place of 32-bit ones.

With clips at hand (calibration) every product, convolution and sum stays in 8 bits from one to the
next, by ranges that these clips show; without, linear maps alone have weights of 8 bits and measure
the range of their inputs each time, which is slower. https://onnxruntime.ai/docs/performance/
model-optimizations/quantization.html

Softmax takes and gives full precision, and so do the scores before it: ONNX Runtime's 8-bit softmax
is ten times slower (version 1.31 on a CPU), and the large number that stands for "not seen" in a
masked score would take all of the range.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from laban.runtime import CARD

__all__ = ["kept_exact", "quantise", "quietly"]

PRODUCTS = ("MatMul", "Gemm", "Conv")
# What leads from product to product, so that nothing is turned back on the way.
PATHS = (
    *("Add", "Mul", "Relu", "LeakyRelu", "Clip", "Concat", "Split", "Slice", "Gather", "Pad"),
    *("Transpose", "Reshape", "Squeeze", "Unsqueeze", "Expand"),
)

Feeds = Mapping[str, np.ndarray]


def quantise(path: Path, out: Path, facts: dict[str, Any], feeds: Sequence[Feeds] = ()) -> None:
    """Writes an ONNX file in 8 bits beside one in 32.

    Args:
        path: The file in 32 bits.
        out: The file to write.
        facts: The run's card, for the file's metadata.
        feeds: Inputs of the network by name, some batches of clips; none: inputs are measured at
            run time.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory() as folder, quietly():
        model = _folded(path, Path(folder) / "folded.onnx")
        if feeds:
            _quantise_static(model, out, feeds)
        else:
            maps = ["MatMul"]
            quantize_dynamic(model, out, weight_type=QuantType.QInt8, op_types_to_quantize=maps)
    model = onnx.load(out)
    del model.metadata_props[:]
    model.metadata_props.add(key=CARD, value=json.dumps(facts))
    onnx.save(model, out)


def kept_exact(model: Any) -> list[str]:
    """ONNX model -> names of the nodes from a product to a softmax, the product included."""
    made = {name: node for node in model.graph.node for name in node.output}
    ways = [node for node in model.graph.node if node.op_type == "Softmax"]
    found: dict[str, None] = {}
    while ways:
        for name in ways.pop().input:
            node = made.get(name)
            if node is None or node.name in found:
                continue
            found[node.name] = None
            if node.op_type not in PRODUCTS:
                ways.append(node)
    return list(found)


def _quantise_static(model: Any, out: Path, feeds: Sequence[Feeds]) -> None:
    """Writes the model with the ranges that the feeds show."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType
    from onnxruntime.quantization import quantize_static as quantize

    class Reader(CalibrationDataReader):
        rows = iter(feeds)

        def get_next(self) -> Feeds | None:
            return next(self.rows, None)

    # A graph's maps stand on the left of their products, where each channel's own scale is unknown.
    constants = {tensor.name for tensor in model.graph.initializer}
    left = {n.input[0] for n in model.graph.node if n.op_type == "MatMul"} & constants
    quantize(
        model,
        out,
        Reader(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=[*PRODUCTS, *PATHS],
        nodes_to_exclude=kept_exact(model),
        extra_options={
            "TensorQuantOverrides": {name: [{"quant_type": QuantType.QUInt8}] for name in left}
        },
    )


def _folded(path: Path, place: Path) -> Any:
    """The model with what hangs on no input computed, such as batch normalisation in weights."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(place)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    model = onnx.load(place)
    del model.graph.value_info[:]  # the shapes of the linear maps that are about to be turned
    return model


@contextmanager
def quietly() -> Iterator[None]:
    """Without the remarks of exporters and quantisers about themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
