"""Bursts: what a controller of an SDRAM is asked for."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum, stream

from threefold.boards.sdram import SDRAM

__all__ = ["BURST", "PIN_CYCLES", "Access", "address_bits", "burst_requests"]

BURST = 8
"""Words of a burst."""

PIN_CYCLES = 2
"""Cycles of the registers beside the pins, on the way out and on the way in."""


class Access(enum.Enum, shape=2):
    """Kind of a request."""

    READ = 0
    WRITE = 1
    REFRESH = 2


def address_bits(sdram: SDRAM) -> int:
    """Bits of the number of a burst: its place in the row, the bank, and the row above them."""
    return (sdram.words // BURST - 1).bit_length()


def burst_requests(sdram: SDRAM) -> stream.Signature:
    """Signature of a stream of requests.

    Its payload has ``access``, the number of the ``burst`` in :func:`address_bits` bits, and the
    eight ``words`` to write, the first at index 0. Bursts with consecutive numbers fill a row of a
    bank, then one of the next bank. Words of a read, and all else of a refresh, are ignored.

    Parameters
    ----------
    sdram : SDRAM
    """
    layout = {
        "access": Access,
        "burst": address_bits(sdram),
        "words": data.ArrayLayout(unsigned(sdram.bits), BURST),
    }
    return stream.Signature(data.StructLayout(layout))
