"""DS-CNN, the depthwise separable network of keyword spotting."""

from collections.abc import Sequence

from threefold.errors import TrainingError
from threefold.network import Tensor

from ..layers import SumPool
from .kit import Kit
from .model import Model, require_outputs

__all__ = ["ds_cnn"]

_PADDING = (4, 1, 5, 1)  # half as many pixels of 49×10, rounded up


def ds_cnn(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    kit: Kit,
) -> Model:
    """A 10×4 convolution with a stride of 2, then depthwise and pointwise pairs, and the average.

    Zhang, Suda, Lai, Chandra, "Hello Edge: keyword spotting on microcontrollers", 2017, in the
    shape of MLPerf Tiny (Banbury et al., NeurIPS 2021): 64 filters in every layer, four pairs,
    and images of 49 times and 10 coefficients, which the first layer makes 25×5. There is no
    dropout.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Filters of the first convolution, then of the pointwise one of each pair.
    classes, kit
        As for :func:`mlp`.

    Raises
    ------
    TrainingError
        If there are no widths, one is not positive, or images have one column.
    """
    require_outputs([*widths, classes])
    if not widths:
        raise TrainingError("a DS-CNN has at least 1 width, not []")
    if input.shape[1] < 2:
        raise TrainingError(f"a DS-CNN reads images of at least 2 columns, not {input}")
    channels = widths[0]
    layers = kit.active(kit.conv(input.shape[2], channels, (10, 4), stride=2, padding=_PADDING))
    for filters in widths[1:]:
        layers += kit.active(kit.conv(channels, channels, 3, padding=1, groups=channels))
        layers += kit.active(kit.conv(channels, filters, 1))
        channels = filters
    return Model(input, [*layers, SumPool(), kit.linear(channels, classes, bias=True)])
