"""The graph that is imported, and its own executor."""

import copy

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from qonnx.core.execute_custom_node import execute_custom_node
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import is_custom_op
from qonnx.transformation.change_batchsize import ChangeBatchSize
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.util.cleanup import cleanup_model

from ..errors import NetworkError

__all__ = ["Source", "attributes", "describe"]

_QUIET = 3  # onnxruntime warns of initializers that nothing reads


class Source:
    """A QONNX graph with shapes for one image, its constants computed.

    Parameters
    ----------
    model : onnx.ModelProto
        In topological order, with one input and one output.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
        In topological order, without those whose inputs are all constant.
    input, output : str
        Names of tensors.
    """

    def __init__(self, model: onnx.ModelProto):
        self._constants = {}
        self.model = wrapper = _cleaned(model)
        graph = wrapper.graph
        if len(graph.input) != 1 or len(graph.output) != 1:
            raise NetworkError(
                f"a network has one input and one output, not {len(graph.input)} and "
                f"{len(graph.output)}"
            )
        self.input, self.output = graph.input[0].name, graph.output[0].name
        self._constants = {i.name: wrapper.get_initializer(i.name) for i in graph.initializer}
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self.nodes = []
        for node in graph.node:
            if all(not name or name in self._constants for name in node.input):
                self._constants |= zip(node.output, self.evaluate(node, {}), strict=True)
            else:
                self.nodes.append(node)
        self._executable = self._without_constant_nodes()

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Shape of a tensor for one image."""
        shape = self.model.get_tensor_shape(tensor)
        if shape is None or 0 in shape:
            raise NetworkError(f"the shape of {tensor!r} does not follow from the graph; fix it")
        return tuple(shape)

    def constant(self, tensor: str) -> np.ndarray | None:
        """Value of a tensor that does not depend on the input, or None."""
        return self._constants.get(tensor)

    def consumers(self, tensor: str) -> list[onnx.NodeProto]:
        """Nodes that read a tensor."""
        return [node for node in self.nodes if tensor in node.input]

    def reads(self, node: onnx.NodeProto) -> list[str]:
        """Inputs of a node that depend on the input of the graph."""
        return [name for name in node.input if name and name not in self._constants]

    def evaluate(self, node: onnx.NodeProto, values: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What a node computes from ``values`` and constants, with the source's own executor."""
        context = {name: values.get(name, self._constants.get(name)) for name in node.input if name}
        if is_custom_op(node.domain, node.op_type):
            context |= dict.fromkeys(node.output)
            version = self.model.get_opset_imports().get(node.domain, 1)
            execute_custom_node(node, context, self.model.graph, version)
            return [np.asarray(context[name]) for name in node.output]
        return self._session(node).run(None, context)

    def replaced(self, constants: dict[str, np.ndarray]) -> "Source":
        """The same graph with other values of constants, whatever computed them."""
        model = copy.deepcopy(self.model.model)
        graph = model.graph
        nodes = [node for node in graph.node if not set(node.output) & set(constants)]
        del graph.node[:]
        graph.node.extend(nodes)
        wrapper = ModelWrapper(model)
        for name, value in constants.items():
            wrapper.set_initializer(name, value)
        return Source(wrapper.model)

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """All tensors of the graph for real-valued ``images``, shape (images, …)."""
        model = self._executable
        if len(images) != self.shape(self.input)[0]:
            model = _with_batch(model, len(images))
        return execute_onnx(model, {self.input: images}, return_full_exec_context=True)

    def _without_constant_nodes(self) -> ModelWrapper:
        """The graph with values in place of what does not depend on its input.

        Else each batch would compute them again, and a batch size would be put into shapes that
        have none.
        """
        wrapper = ModelWrapper(self.model.model, make_deepcopy=True)
        graph = wrapper.graph
        del graph.node[:]
        del graph.initializer[:]
        graph.node.extend(self.nodes)
        for name in dict.fromkeys(name for node in self.nodes for name in node.input):
            if name in self._constants:
                wrapper.set_initializer(name, self._constants[name])
        return wrapper

    def _session(self, node: onnx.NodeProto) -> onnxruntime.InferenceSession:
        """Runs ``node`` alone, on tensors of any shape."""
        if (known := self._sessions.get(node.output[0])) is not None:
            return known
        types = {
            name: helper.np_dtype_to_tensor_dtype(value.dtype)
            for name, value in self._constants.items()
        }
        of = lambda name: helper.make_tensor_value_info(  # noqa: E731
            name, types.get(name, onnx.TensorProto.FLOAT), None
        )
        inputs = [of(name) for name in dict.fromkeys(node.input) if name]
        outputs = [onnx.ValueInfoProto(name=name) for name in node.output]
        graph = helper.make_graph([node], "one_node", inputs, outputs)
        imports = [
            helper.make_opsetid(domain, version)
            for domain, version in self.model.get_opset_imports().items()
        ]
        one = helper.make_model(graph, opset_imports=imports, ir_version=8)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _QUIET
        options.intra_op_num_threads = 1  # more of them wait for one another
        session = onnxruntime.InferenceSession(one.SerializeToString(), options)
        self._sessions[node.output[0]] = session
        return session


def _cleaned(model: onnx.ModelProto) -> ModelWrapper:
    """The graph with shapes and tensors of single readers, its nodes named as before."""
    wrapper = ModelWrapper(model, make_deepcopy=True)
    _fix_batch(wrapper.graph)
    for node in wrapper.graph.node:
        node.doc_string = node.name
    wrapper = cleanup_model(wrapper)
    for node in wrapper.graph.node:
        node.name = node.doc_string or node.name
        node.doc_string = ""
    return wrapper


def _fix_batch(graph: onnx.GraphProto) -> None:
    """One image, where the number of images is left open."""
    constant = {each.name for each in graph.initializer}
    for value in graph.input:
        axes = value.type.tensor_type.shape.dim
        if value.name not in constant and axes and not axes[0].dim_value:
            axes[0].dim_value = 1
            del graph.value_info[:]  # shapes that follow from the open number
            for output in graph.output:
                output.type.tensor_type.ClearField("shape")


def _with_batch(model: ModelWrapper, count: int) -> ModelWrapper:
    """The same graph for ``count`` images."""
    return model.transform(ChangeBatchSize(count)).transform(InferShapes())


def describe(node: onnx.NodeProto) -> str:
    """A node in an error."""
    return f"{node.op_type} {node.name!r}"


def attributes(node: onnx.NodeProto) -> dict:
    """Attributes of a node by name, texts as str."""
    values = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in values.items()
    }
