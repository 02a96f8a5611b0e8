"""Nodes of the source: their attributes, and how errors name them."""

from collections.abc import Iterator
from contextlib import contextmanager

import onnx
from onnx import helper

from ..archive import shorten
from ..errors import NetworkError

__all__ = [
    "CLASS",
    "COMPARISONS",
    "FOLDABLE",
    "LAST",
    "QUANTIZERS",
    "RESHAPED",
    "SAME",
    "STEPS",
    "SUPPORTED",
    "attributes",
    "describe",
    "guarded",
    "reason",
    "shown",
]

QUANTIZERS = ("Quant", "IntQuant", "BipolarQuant", "MultiThreshold", "Trunc")
COMPARISONS = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual")
STEPS = (
    "Add", "BatchNormalization", "Clip", "Div", "Elu", "HardSigmoid", "LeakyRelu", "Mul", "Relu",
    "Selu", "Sigmoid", "Softplus", "Softsign", "Sub", "Tanh",
)  # fmt: skip
SAME = ("Cast", "Dropout", "Identity")
RESHAPED = ("Flatten", "Reshape", "Squeeze", "Unsqueeze")
LAST = ("LogSoftmax", "Softmax")
CLASS = ("ArgMax", "TopK")
SUPPORTED = (
    *QUANTIZERS, *COMPARISONS, *STEPS, *SAME, *RESHAPED, *LAST, *CLASS, "AveragePool", "Concat",
    "Conv", "DequantizeLinear", "Gemm", "GlobalAveragePool", "MatMul", "MaxPool", "Not", "Pad",
    "QuantizeLinear", "ReduceMean", "Sign", "Transpose", "Where",
)  # fmt: skip
FOLDABLE = (
    *QUANTIZERS, *COMPARISONS, *STEPS, "Abs", "Cast", "Ceil", "Concat", "Constant",
    "ConstantOfShape", "DequantizeLinear", "Equal", "Exp", "Expand", "Flatten", "Floor", "Gather",
    "Identity", "Log", "MatMul", "Max", "Min", "Neg", "Not", "Pow", "QuantizeLinear", "Range",
    "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape",
    "Round", "Shape", "Sign", "Size", "Slice", "Sqrt", "Squeeze", "Tile", "Transpose", "Unsqueeze",
    "Where",
)  # fmt: skip
"""What may compute constants, among them the shapes of others."""


def describe(node: onnx.NodeProto) -> str:
    """A node in an error."""
    kind = node.op_type if node.op_type.isidentifier() else shorten(node.op_type)
    return f"{kind} {shorten(node.name)}"


def shown(name: str) -> str:
    """A name from an untrusted file, as it is if short and printable."""
    return name if name.isprintable() and len(name) <= 80 else shorten(name)


def attributes(node: onnx.NodeProto) -> dict:
    """Attributes of a node by name, texts as str."""
    values = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def reason(error: Exception) -> str:
    """First line of a library's message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Context in which untrusted attributes may be of any type and size."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise NetworkError(
            f"{what} has attributes or inputs that do not go together; export it again"
        ) from None
