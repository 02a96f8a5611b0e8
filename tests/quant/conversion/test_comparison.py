import re

import pytest
import torch
from torch import nn
from torch.nn import functional

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import ternarize

MAPS = Tensor((6, 6, 2), Codes.unsigned(4))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 3))


def hooked():
    module = network()
    module.register_forward_hook(lambda module, inputs, outputs: outputs * 1.01)
    return module


def patched(change):
    """A network whose first layer does something more than a convolution."""
    module = network()
    conv = module[0]
    conv.forward = lambda x: change(conv._conv_forward(x, conv.weight, conv.bias))
    return module


class Ends(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.conv, self.shape = nn.Conv2d(2, 4, 6), shape

    def forward(self, x):
        return self.conv(x).view(*self.shape)


class Drops(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.layers, self.options = network(), options

    def forward(self, x):
        return self.layers(functional.dropout(x, **self.options))


@pytest.mark.parametrize(
    ("module", "change"),
    [(hooked(), 0.01), (patched(lambda x: x + 1), None), (patched(torch.abs), None)],
    ids=["hook", "sum", "absolute"],
)
def test_a_module_that_its_layers_do_not_tell(module, change):
    message = (
        r"Sequential does not compute what its layers do: outputs of up to ([0-9.]+) differ by up "
        r"to ([0-9.]+); use layers of torch\.nn as they are, or report this as a bug"
    )
    with pytest.raises(TrainingError, match=f"^{message}$") as error:
        ternarize(module, MAPS)
    if change:
        largest, off = map(float, re.search(message, str(error.value)).groups())
        assert off / largest == pytest.approx(change / (1 + change), rel=0.05)


def fails(x):
    if len(x) > 2:
        raise ValueError("no room.\nat all")
    return x


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            Drops(p=0.1),
            "Drops gives different outputs for the same input; leave out what is random, and give "
            "functional.dropout training=self.training",
        ),
        (patched(fails), "Sequential fails on 4 images: no room"),
        (
            patched(lambda x: x / 0.0),
            "Sequential gives outputs that are not finite; train the module again",
        ),
        (
            Ends(2, -1),
            "Ends gives outputs of 2×8 for 4 images, not 4×4; let its forward take batches of any "
            "size",
        ),
    ],
    ids=["random", "failure", "infinite", "batch"],
)
def test_modules_that_cannot_be_compared(module, message):
    before = torch.get_rng_state()
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        ternarize(module, MAPS)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("module", [Drops(training=False), Drops(p=0.0), Ends(-1, 4)])
def test_modules_that_are_what_they_look_like(module):
    before = torch.get_rng_state()
    assert ternarize(module, MAPS).training
    assert ternarize(module, MAPS, weights="float").training
    assert torch.equal(torch.get_rng_state(), before)
