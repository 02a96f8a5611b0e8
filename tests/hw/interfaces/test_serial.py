import dataclasses

import pytest

from threefold.errors import PlanError
from threefold.hw.interfaces.serial import FIFO_BYTES, IMAGES, window
from threefold.network import Codes, Integers, Tensor

from ...accelerators import ports_of

BYTE = 10 * 260  # cycles, at 30 MHz
FASTER = 10 * 10


def ports(inputs, outputs, bits=4, *, whole=False):
    """Ports of images of so many bytes, with so many outputs of two bytes."""
    made = ports_of(input=(1, bits), output=(1, -12))
    codes = Codes.unsigned(bits)
    return dataclasses.replace(
        made,
        whole=whole,
        input=dataclasses.replace(made.input, tensor=Tensor((1, 1, inputs), codes)),
        output=dataclasses.replace(made.output, tensor=Tensor((1, 1, outputs), Integers(-9, 9))),
    )


def test_what_fits_one_block_ram():
    assert (FIFO_BYTES, IMAGES) == (448, 21)


@pytest.mark.parametrize(
    ("accelerator", "interval", "baud", "images"),
    [
        (ports(64, 1), 72 * BYTE, 115_200, IMAGES),
        (ports(64, 1), 72 * BYTE + 1, 115_200, (448 - 26) // (16 + 64)),
        (ports(64, 1), 72 * BYTE, 3_000_000, (448 - 26) // (16 + 64)),
        (ports(64, 1), 72 * FASTER, 3_000_000, IMAGES),
        (ports(64, 1, bits=7), 1e9, 115_200, (448 - 26) // (16 + 128)),
        (ports(8, 8), 1, 115_200, (448 - 26) // (16 + 8)),  # answers are longer
        (ports(1, 1), 1e9, 115_200, IMAGES),
        (ports(784, 10), 300 * BYTE, 115_200, IMAGES),
        (ports(784, 10, whole=True), 300 * BYTE, 115_200, IMAGES),
        (ports(784, 10, whole=True), 500 * BYTE, 115_200, 1),
        (ports(784, 784, whole=True), 1, 115_200, 1),
        (ports(64, 1, whole=True), 1e9, 115_200, (448 - 26) // (16 + 64)),
    ],
)
def test_images_on_their_way(accelerator, interval, baud, images):
    assert window(accelerator, interval, 30.0, baud) == images


@pytest.mark.parametrize(
    ("accelerator", "interval", "message"),
    [
        (
            ports(784, 784),
            1,
            "at 115,200 baud the line brings an image in 2,059,200 cycles, but its answer of up to "
            "3,152 bytes takes 8,195,200; build with --rtl-only",
        ),
        (
            ports(784, 10),
            500 * BYTE,
            "at 115,200 baud the line brings an image every 2,059,200 cycles, but the plan takes "
            "one every 1,300,000 and 448 bytes wait meanwhile; plan with --interval 951600 or "
            "less, or build with fewer baud",
        ),
        (
            ports(784, 104),
            1,
            "an answer of up to 432 bytes is more than the 448 bytes that may wait on the board "
            "have room for; build with --rtl-only",
        ),
        (
            ports(64, 1, bits=9),
            1,
            "the serial line of a board carries input codes of at most 8 bits, not 9; train with a "
            "narrower input or build with --rtl-only",
        ),
    ],
)
def test_what_the_line_overruns(accelerator, interval, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        window(accelerator, interval, 30.0)
