"""Serial line parameters, shared by board and host, and what the line can keep up with."""

from threefold.errors import PlanError
from threefold.plan import Ports

from .uart import divisor

__all__ = [
    "ADDRESS_BITS",
    "BAUD",
    "BYTE_BITS",
    "CODE_BITS",
    "FIFO_BYTES",
    "IMAGES",
    "RECORD_BITS",
    "frame_bytes",
    "window",
]

BAUD = 115200
"""Bits a second, unless another rate is asked for."""

BYTE_BITS = 10
"""Bits on the line for a byte: a start bit, 8 bits of data and a stop bit."""

CODE_BITS = 8
"""Most bits of an input code, which takes one byte."""

ADDRESS_BITS, RECORD_BITS = 9, 6
"""Widths of the addresses of all bytes that a board keeps, one block RAM, and of those that are
records of images in flight."""

IMAGES = 2**RECORD_BITS // 3
"""Images in flight at most: a record has a sequence number of 2 bytes and a verdict."""

FIFO_BYTES = 2**ADDRESS_BITS - 2**RECORD_BITS
"""Bytes that may wait for the accelerator."""

_HEADER, _CRC, _FLAG = 3, 4, 1
_VALUE = 5  # bytes of a register's number and value
_ESCAPED_BITS = 7  # codes of so many bits or more may be flags and escapes


def frame_bytes(payload: int, *, escaped: int = 0) -> int:
    """Bytes of a frame on the line, between flags that frames share.

    Parameters
    ----------
    payload : int
        Bytes of its payload.
    escaped : int
        Bytes of the payload, header and CRC that take two.
    """
    return _HEADER + payload + _CRC + _FLAG + escaped


def window(ports: Ports, interval: float, clock_mhz: float, baud: int = BAUD) -> int:
    """Images that a host may have unanswered without a byte being lost, since the line never waits.

    They are :data:`IMAGES` where the accelerator and its answers are never slower than the line
    brings images, and less of them wait in the FIFO than it holds. Else they are as many as wait
    there as a whole, or a single one that enters as a whole before anything is computed.

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
        If there are none, an input code does not fit a byte, or the clock cannot make the rate.
    """
    bits, byte = ports.input.type.bits, BYTE_BITS * divisor(clock_mhz, baud)
    if bits > CODE_BITS:
        raise PlanError(
            f"the serial line of a board carries input codes of at most {CODE_BITS} bits, "
            f"not {bits}; train with a narrower input or build with --rtl-only"
        )
    size, output = ports.input.tensor.size, ports.output.tensor.size * ports.output.element_bytes
    given, answer = frame_bytes(size), _longest(output)
    waiting = interval / byte + answer + _longest(_VALUE)
    if interval <= given * byte and answer <= given and waiting <= FIFO_BYTES:
        return IMAGES
    escaped = size if bits >= _ESCAPED_BITS else 0
    kept = (FIFO_BYTES - _longest(_VALUE)) // (_longest(0) + size + escaped)
    if kept:
        return min(kept, IMAGES)
    if ports.whole:
        return 1
    if answer > given:
        raise PlanError(
            f"at {baud:,} baud the line brings an image in {given * byte:,} cycles, but its answer "
            f"of up to {answer:,} bytes takes {answer * byte:,}; build with --rtl-only"
        )
    limit = min(given, FIFO_BYTES - answer - _longest(_VALUE)) * byte
    if limit <= 0:
        raise PlanError(
            f"an answer of up to {answer:,} bytes is more than the {FIFO_BYTES} bytes that may "
            f"wait on the board have room for; build with --rtl-only"
        )
    raise PlanError(
        f"at {baud:,} baud the line brings an image every {given * byte:,} cycles, but the plan "
        f"takes one every {interval:,.0f} and {FIFO_BYTES} bytes wait meanwhile; plan with "
        f"--interval {limit} or less, or build with fewer baud"
    )


def _longest(payload: int) -> int:
    """Bytes of a frame with every byte escaped that may be, and a flag on both sides."""
    return frame_bytes(payload, escaped=_HEADER + payload + _CRC) + _FLAG
