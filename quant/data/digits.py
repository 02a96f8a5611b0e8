"""Handwritten digits of scikit-learn."""

import dataclasses

import numpy as np

from threefold.errors import ToolError
from threefold.network import Codes, Tensor

from .dataset import Dataset

__all__ = ["digit_maps", "digits"]


def digits() -> Dataset:
    """Handwritten digits of 8×8 pixels, 1437 to train with and 360 held out.

    The digits bundled with scikit-learn (UCI, Alpaydin and Kaynak 1998), whose pixels are
    0…16. They are clipped to 0…15 so that an input code takes four bits instead of five;
    validation accuracy is not lower for it. 36 images of each digit are held out: the first of
    a permutation by NumPy's frozen ``RandomState(0)``.

    Raises
    ------
    ToolError
        If scikit-learn is missing.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ToolError("the digits need scikit-learn: pip install 'threefold[train]'") from None
    pixels, labels = load_digits(return_X_y=True)
    images = np.minimum(pixels, 15).astype(np.uint8).reshape(-1, 1, 1, 64)
    labels = labels.astype(np.int64)
    random = np.random.RandomState(0)
    test = np.concatenate([random.permutation(np.flatnonzero(labels == i))[:36] for i in range(10)])
    test = np.sort(test)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return Dataset(
        "digits",
        images[train],
        labels[train],
        images[test],
        labels[test],
        Tensor((1, 1, 64), Codes.unsigned(4)),
    )


def digit_maps() -> Dataset:
    """The same digits and split as :func:`digits`, as maps of 8×8 pixels."""
    return _reshaped(digits(), (8, 8, 1))


def _reshaped(dataset: Dataset, shape: tuple[int, int, int]) -> Dataset:
    return dataclasses.replace(
        dataset,
        train_images=dataset.train_images.reshape(-1, *shape),
        test_images=dataset.test_images.reshape(-1, *shape),
        input=Tensor(shape, dataset.input.element),
    )
