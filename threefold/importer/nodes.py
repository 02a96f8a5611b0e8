"""Nodes of the source: their attributes, and how errors name them."""

import onnx
from onnx import helper

from ..archive import shorten

__all__ = ["QUANTIZERS", "attributes", "describe", "reason"]

QUANTIZERS = ("Quant", "IntQuant", "BipolarQuant", "MultiThreshold", "Trunc")


def describe(node: onnx.NodeProto) -> str:
    """A node in an error."""
    return f"{node.op_type} {shorten(node.name)}"


def attributes(node: onnx.NodeProto) -> dict:
    """Attributes of a node by name, texts as str."""
    values = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def reason(error: Exception) -> str:
    """The first line of what a library says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__
