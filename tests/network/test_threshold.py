import re

import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.network import Codes, Integers, Tensor, Threshold
from threefold.sim.golden import compute

SUMS = Tensor((3, 4, 2), Integers(-9, 9))


def test_a_threshold():
    threshold = Threshold([[-1, 0, 5], [2, 2, 2]], step=np.int64(2), offset=-3)
    assert threshold.codes == Codes(3, 2, -3)
    assert threshold.infer(SUMS) == Tensor((3, 4, 2), Codes(3, 2, -3))
    assert threshold.attributes() == {"step": 2, "offset": -3}
    assert type(threshold.step) is int


def test_thresholds_may_say_never_and_always():
    assert Threshold([[-(2**62), 2**62]]).codes == Codes(2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (([[1, 2], [2, 1]],), "thresholds of channel 1 must be in ascending order"),
        (([[2**62 + 1]],), f"thresholds must lie within ±{2**62}, not {2**62 + 1}…{2**62 + 1}"),
        (([[-(2**63), 0]],), f"thresholds must lie within ±{2**62}, not {-(2**63)}…0"),
        (([1, 2],), "thresholds must be a non-empty 2-d array, not shape (2,)"),
        (([[]],), "thresholds must be integers, not float64"),
        (([[0.5]],), "thresholds must be integers, not float64"),
        (([[1]], 0), "the step between codes must be an integer of 1…2147483647, not 0"),
        (
            (np.zeros((1, 2**16), int),),
            "the largest code must be an integer of 1…65535, not 65536",
        ),
    ],
)
def test_other_parameters_are_refused(parameters, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Threshold(*parameters)


@pytest.mark.parametrize("element", [Integers(0, 1), Codes.signed(4)], ids=str)
def test_inputs_are_integers_or_codes(element):
    assert Threshold([[1], [2]]).infer(Tensor((3, 4, 2), element)) == Tensor((3, 4, 2), Codes(1))
    message = "thresholds are given for 2 channels, but the input has 3"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        Threshold([[1], [2]]).infer(Tensor((1, 1, 3), element))


def test_identity():
    codes = Codes(3, step=2, offset=-1)
    same = Threshold.identity(codes, 2)
    assert same == Threshold([[1, 3, 5]] * 2, 2, -1)
    assert Threshold.identity(codes, 1, 4) == Threshold([[1, 3, 5]], 8, -4)
    maps = np.array([[[[0, 1]]], [[[2, 3]]]])
    assert compute(same, maps, types=[Tensor((1, 1, 2), codes)]).tolist() == maps.tolist()
