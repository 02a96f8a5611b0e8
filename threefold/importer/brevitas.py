"""Brevitas modules, imported without a file between."""

import copy
import warnings

from ..errors import NetworkError, ToolError
from .source import Source

__all__ = ["from_brevitas"]


def from_brevitas(module, shape: tuple[int, ...]) -> Source:
    """The QONNX graph of a module whose layers are those of Brevitas.

    The module stays as it is: a copy of it is exported, in evaluation mode, on the CPU. Quantizers
    of 2 bits with a narrow range, as Brevitas has for weights, give ternary weights.

    Parameters
    ----------
    module : torch.nn.Module
    shape : tuple of int
        Shape of one image, as the module reads it: (channels, height, width), or (elements,).

    Raises
    ------
    ToolError
        If Brevitas, or what it exports with, is missing.
    NetworkError
        If Brevitas cannot export the module, it is not in single precision, or it takes no
        images of this shape.

    Examples
    --------
    >>> from torch import nn
    >>> from brevitas import nn as qnn
    >>> from threefold import importer
    >>> module = nn.Sequential(
    ...     qnn.QuantConv2d(1, 8, 3, bias=False, weight_bit_width=2),
    ...     nn.BatchNorm2d(8),
    ...     qnn.QuantReLU(bit_width=4),
    ...     nn.Flatten(),
    ...     qnn.QuantLinear(8 * 26 * 26, 10, bias=False, weight_bit_width=2),
    ... )
    >>> source = importer.from_brevitas(module, (1, 28, 28))
    >>> importer.convert(source, "digits").network.output.name
    'argmax1'
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Brevitas, on its own deprecated parts
            import onnxoptimizer  # noqa: F401
            import torch
            from brevitas.export import export_qonnx

            from ..modules import unwrapped
    except ImportError as error:
        missing = (error.name or "brevitas").partition(".")[0]
        raise ToolError(
            f"exporting from Brevitas needs {missing}: pip install 'threefold[brevitas]'"
        ) from None
    if not isinstance(module, torch.nn.Module):
        raise NetworkError(f"a module of PyTorch is exported, not {type(module).__name__}")
    module = unwrapped(module)
    if not isinstance(shape, tuple | list):
        raise NetworkError(f"a shape is (channels, height, width) or (elements,), not {shape!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = copy.deepcopy(module).cpu().eval()
            # The exporter that traces names nodes after their modules, so that errors do, too.
            model = export_qonnx(module, args=torch.zeros(1, *shape), dynamo=False)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise NetworkError(
            f"Brevitas cannot export the module for images of shape {tuple(shape)}: {reason}"
        ) from None
    return Source(model)
