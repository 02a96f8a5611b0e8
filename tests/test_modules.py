import re
from functools import partial

import pytest
import torch
from torch import nn

from threefold.errors import NetworkError
from threefold.modules import unwrapped

COMPILE = partial(torch.compile, backend="eager")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda module: module,
        nn.DataParallel,
        COMPILE,
        lambda module: COMPILE(nn.DataParallel(module)),
        lambda module: nn.DataParallel(COMPILE(module)),
    ],
    ids=["plain", "parallel", "compiled", "compiled parallel", "parallel compiled"],
)
def test_out_of_wrappers(wrap):
    module = nn.Sequential(nn.Linear(2, 2))
    assert unwrapped(wrap(module)) is module


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_another_precision(dtype):
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    name = str(dtype).removeprefix("torch.")
    message = f"0.weight is in {name}, not in single precision; convert the module by .float()"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        unwrapped(nn.DataParallel(module.to(dtype)))
    assert unwrapped(module.float()) is module
