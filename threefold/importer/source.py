"""Source graph of an import, with its own executor."""

import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from qonnx.core.execute_custom_node import execute_custom_node
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from ..errors import NetworkError
from .nodes import QUANTIZERS, attributes, describe, reason
from .prepare import MOST_ELEMENTS, MOST_NODES, prepared, require_small

__all__ = ["Source"]

_QUIET = 4  # errors of onnxruntime are raised; nothing else of it is for users
_ROUNDS = 32  # shapes that are computed from shapes that are computed

onnxruntime.set_default_logger_severity(_QUIET)


class Source:
    """A QONNX graph with shapes for one image, its constants computed.

    Parameters
    ----------
    model : onnx.ModelProto
        In topological order, with one input and one output.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
        In topological order, without those that the output does not need, or that do not depend
        on the input.
    input, output : str
        Names of tensors.
    annotation : str
        Type of the input's numbers, such as ``"UINT8"``, as FINN and qonnx state it; mostly empty.
    quantized : bool
        Whether it has a quantizer, of weights or of activations.

    Raises
    ------
    NetworkError
        If there are several inputs or outputs, control flow, unknown operators, or constants that
        are too large.
    """

    def __init__(self, model: onnx.ModelProto):
        self._stated = _stated_batch(model)
        self.annotation = _annotation(model)
        model = prepared(model)
        self._constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._makers: dict[str, onnx.NodeProto] = {}
        self._computed = 0
        self.input, self.output = model.graph.input[0].name, model.graph.output[0].name
        self.model = ModelWrapper(model)
        kinds = {node.op_type for node in model.graph.node}
        self.quantized = not kinds.isdisjoint((*QUANTIZERS, "DequantizeLinear"))
        self._fold()
        if (count := len(self.model.graph.node)) > MOST_NODES:
            raise NetworkError(
                f"the graph has {count:,} nodes beside constants; networks for small FPGAs have at "
                f"most {MOST_NODES:,}"
            )
        self._infer_shapes()
        for _ in range(_ROUNDS):
            if not self._fold():
                break
            self._infer_shapes()
        self.nodes = list(self.model.graph.node)
        self._settle_layouts()
        if not self.nodes:
            raise NetworkError("the output of the graph does not depend on its input")

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Shape of a tensor for one image."""
        shape = self.model.get_tensor_shape(tensor)
        if not shape or min(shape) < 1:
            raise NetworkError(f"the shape of {tensor!r} does not follow from the graph; fix it")
        return tuple(shape)

    def constant(self, tensor: str) -> np.ndarray | None:
        """Value of a tensor that does not depend on the input, or None."""
        return self._constants.get(tensor)

    def number(self, tensor: str) -> float:
        """The first number of a constant.

        Raises
        ------
        LookupError
            If the tensor is no constant, or is empty.
        """
        return self._constants[tensor].flat[0]

    def maker(self, tensor: str) -> onnx.NodeProto | None:
        """The node that computed a constant, or None."""
        return self._makers.get(tensor)

    def consumers(self, tensor: str) -> list[onnx.NodeProto]:
        """Nodes that read a tensor."""
        return [node for node in self.nodes if tensor in node.input]

    def producer(self, tensor: str) -> onnx.NodeProto | None:
        """The node that gives a tensor, if it depends on the input of the graph."""
        return next((node for node in self.nodes if tensor in node.output), None)

    def reads(self, node: onnx.NodeProto) -> list[str]:
        """Inputs of a node that depend on the input of the graph."""
        return [name for name in node.input if name and name not in self._constants]

    def evaluate(self, node: onnx.NodeProto, values: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What a node computes from ``values`` and constants, with the source's own executor.

        Raises
        ------
        NetworkError
            If the executor refuses.
        """
        try:
            context = {
                name: values[name] if name in values else self._constants[name]
                for name in node.input
                if name
            }
            if not node.domain:
                made = self._session(node, context).run(None, context)
                return [np.asarray(each) for each in made]
            context |= dict.fromkeys(node.output)
            version = self.model.get_opset_imports()[node.domain]
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                execute_custom_node(node, context, self.model.graph, version)
            return [np.asarray(context[name]) for name in node.output if name]
        except Exception as error:  # of many types, as the graph is not trusted
            raise NetworkError(f"{describe(node)} cannot be computed: {reason(error)}") from None

    def replaced(self, constants: dict[str, np.ndarray]) -> "Source":
        """The same graph with other values of constants."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model.model)
        wrapper = ModelWrapper(model)
        for name, value in constants.items():
            wrapper.set_initializer(name, value)
        made = Source(wrapper.model)
        made.annotation, made.quantized = self.annotation, self.quantized
        return made

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """All tensors of the graph for real-valued ``images``, shape (images, …)."""
        model = self.model
        if len(images) != self.shape(self.input)[0]:
            model = _with_batch(model, len(images))
        try:
            return execute_onnx(model, {self.input: images}, return_full_exec_context=True)
        except Exception as error:
            raise NetworkError(f"the graph cannot be executed: {reason(error)}") from None

    def _fold(self) -> bool:
        """Compute the nodes that depend on constants alone; whether there were any."""
        graph, kept = self.model.graph, []
        for node in graph.node:
            if (shape := self._asked_shape(node)) is not None:
                self._constants[node.output[0]] = shape
            elif self.reads(node):
                kept.append(node)
            else:
                self._computed += require_small(self.model.model, node, self._constants)
                if self._computed > MOST_ELEMENTS:
                    raise NetworkError(
                        f"{describe(node)}: the graph computes constants of {self._computed:,} "
                        f"elements in all, which no small FPGA holds"
                    )
                outputs = [name for name in node.output if name]
                self._constants |= zip(outputs, self.evaluate(node, {}), strict=True)
                self._makers |= dict.fromkeys(outputs, node)
        if len(kept) == len(graph.node):
            return False
        kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
        del graph.node[:]
        graph.node.extend(kept)
        used = {name for node in kept for name in node.input if name in self._constants}
        stored = [numpy_helper.from_array(self._constants[name], name) for name in sorted(used)]
        del graph.initializer[:]
        graph.initializer.extend(stored)
        return True

    def _settle_layouts(self) -> None:
        """State the layout of 1-D maps whose thresholds have a row for each channel.

        Where none is stated, qonnx takes the last of 3 axes for the channels, and fails if the
        rows are those of the second; earlier versions took the second.
        """
        for node in self.nodes:
            if node.op_type != "MultiThreshold" or attributes(node).get("data_layout"):
                continue
            rows, shape = self._constants.get(node.input[1]), self.shape(node.input[0])
            if rows is not None and len(shape) == 3 and len(rows) == shape[1] != shape[2]:
                given = [each for each in node.attribute if each.name != "data_layout"]
                del node.attribute[:]
                node.attribute.extend([*given, helper.make_attribute("data_layout", "NCW")])

    def _asked_shape(self, node: onnx.NodeProto) -> np.ndarray | None:
        """What a Shape gives for one image, where that is known."""
        if node.op_type != "Shape" or len(node.input) != 1:
            return None
        (name,) = node.input
        value = self._constants.get(name)
        shape = self.model.get_tensor_shape(name) if value is None else value.shape
        if not shape or (value is None and min(shape) < 1):
            return None
        given = attributes(node)
        return np.array(shape[given.get("start", 0) : given.get("end")], np.int64)

    def _infer_shapes(self) -> None:
        try:
            self.model = _with_batch(self.model, 1, self._stated)
        except NetworkError:
            raise
        except Exception as error:
            raise NetworkError(f"shapes do not follow from the graph: {reason(error)}") from None

    def _session(
        self, node: onnx.NodeProto, values: dict[str, np.ndarray]
    ) -> onnxruntime.InferenceSession:
        """Runs ``node`` alone, on tensors of the types of ``values``, of any shape."""
        if (known := self._sessions.get(node.name)) is not None:
            return known
        types = {
            name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in values.items()
        }
        inputs = [
            helper.make_tensor_value_info(name, types[name], None)
            for name in dict.fromkeys(node.input)
            if name
        ]
        outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
        graph = helper.make_graph([node], "one_node", inputs, outputs)
        imports = [each for each in self.model.model.opset_import if not each.domain]
        one = helper.make_model(graph, opset_imports=imports, ir_version=8)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _QUIET
        options.intra_op_num_threads = 1  # more of them wait for one another
        session = onnxruntime.InferenceSession(one.SerializeToString(), options)
        self._sessions[node.name] = session
        return session


def _stated_batch(model: onnx.ModelProto) -> int:
    """Images that a graph is exported for; 1 if it does not say."""
    inputs = _inputs(model)
    dims = inputs[0].type.tensor_type.shape.dim if inputs else []
    return dims[0].dim_value if dims else 1


def _inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Inputs without those of older files, which name stored tensors as well."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return [each for each in model.graph.input if each.name not in stored]


def _annotation(model: onnx.ModelProto) -> str:
    """What is stated of the type of the first input, or nothing."""
    names = [each.name for each in _inputs(model)[:1]]
    for each in model.graph.quantization_annotation:
        entries = {entry.key: entry.value for entry in each.quant_parameter_tensor_names}
        if each.tensor_name in names and "finn_datatype" in entries:
            return entries["finn_datatype"]
    return ""


def _with_batch(model: ModelWrapper, count: int, stated: int = 1) -> ModelWrapper:
    """The same graph for ``count`` images, its shapes inferred; it was ``stated`` for as many."""
    made = onnx.ModelProto()
    made.CopyFrom(model.model)
    graph = made.graph
    graph.input[0].type.tensor_type.shape.dim[0].dim_value = count
    graph.output[0].type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    shapes = {node.input[1]: node for node in graph.node if node.op_type == "Reshape"}
    for tensor in graph.initializer:
        if tensor.name in shapes and tensor.data_type == onnx.TensorProto.INT64:
            value = numpy_helper.to_array(tensor).copy()
            if value.size:
                if value.flat[0] not in (-1, 0, 1, stated):
                    raise NetworkError(
                        f"{describe(shapes[tensor.name])} makes {value.flat[0]} of an image; leave "
                        f"the first axis as it is"
                    )
                value.flat[0] = count
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    return ModelWrapper(made).transform(InferShapes(), cleanup=False)
