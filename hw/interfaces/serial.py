"""Serial line parameters, shared by board and host, and what the line can keep up with."""

from threefold.errors import PlanError
from threefold.plan import Ports

from .uart import divisor

__all__ = ["BAUD", "BYTE_BITS", "CODE_BITS", "FIFO_BYTES", "IDLE_BITS", "require_line"]

BAUD = 115200
"""Bits a second."""

BYTE_BITS = 10
"""Bits on the line for a byte: a start bit, 8 bits of data and a stop bit."""

CODE_BITS = 8
"""Most bits of an input code, which takes one byte."""

FIFO_BYTES = 512
"""Bytes that may wait for the accelerator."""

IDLE_BITS = 512
"""Bit times without a byte after which a part of an image is forgotten."""


def require_line(ports: Ports, interval: float, clock_mhz: float, baud: int = BAUD) -> None:
    """Refuse an accelerator to which a serial line brings images faster than it takes them.

    An image that fits the FIFO can wait there as a whole. Of a larger one bytes would be lost if
    the accelerator needs longer for an image, or the line for its answer, than the image takes to
    come, since the line has no flow control.

    Parameters
    ----------
    ports : Ports
        Of the accelerator.
    interval : float
        Its cycles between images.
    clock_mhz : float
        Its clock, in MHz.
    baud : int
        Bits a second.

    Raises
    ------
    PlanError
        Also if an input code does not fit a byte, or the clock cannot make the rate.
    """
    bits, frame = ports.input.type.bits, BYTE_BITS * divisor(clock_mhz, baud)
    if bits > CODE_BITS:
        raise PlanError(
            f"the serial line of a board carries input codes of at most {CODE_BITS} bits, "
            f"not {bits}; train with a narrower input or build with --rtl-only"
        )
    size, answer = ports.input.tensor.size, ports.output.tensor.size * ports.output.element_bytes
    if size <= FIFO_BYTES:
        return
    if answer > size:
        raise PlanError(
            f"at {baud:,} baud the line brings an image in {size * frame:,} cycles, but its answer "
            f"of {answer:,} bytes takes {answer * frame:,}; build with --rtl-only"
        )
    if interval > size * frame:
        raise PlanError(
            f"at {baud:,} baud the line brings an image every {size * frame:,} cycles, but the "
            f"plan takes one every {interval:,.0f}; plan with --interval {size * frame} or less"
        )
