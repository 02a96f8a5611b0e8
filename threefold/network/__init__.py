"""The `Network`: a frozen description of an exact integer computation.

It is the only thing the parts of Threefold share, and needs neither torch nor Amaranth.
"""

from .conv import Conv, Dense
from .file import load, save
from .network import INPUT, Network, Node
from .op import Op
from .output import ArgMax, Logits
from .threshold import Threshold
from .types import Codes, Integers, Tensor

__all__ = [
    "INPUT",
    "ArgMax",
    "Codes",
    "Conv",
    "Dense",
    "Integers",
    "Logits",
    "Network",
    "Node",
    "Op",
    "Tensor",
    "Threshold",
    "load",
    "save",
]
