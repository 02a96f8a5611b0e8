import re

import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.network import Codes, Integers, PadChannels, Tensor


def test_channels_are_added_on_both_sides():
    pad = PadChannels(np.int64(8), 7)
    assert pad.attributes() == {"before": 8, "after": 7}
    assert type(pad.before) is int
    assert pad.infer(Tensor((4, 5, 6), Codes.signed(4))) == Tensor((4, 5, 21), Codes.signed(4))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((-1, 1), "the number of channels before must be an integer of 0…16777216, not -1"),
        ((1, 2.0), "the number of channels after must be an integer of 0…16777216, not 2.0"),
        ((True, 1), "the number of channels before must be an integer of 0…16777216, not True"),
        ((0, 0), "padding channels needs at least 1 channel to add, not 0 and 0"),
    ],
)
def test_other_parameters_are_refused(parameters, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        PadChannels(*parameters)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (
            Tensor((1, 1, 2), Codes.bipolar()),
            "no code of codes 0…1 = -1…1 by 2 means 0, so padding has nothing to supply",
        ),
        (
            Tensor((1, 1, 2), Codes(3, 1, 1)),
            "no code of codes 0…3 = 1…4 means 0, so padding has nothing to supply",
        ),
        (
            Tensor((1, 1, 2), Integers(0, 1)),
            "padding of channels reads codes, not integers 0…1; put a Threshold before it",
        ),
        (
            Tensor((2**10, 2**10, 16), Codes(1)),
            "a tensor holds at most 16777216 elements, not 17825792",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused(tensor, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        PadChannels(0, 1).infer(tensor)
