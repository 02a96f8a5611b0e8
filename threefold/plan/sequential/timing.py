"""Cycles of passes, to the cycle: nothing in them depends on data or on a neighbour."""

from ..latency import pe_latency
from ..requantize import requantizer_latency
from .contents import Contents
from .joined import join_latency
from .tiles import PassTiles

__all__ = ["START_CYCLES", "pass_cycles", "run_cycles"]

START_CYCLES = 2
"""Cycles from the end of a pass to the first tile of the next: its descriptor, its first tile."""


def run_cycles(contents: Contents, form: str, width: int = 0) -> int:
    """Cycles from the last beat of an image that enters to the first that leaves.

    Those in which contents from outside are copied are not among them.

    Parameters
    ----------
    contents : Contents
    form : str
        Form of the searches.
    width : int
        Width of the network, 0 for the whole.
    """
    return sum(pass_cycles(contents, each, form) for each in contents.by_width[width]) + 2


def pass_cycles(contents: Contents, each: PassTiles, form: str) -> int:
    """Cycles of a pass, without those in which contents from outside are copied, or maps meanwhile.

    The results of a group are complete as many cycles after those of the group before as it has
    tiles, or as these take to become codes.
    """
    gap, (first, *_) = contents.gap(each), each.lengths
    drain = contents.drain(each)
    tiles = each.steps * sum(max(length, gap) for length in each.lengths)
    tiles -= max(first, gap) - first
    search = requantizer_latency(form, contents.code_bits)
    latency = 1 if each.work.weights is None else pe_latency(contents.bits, contents.array.simd)
    # Behind the last tile: its word, its sum, a register, its codes one after the other.
    behind = contents.reader_latency + latency + drain - contents.interval + search + 1
    if each.work.added:
        behind += join_latency(form, contents.code_bits)
    ahead = START_CYCLES
    if contents.array.copies and not contents.limits:
        ahead += contents.words_ahead(each) + 1  # the descriptor comes first
    return ahead + tiles + behind
