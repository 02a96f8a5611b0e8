"""Preparation of exported graphs: names, domains, and refusal of what cannot be hardware."""

import math
from collections import Counter

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..archive import shorten
from ..errors import NetworkError
from .nodes import FOLDABLE, QUANTIZERS, SUPPORTED, attributes, describe, reason
from .standard import standardize

__all__ = ["MOST_ELEMENTS", "MOST_NODES", "prepared", "require_small"]

_DOMAIN = "qonnx.custom_op.general"
_MOST_IN_ALL = 4096  # nodes, of which many compute constants
MOST_NODES = 512
"""Of those that depend on the image."""
_OLDEST = 7  # of the operator sets: those before broadcast in another way
_SHAPE_LIKE = 1024  # elements of what may say how large a result is
MOST_ELEMENTS = 1 << 26
"""Of all constants that a graph computes."""
_LARGEST = 1 << 16  # of a size of windows
_SIZES = {"dilations": 1, "group": 1, "kernel_shape": 1, "pads": -_LARGEST, "strides": 1}


def prepared(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy for one image, with a name for each node, without what the output does not need.

    Raises
    ------
    NetworkError
        If it has control flow, operators of unknown domains, or not one input and one output.
    """
    if model.functions:
        raise NetworkError(
            f"the graph has a function of its own, {model.functions[0].name!r}; inline it"
        )
    if model.graph.sparse_initializer:
        raise NetworkError("the graph has sparse weights; export them as dense ones")
    made = onnx.ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    _drop_unused(graph)
    standardize(graph)
    if len(graph.node) > _MOST_IN_ALL:
        raise NetworkError(
            f"the graph has {len(graph.node):,} nodes; networks for small FPGAs have at most "
            f"{_MOST_IN_ALL:,}"
        )
    _name(graph)
    for node in graph.node:
        _require_supported(node)
    _settle_versions(made)
    _settle_ends(graph)
    return made


def require_small(model: onnx.ModelProto, node: onnx.NodeProto, constants: dict) -> int:
    """Elements of the result of constants, before it is computed.

    Raises
    ------
    NetworkError
        If its size does not follow from the graph, or is beyond any small FPGA.
    """
    kind = node.op_type
    if kind not in FOLDABLE:
        raise NetworkError(
            f"{describe(node)} of constants is not supported; export with constants folded"
        )
    inputs = [constants[name] for name in node.input if name]
    if kind in QUANTIZERS:
        try:
            sizes = [math.prod(np.broadcast_shapes(*(each.shape for each in inputs[:-1])))]
        except ValueError:
            shapes = ", ".join(str(each.shape) for each in inputs[:-1])
            raise NetworkError(f"{describe(node)}: shapes {shapes} do not go together") from None
        if kind == "MultiThreshold":
            sizes = [math.prod(each.size for each in inputs)]
    else:
        sizes = _sizes(model, node, constants)
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        raise NetworkError(
            f"{describe(node)} makes a constant of a size that does not follow from the graph; "
            f"export it with constants folded"
        )
    if (most := max(known, default=0)) > MOST_ELEMENTS:
        raise NetworkError(
            f"{describe(node)} makes a constant of {most:,} elements, which no small FPGA holds"
        )
    return most


def _sizes(model: onnx.ModelProto, node: onnx.NodeProto, constants: dict) -> list[int | None]:
    """Elements of each output, from the shapes of the inputs and the values of small ones."""
    given = {name: constants[name] for name in node.input if name}
    stored = [
        numpy_helper.from_array(value, name)
        for name, value in given.items()
        if value.size <= _SHAPE_LIKE
    ]
    inputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
        )
        for name, value in given.items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
    graph = helper.make_graph([node], "one_node", inputs, outputs, stored)
    one = helper.make_model(graph, opset_imports=model.opset_import)
    try:
        found = onnx.shape_inference.infer_shapes(one, strict_mode=True)
    except Exception as error:
        raise NetworkError(f"{describe(node)} cannot be computed: {reason(error)}") from None
    sizes = []
    for output in found.graph.output:
        kind = output.type.tensor_type
        known = kind.HasField("shape") and all(dim.HasField("dim_value") for dim in kind.shape.dim)
        sizes.append(math.prod(dim.dim_value for dim in kind.shape.dim) if known else None)
    return sizes


def _drop_unused(graph: onnx.GraphProto) -> None:
    wanted, kept = {each.name for each in graph.output}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted.update(node.input)
    if len(kept) < len(graph.node):
        del graph.node[:]
        graph.node.extend(reversed(kept))


def _name(graph: onnx.GraphProto) -> None:
    """A name of its own for each node."""
    counts = Counter(node.name for node in graph.node)
    for index, node in enumerate(graph.node):
        if not node.name or counts[node.name] > 1:
            node.name = f"{node.name or node.op_type}#{index}"


def _require_supported(node: onnx.NodeProto) -> None:
    if any(attribute.ref_attr_name for attribute in node.attribute):
        raise NetworkError(f"{describe(node)} has an attribute of a function; inline it")
    for attribute in node.attribute:
        if attribute.HasField("g") or attribute.graphs:
            raise NetworkError(
                f"{describe(node)} is control flow, which hardware does not have; export the one "
                f"path that is taken"
            )
        if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
            raise NetworkError(f"{describe(node)} has sparse weights; export them as dense ones")
    if node.op_type in QUANTIZERS:
        node.domain = _DOMAIN
    elif node.domain not in ("", "ai.onnx"):
        raise NetworkError(
            f"{describe(node)} of {node.domain!r} is not supported; export the network without it"
        )
    else:
        node.domain = ""
    if node.op_type not in (*SUPPORTED, *FOLDABLE):
        raise NetworkError(f"{describe(node)} is not supported; export the network without it")
    given = attributes(node)
    for name, least in _SIZES.items():  # libraries divide by these
        values = given.get(name, [])
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, int) or not least <= value <= _LARGEST:
                raise NetworkError(
                    f"{describe(node)}: {name} must be from {least} to {_LARGEST}, not "
                    f"{value if isinstance(value, int) else shorten(str(value))}"
                )


def _settle_versions(model: onnx.ModelProto) -> None:
    """Versions of the standard operators, and of the quantizers."""
    versions = {each.domain: each.version for each in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    newest = onnx.defs.onnx_opset_version()
    if not _OLDEST <= version <= newest:
        raise NetworkError(
            f"the graph is of opset {version}; export it with one from {_OLDEST} to {newest}"
        )
    # Before opsets of quantizers were written, the inputs told the versions of Trunc apart.
    six = any(node.op_type == "Trunc" and len(node.input) == 6 for node in model.graph.node)
    if six and versions.get(_DOMAIN, 2) < 2:
        raise NetworkError(
            f"the graph has a Trunc of 6 inputs, which is of opset 2 of {_DOMAIN}, and states 1"
        )
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", version))
    model.opset_import.append(helper.make_opsetid(_DOMAIN, versions.get(_DOMAIN, 1 + six)))


def _settle_ends(graph: onnx.GraphProto) -> None:
    """One input and one output, of one image."""
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [each for each in graph.input if each.name not in stored]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise NetworkError(
            f"a network has one input and one output, not {len(inputs)} and {len(graph.output)}"
        )
    del graph.input[:], graph.value_info[:], graph.quantization_annotation[:]
    graph.input.extend(inputs)
    kind = inputs[0].type.tensor_type
    if kind.elem_type != onnx.TensorProto.FLOAT:
        names = {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}
        name = names.get(kind.elem_type, f"type {kind.elem_type}")
        raise NetworkError(f"the input is {name}; export a network that reads float32")
    dims = graph.input[0].type.tensor_type.shape.dim
    if not dims or any(dim.dim_value < 1 for dim in dims[1:]):
        shape = [dim.dim_value or dim.dim_param or "?" for dim in dims]
        raise NetworkError(
            f"the input has shape {shape}; export with positive sizes of all axes but the first"
        )
    dims[0].dim_value = 1
    graph.output[0].type.tensor_type.ClearField("shape")
