import re

import pytest

from threefold.errors import TrainingError
from threefold.quant.layers.window import four, pair


def test_short_forms_are_written_out():
    assert pair(3, "a kernel") == (3, 3)
    assert pair([1, 5], "a kernel") == (1, 5)
    assert four(1, "padding") == (1, 1, 1, 1)
    assert four((2, 0), "padding") == (2, 0, 2, 0)
    assert four((0, 1, 2, 3), "padding") == (0, 1, 2, 3)


@pytest.mark.parametrize("value", [0, (3, 0), (1, 2, 3), 2.0, "33", (1, 2.0), None])
def test_a_pair_that_is_none(value):
    message = f"a kernel must be 1 or 2 integers of 1 or more, not {value!r}"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        pair(value, "a kernel")


@pytest.mark.parametrize("value", [-1, (0, -1), (1, 2, 3), 0.5])
def test_four_that_are_none(value):
    message = f"padding must be 1 or 2 or 4 integers of 0 or more, not {value!r}"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        four(value, "padding")
