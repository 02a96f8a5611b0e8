"""Bursts: what a controller of an SDRAM is asked for."""

from amaranth.hdl import Shape, unsigned
from amaranth.lib import data, enum, stream

from threefold.boards.sdram import SDRAM

__all__ = ["BURST", "Access", "address_bits", "burst_requests"]

BURST = 8
"""Words of a burst."""


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

    Bursts with consecutive numbers fill a row of a bank, then one of the next bank. Words that are
    written come with the request, the first at index 0; a refresh has neither number nor words.

    Parameters
    ----------
    sdram : SDRAM
    """
    word: Shape = unsigned(sdram.bits)
    layout = {
        "access": Access,
        "burst": address_bits(sdram),
        "words": data.ArrayLayout(word, BURST),
    }
    return stream.Signature(data.StructLayout(layout))
