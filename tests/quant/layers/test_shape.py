import pytest
import torch

from threefold.errors import TrainingError
from threefold.quant import Flatten, PadChannels, QuantTensor


def maps(*shape):
    codes = torch.arange(torch.tensor(shape).prod()).reshape(shape).float()
    return QuantTensor(codes, torch.tensor(0.5), torch.tensor(0.0))


def test_flat_maps_count_row_column_channel():
    x = maps(2, 3, 4, 5)
    y = Flatten()(x)
    assert torch.equal(y.codes, torch.stack([image.permute(1, 2, 0).ravel() for image in x.codes]))
    assert torch.equal(Flatten()(y).codes, y.codes)
    assert y.scale is x.scale


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3)])
def test_channels_of_zero(shape):
    x = maps(*shape)
    y = PadChannels(1, 2)(x).codes
    assert y.shape[1] == 6
    assert torch.equal(y[:, 1:4], x.codes)
    assert not y[:, [0, 4, 5]].any()


@pytest.mark.parametrize(("before", "after"), [(-1, 2), (0, 0)])
def test_no_channels_to_add(before, after):
    message = f"channels to add must be 0 or more and 1 in all, not {before} and {after}"
    with pytest.raises(TrainingError, match=f"^{message}$"):
        PadChannels(before, after)
