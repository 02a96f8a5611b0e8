"""Modules of PyTorch: taken out of their wrappers, in single precision."""

import torch
from torch import nn

from .errors import NetworkError

__all__ = ["bare", "unwrapped"]


def bare(module: nn.Module) -> nn.Module:
    """The module within ``DataParallel``, ``DistributedDataParallel`` and ``torch.compile``."""
    while isinstance(inner := _inner(module), nn.Module):
        module = inner
    return module


def unwrapped(module: nn.Module) -> nn.Module:
    """The :func:`bare` module.

    Raises
    ------
    NetworkError
        If its parameters and buffers are not in single precision, which its codes are exact in.
    """
    module = bare(module)
    for key, tensor in module.state_dict().items():
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise NetworkError(
                f"{key} is in {str(tensor.dtype).removeprefix('torch.')}, not in single precision; "
                f"convert the module by .float()"
            )
    return module


def _inner(module: nn.Module) -> object:
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return module.module
    return getattr(module, "_orig_mod", None)  # of torch.compile
