"""Training in PyTorch: layers that are ternary, and networks of exact integers out of them."""

from .config import PRESETS, TrainConfig
from .data import DATASETS, Dataset, digits
from .export import export
from .linear import TernaryLinear
from .models import Model, mlp
from .norm import Norm
from .quantize import Quantize
from .tensor import QuantTensor
from .threshold import search
from .trace import require_equal, trace
from .train import accuracy, build, train
from .twin import FloatLinear, Relu
from .weight import ternarize

__all__ = [
    "DATASETS",
    "PRESETS",
    "Dataset",
    "FloatLinear",
    "Model",
    "Norm",
    "QuantTensor",
    "Quantize",
    "Relu",
    "TernaryLinear",
    "TrainConfig",
    "accuracy",
    "build",
    "digits",
    "export",
    "mlp",
    "require_equal",
    "search",
    "ternarize",
    "trace",
    "train",
]
