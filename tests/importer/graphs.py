"""QONNX graphs, built node by node."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["Graph", "make"]

DOMAIN = "qonnx.custom_op.general"


class Graph:
    """A graph in the making; every method adds a node behind the last one, or behind ``at``."""

    def __init__(self, *shape, name="x"):
        self.input = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        self.nodes, self.stored, self.at = [], [], name

    def constant(self, value, dtype=np.float32):
        name = f"c{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(self, kind, *more, of=None, outputs=1, domain="", **attributes):
        """A node that reads what is before it, and the tensors ``more``."""
        index = len(self.nodes)
        made = [f"t{index}", *(f"t{index}_{n}" for n in range(1, outputs))]
        first = [self.at] if of is None else of
        self.nodes.append(
            helper.make_node(
                kind, [*first, *more], made, name=f"{kind}_{index}", domain=domain, **attributes
            )
        )
        self.at = made[0]
        return self

    def quant(self, scale=1.0, bits=4, zero=0.0, signed=0, narrow=0, mode="ROUND", of=None):
        numbers = [self.constant(each) for each in (scale, zero, bits)]
        return self.node(
            "Quant",
            *numbers,
            domain=DOMAIN,
            signed=signed,
            narrow=narrow,
            rounding_mode=mode,
            of=of,
        )

    def bipolar(self, scale=1.0, of=None):
        return self.node("BipolarQuant", self.constant(scale), domain=DOMAIN, of=of)

    def multithreshold(self, thresholds, scale=1.0, bias=0.0, **more):
        return self.node(
            "MultiThreshold",
            self.constant(thresholds),
            domain=DOMAIN,
            out_scale=scale,
            out_bias=bias,
            out_dtype="FLOAT32",
            **more,
        )

    def weights(self, codes, scale=1.0, kind="plain", bits=2, narrow=1):
        """Name of a tensor of weights, of a scale for all or one that broadcasts."""
        codes, scale = np.asarray(codes, np.float32), np.asarray(scale, np.float32)
        if kind == "plain":
            return self.constant(codes * scale)
        at, real = self.at, self.constant(codes * scale)
        if kind == "bipolar":
            self.bipolar(scale, of=[real])
        else:
            self.quant(scale, bits=bits, signed=1, narrow=narrow, of=[real])
        made, self.at = self.at, at
        return made

    def conv(self, codes, scale=1.0, kind="plain", bias=None, **attributes):
        more = [] if bias is None else [self.constant(bias)]
        size = np.shape(codes)[2:]
        attributes = {"kernel_shape": size, **attributes}
        return self.node("Conv", self.weights(codes, scale, kind), *more, **attributes)

    def matmul(self, codes, scale=1.0, kind="plain"):
        return self.node("MatMul", self.weights(codes, scale, kind))

    def norm(self, gamma, beta, mean, var):
        constants = [self.constant(each) for each in (gamma, beta, mean, var)]
        return self.node("BatchNormalization", *constants, epsilon=0.0)

    def op(self, kind, value):
        """A step with a constant."""
        return self.node(kind, self.constant(value))

    def ints(self, kind, *values, **attributes):
        """A node whose further inputs are integers."""
        more = [self.constant(value, np.int64) for value in values]
        return self.node(kind, *more, **attributes)

    def model(self, output=None, type=TensorProto.FLOAT, opset=13):
        output = helper.make_tensor_value_info(output or self.at, type, None)
        graph = helper.make_graph(self.nodes, "net", [self.input], [output], self.stored)
        imports = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)


def make(graph, **kwargs) -> onnx.ModelProto:
    return graph.model(**kwargs) if isinstance(graph, Graph) else graph
