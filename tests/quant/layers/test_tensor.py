import pytest
import torch

from threefold.quant import QuantTensor


@pytest.mark.parametrize(
    ("shape", "scale", "shift", "first", "last"),
    [
        ((2, 3), torch.tensor(2.0), torch.tensor(1.0), 3.0, 3.0),
        ((2, 3), torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.0, 0.0, -1.0]), 1.0, 3.0),
        ((2, 3, 4, 5), torch.tensor([1.0, 2.0, 4.0]), torch.tensor(0.0), 1.0, 4.0),
    ],
)
def test_value_is_affine_in_the_codes_of_each_channel(shape, scale, shift, first, last):
    value = QuantTensor(torch.ones(shape), scale, shift).value
    assert value.shape == shape
    assert (value[:, 0] == first).all()
    assert (value[:, -1] == last).all()
