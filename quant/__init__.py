"""Training in PyTorch: layers that are ternary, and networks of exact integers out of them."""

from .config import PRESETS, TrainConfig
from .data import DATASETS, Dataset, digit_maps, digits, load_dataset, mnist
from .export import export
from .join import Concat, Residual
from .kit import Kit
from .models import NETWORKS, Model, lenet, mlp
from .norm import Norm
from .pool import MaxPool, SumPool
from .quantize import Quantize, QuantizeLike
from .shape import Flatten, PadChannels
from .tensor import QuantTensor
from .ternary import TernaryConv, TernaryLinear
from .threshold import search
from .trace import require_equal, trace
from .train import accuracy, build, train
from .twin import FloatConv, FloatLinear, Relu, Rescale
from .weight import ternarize

__all__ = [
    "DATASETS",
    "NETWORKS",
    "PRESETS",
    "Concat",
    "Dataset",
    "Flatten",
    "FloatConv",
    "FloatLinear",
    "Kit",
    "MaxPool",
    "Model",
    "Norm",
    "PadChannels",
    "QuantTensor",
    "Quantize",
    "QuantizeLike",
    "Relu",
    "Rescale",
    "Residual",
    "SumPool",
    "TernaryConv",
    "TernaryLinear",
    "TrainConfig",
    "accuracy",
    "build",
    "digit_maps",
    "digits",
    "export",
    "lenet",
    "load_dataset",
    "mlp",
    "mnist",
    "require_equal",
    "search",
    "ternarize",
    "trace",
    "train",
]
