import dataclasses

import pytest

from threefold.errors import PlanError
from threefold.hw.interfaces.serial import FIFO_BYTES, require_line
from threefold.network import Codes, Integers, Tensor

from ...accelerators import ports_of

FRAME = 10 * 260  # cycles a byte, at 30 MHz


def ports(inputs, outputs):
    """Ports of images of so many bytes, with so many outputs of two bytes."""
    made = ports_of(input=(1, 8), output=(1, -12))
    return dataclasses.replace(
        made,
        input=dataclasses.replace(made.input, tensor=Tensor((1, 1, inputs), Codes.unsigned(8))),
        output=dataclasses.replace(made.output, tensor=Tensor((1, 1, outputs), Integers(-9, 9))),
    )


@pytest.mark.parametrize(
    ("inputs", "outputs", "interval"),
    [
        (FIFO_BYTES, 10_000, 1e9),
        (FIFO_BYTES + 1, 1, (FIFO_BYTES + 1) * FRAME),
        (784, 392, 784 * FRAME),
    ],
)
def test_what_the_line_keeps_up_with(inputs, outputs, interval):
    require_line(ports(inputs, outputs), interval, 30.0)


@pytest.mark.parametrize(
    ("inputs", "outputs", "interval", "message"),
    [
        (
            784,
            784,
            1,
            "at 115,200 baud the line brings an image in 2,038,400 cycles, but its answer of "
            "1,568 bytes takes 4,076,800; build with --rtl-only",
        ),
        (
            784,
            392,
            784 * FRAME + 1,
            "at 115,200 baud the line brings an image every 2,038,400 cycles, but the plan takes "
            "one every 2,038,401; plan with --interval 2038400 or less",
        ),
    ],
)
def test_what_overruns(inputs, outputs, interval, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        require_line(ports(inputs, outputs), interval, 30.0)
