import re

import pytest
import torch
from torch.nn import functional

from threefold.errors import TrainingError
from threefold.quant import MaxPool, QuantTensor, SumPool


def maps(*shape):
    codes = torch.randint(-9, 9, shape, generator=torch.Generator().manual_seed(0)).float()
    return QuantTensor(codes.requires_grad_(), torch.tensor(0.5), torch.tensor(0.0))


def test_the_largest_of_each_window_with_padding_that_never_wins():
    x = maps(2, 3, 7, 6)
    negative = QuantTensor(x.codes - 100, x.scale, x.shift)
    y = MaxPool(3, 2, padding=1)(negative)
    assert torch.equal(y.codes, functional.max_pool2d(negative.codes, 3, 2, 1))
    assert y.scale is x.scale
    assert MaxPool((1, 3), padding=(0, 2, 0, 1))(negative).codes.shape == (2, 3, 7, 3)
    assert MaxPool((1, 3), padding=(0, 2, 0, 1))(negative).codes.isfinite().all()


def test_a_kernel_of_one_takes_a_part_of_the_pixels():
    x = maps(2, 3, 7, 6)
    assert torch.equal(MaxPool(1, 2)(x).codes, x.codes[:, :, ::2, ::2])


@pytest.mark.parametrize(("kernel", "stride"), [(2, None), ((3, 2), (1, 2)), (3, 1)])
def test_averages_are_sums_with_a_smaller_scale(kernel, stride):
    x = maps(2, 3, 7, 6)
    y = SumPool(kernel, stride)(x)
    assert torch.equal(y.codes, y.codes.round())
    assert torch.allclose(y.value, functional.avg_pool2d(x.value, kernel, stride))


def test_a_sum_over_the_whole_map():
    x = maps(2, 3, 7, 6)
    y = SumPool()(x)
    assert torch.equal(y.codes[:, :, 0, 0], x.codes.sum((2, 3)))
    assert torch.allclose(y.value[:, :, 0, 0], x.value.mean((2, 3)))
    y.value.sum().backward()
    assert torch.allclose(x.codes.grad, torch.full_like(x.codes, 0.5 / 42))


@pytest.mark.parametrize("padding", [(2, 0, 0, 0), (0, 0, 0, 3)])
def test_padding_as_large_as_the_kernel(padding):
    message = f"padding must be smaller than the 2×3 kernel, not {padding}"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        MaxPool((2, 3), padding=padding)


@pytest.mark.parametrize("pool", [MaxPool, SumPool])
def test_a_stride_of_nothing(pool):
    message = "a stride must be 1 or 2 integers of 1 or more, not 0"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        pool(2, 0)
