"""Comparison of a module with its float twin, on random images."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from threefold.errors import TrainingError

from ..models import Model
from .chain import Affine
from .failures import first_line

__all__ = ["require_same_outputs"]

_ADVICE = "use layers of torch.nn as they are, or report this as a bug"
_IMAGES = 4
_ROUNDING = 1e-3  # of the largest output; single precision is far below


def require_same_outputs(
    module: nn.Module, twin: Model, shape: Sequence[int], affine: Affine, last: nn.Module
) -> None:
    """Check that a module and its float twin agree on random images, up to rounding.

    The images are the same each time, of all codes alike. Random numbers of PyTorch go on as if
    nothing had been computed.

    Parameters
    ----------
    module : nn.Module
        In single precision, in evaluation mode and on the CPU; run twice.
    twin : Model
        Left in the mode that it is in.
    shape : sequence of int
        Of an image as the module reads it: (channels, height, width), (channels, width), or
        (elements,) in the order row, column, channel.
    affine : Affine
        What is done to each channel before the module reads it.
    last : nn.Module
        What the module does to the logits of the twin, such as a softmax.

    Raises
    ------
    TrainingError
        If the module fails, is random, gives outputs that are not finite, or differs from the
        twin by more than a thousandth of its largest output.
    """
    name = type(module).__name__
    generator = torch.Generator().manual_seed(0)
    size = (_IMAGES, *twin.input.shape)
    images = torch.randint(twin.input.codes.max_code + 1, size, generator=generator)
    training = twin.training
    with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(0)
        twin.eval()
        read = _read(twin.read(images).value, shape, affine)
        value = last(twin(images).value)
        twin.train(training)
        try:
            first, second = (module(read.clone()).flatten(1) for _ in range(2))
        except Exception as error:  # whatever the code of the module raises
            raise TrainingError(f"{name} fails on {_IMAGES} images: {first_line(error)}") from None
    if not first.isfinite().all():
        raise TrainingError(f"{name} gives outputs that are not finite; train the module again")
    if not torch.equal(first, second):
        raise TrainingError(
            f"{name} gives different outputs for the same input; leave out what is random, and "
            f"give functional.dropout training=self.training"
        )
    if first.shape != value.shape:
        made, wanted = ("×".join(map(str, each.shape)) for each in (first, value))
        raise TrainingError(
            f"{name} gives outputs of {made} for {_IMAGES} images, not {wanted}; let its forward "
            f"take batches of any size"
        )
    off, largest = float((value - first).abs().max()), float(first.abs().max())
    if not off <= _ROUNDING * largest:
        raise TrainingError(
            f"{name} does not compute what its layers do: outputs of up to {largest:.3g} differ "
            f"by up to {off:.3g}; {_ADVICE}"
        )


def _read(values: Tensor, shape: Sequence[int], affine: Affine) -> Tensor:
    """What the module reads, of values (images, channels, height, width)."""
    gain, shift = (each[:, None, None] for each in (affine.gain, affine.shift))
    values = (values * gain + shift).float()
    if len(shape) == 1:
        values = values.permute(0, 2, 3, 1)
    return values.reshape(len(values), *shape)
