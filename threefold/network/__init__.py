"""The `Network`: a frozen description of an exact integer computation.

It is the only thing the parts of Threefold share, and needs neither torch nor Amaranth.
"""

from .add import Add
from .builder import Builder
from .classes import class_count, class_names
from .concat import Concat
from .conv import Conv, Dense
from .embedded import embedded
from .file import load, save
from .flatten import Flatten
from .kept import Kept
from .network import INPUT, Network, Node, is_name
from .op import Op
from .output import ArgMax, Logits
from .pad_channels import PadChannels
from .pool import MaxPool, SumPool
from .reorder import permute
from .threshold import Threshold
from .types import Codes, Integers, Tensor
from .values import Sums, Values
from .width import Width

__all__ = [
    "INPUT",
    "Add",
    "ArgMax",
    "Builder",
    "Codes",
    "Concat",
    "Conv",
    "Dense",
    "Flatten",
    "Integers",
    "Kept",
    "Logits",
    "MaxPool",
    "Network",
    "Node",
    "Op",
    "PadChannels",
    "SumPool",
    "Sums",
    "Tensor",
    "Threshold",
    "Values",
    "Width",
    "class_count",
    "class_names",
    "embedded",
    "is_name",
    "load",
    "permute",
    "save",
]
