"""Pipeline: the slots between registers in which the sums of a datapath are."""

from math import ceil

__all__ = ["graph_latency", "slot"]


def slot(level: int, levels: int) -> int:
    """Registers before a sum that so many adders lead to.

    Parameters
    ----------
    level : int
        Adders on the longest way to it, itself included; 0 for what enters.
    levels : int
        Adders between registers.
    """
    return max(0, level - 1) // levels


def graph_latency(depth: int, levels: int) -> int:
    """Cycles from a vector to its products: one for each slot.

    Parameters
    ----------
    depth : int
        Adders on the longest way.
    levels : int
        Adders between registers.
    """
    return max(1, ceil(depth / levels))
