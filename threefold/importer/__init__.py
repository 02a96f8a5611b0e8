"""Networks trained elsewhere: QONNX graphs as networks of exact integers."""

from .brevitas import from_brevitas
from .convert import Converted, convert
from .input import Input, default_input
from .prove import Agreement, compare, source_classes
from .read import read
from .source import Source
from .weights import ternarized

__all__ = [
    "Agreement",
    "Converted",
    "Input",
    "Source",
    "compare",
    "convert",
    "default_input",
    "from_brevitas",
    "read",
    "source_classes",
    "ternarized",
]
