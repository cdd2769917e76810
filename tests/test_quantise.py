"""Files in 8 bits: what stays exact in them, and how near the others come."""

import json

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from laban.quantise import kept_exact, quantise  # noqa: E402
from laban.runtime import CARD, session_of  # noqa: E402

WIDTH = 32


def attention(folder):
    """softmax(x w (x u)^T + mask) (x v) r as a file, the mask -1e4 for the last of 6 elements."""
    draws = np.random.default_rng(0)
    names, nodes = [], []
    for name in "wuvr":
        weight = draws.normal(0, WIDTH**-0.5, (WIDTH, WIDTH)).astype(np.float32)
        names.append(numpy_helper.from_array(weight, name))
    mask = np.array([0, 0, 0, 0, 0, -1e4], np.float32)
    names.append(numpy_helper.from_array(mask, "mask"))

    def add(kind, inputs, output, **options):
        nodes.append(helper.make_node(kind, inputs, [output], name=f"of_{output}", **options))

    for name in "wuv":
        add("MatMul", ["poses", name], f"x{name}")
    add("Transpose", ["xu"], "turned", perm=[0, 2, 1])
    add("MatMul", ["xw", "turned"], "scores")
    add("Add", ["scores", "mask"], "masked")
    add("Softmax", ["masked"], "shares", axis=-1)
    add("MatMul", ["shares", "xv"], "mixed")
    add("Relu", ["mixed"], "positive")
    add("MatMul", ["positive", "r"], "y")
    kind = TensorProto.FLOAT
    ends = (
        [helper.make_tensor_value_info(name, kind, [None, 6, WIDTH])] for name in ("poses", "y")
    )
    graph = helper.make_graph(nodes, "attention", *ends, names)
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "exact.onnx")
    return folder / "exact.onnx"


def batches(count):
    draws = np.random.default_rng(1)
    return [{"poses": draws.normal(size=(8, 6, WIDTH)).astype(np.float32)} for _ in range(count)]


def test_from_the_last_product_to_a_softmax_all_stays_exact(tmp_path):
    assert set(kept_exact(onnx.load(attention(tmp_path)))) == {"of_scores", "of_masked"}


def test_products_are_of_8_bits_and_answers_near(tmp_path):
    exact, small = attention(tmp_path), tmp_path / "small.onnx"
    quantise(exact, small, {"a": 1}, batches(4))
    model = onnx.load(small)
    made = {name: node for node in model.graph.node for name in node.output}
    products = {n.name: n for n in model.graph.node if n.op_type == "MatMul"}
    turned = {
        name: all(made[i].op_type == "DequantizeLinear" for i in node.input)
        for name, node in products.items()
    }
    assert {name for name, all_of_them in turned.items() if all_of_them} >= {
        *("of_xw", "of_xu", "of_xv", "of_mixed", "of_y")
    }
    weights = [t for t in model.graph.initializer if t.data_type == TensorProto.INT8 and t.dims[1:]]
    assert len(weights) == 4
    assert json.loads(next(p.value for p in model.metadata_props if p.key == CARD)) == {"a": 1}
    inputs = batches(5)[-1]  # not among those that gave the ranges
    wanted, found = (session_of(path, 1).run(None, inputs)[0] for path in (exact, small))
    assert 0 < np.abs(wanted - found).max() < 0.05 * np.ptp(wanted)


def test_a_mask_does_not_take_the_range_of_the_scores(tmp_path):
    """Were -1e4 among 256 numbers, all that is seen would weigh the same."""
    exact, small = attention(tmp_path), tmp_path / "small.onnx"
    quantise(exact, small, {}, batches(4))
    inputs = batches(1)[0]
    wanted, found = (session_of(path, 1).run(None, inputs)[0] for path in (exact, small))
    alike = np.corrcoef((wanted - wanted.mean(1, keepdims=True)).ravel(),
                        (found - found.mean(1, keepdims=True)).ravel())[0, 1]  # fmt: skip
    assert alike > 0.99


def test_without_clips_weights_alone_are_of_8_bits(tmp_path):
    exact, small = attention(tmp_path), tmp_path / "small.onnx"
    quantise(exact, small, {})
    kinds = {node.op_type for node in onnx.load(small).graph.node}
    assert "DynamicQuantizeLinear" in kinds and "DequantizeLinear" not in kinds
    inputs = batches(1)[0]
    wanted, found = (session_of(path, 1).run(None, inputs)[0] for path in (exact, small))
    assert 0 < np.abs(wanted - found).max() < 0.05 * np.ptp(wanted)
