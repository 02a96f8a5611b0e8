import numpy as np
import pytest

from threefold.errors import DataError
from threefold.quant.data.standard import standardise


def test_steps_are_of_the_examples_to_train_with():
    features = np.array([[0.0, 5], [2, 5], [1, 5], [5, 7], [-3, 5], [99, 5], [-99, 5]])
    train = np.arange(7) < 2
    codes = standardise(features, train)
    assert codes.dtype == np.uint8
    assert codes[:, 0].tolist() == [96, 160, 128, 255, 0, 255, 0]
    assert codes[:, 1].tolist() == [128, 128, 128, 192, 128, 128, 128]


def test_each_feature_is_the_last_axis():
    features = np.random.default_rng(0).normal([10, -3], [5, 0.1], (50, 7, 2)).astype(np.float16)
    values = standardise(features, np.ones(50, bool)).astype(int) - 128
    assert values.shape == (50, 7, 2)
    assert np.allclose(values.mean((0, 1)), 0, atol=0.3)
    assert np.allclose(values.std((0, 1)), 32, atol=0.5)


def test_the_order_of_examples_does_not_matter():
    features = np.random.default_rng(1).normal(size=(1000, 3)) * [1e9, 1, 1e-9]
    codes = standardise(features, np.ones(1000, bool))
    assert np.array_equal(standardise(features[::-1], np.ones(1000, bool)), codes[::-1])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers(value):
    with pytest.raises(DataError, match=r"^a feature is not finite$"):
        standardise(np.array([[1.0], [value]]), np.array([True, False]))
