"""Widths: passes at a narrower width of a network, for the channels alone that are used there.

The layers of a narrower width have the shapes of the whole, with weights of 0 for what the width
lacks. Filters that nothing reads are left out, and so are the channels they would have given: maps
become smaller, and a group of filters that is left out takes no cycle.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...errors import PlanError
from ..layers import Layer
from .passes import Pass, input_of, passes_of, source_of

__all__ = ["NEVER", "narrower_passes", "require_one_width"]

NEVER = 2**60
"""Magnitude of thresholds that no sum comes near."""


def narrower_passes(layers: Sequence[Layer]) -> tuple[tuple[Pass, ...], ...]:
    """The passes of some layers at each narrower width, each with as many filters as others read.

    What enters and what leaves has all channels, for others give and read them.

    Parameters
    ----------
    layers : sequence of Layer
        That read one stream and each other.

    Raises
    ------
    PlanError
        If there is a layer that no array computes.
    """
    source, (_, _, channels) = source_of(layers), input_of(layers).shape
    widths = range(1, 1 + max(len(layer.widths) for layer in layers))
    made = (passes_of([layer.at(width) for layer in layers]) for width in widths)
    return tuple(_narrowed(passes, source, channels) for passes in made)


def _narrowed(passes: Sequence[Pass], source: str, channels: int) -> tuple[Pass, ...]:
    """The passes in the shapes of the whole without filters that nothing reads.

    ``channels`` are those of the map that enters.
    """
    needed = {each.stream: 1 for each in passes}
    needed |= {source: channels, passes[-1].stream: passes[-1].shape[2]}
    before: dict[str, int] = {}
    while needed != before:
        before = dict(needed)
        for each in reversed(passes):
            # Maps that a pass reads together are alike, and so is one written over another, and one
            # of largest codes.
            same = each.elementwise or each.weights is None
            alike = [*each.sources, each.stream] if same else each.sources
            count = max(_read(each, needed[each.stream]), *(needed[name] for name in alike))
            needed |= dict.fromkeys(alike, count)
    return tuple(_part(each, needed[each.stream], needed[each.sources[0]]) for each in passes)


def require_one_width(layers: Sequence[Layer]) -> None:
    """Raise if layers are computed at several widths of the network.

    Raises
    ------
    PlanError
    """
    if widths := max(len(layer.widths) for layer in layers):
        raise PlanError(
            f"beside an array that is loadable one width of the network is computed, not "
            f"{1 + widths}; leave out --width, or --loadable"
        )


def _read(each: Pass, filters: int) -> int:
    """Channels up to the last that some of the first filters read; at least 1."""
    if each.weights is None:
        return filters
    used = np.flatnonzero(each.weights[:, :filters].any(axis=(0, 1, 2, 3)))
    return int(used[-1]) + 1 if len(used) else 1


def _settled(thresholds: np.ndarray, weights: np.ndarray | None, sums: np.ndarray) -> np.ndarray:
    """Thresholds, those of filters without a weight out of reach of any sum, or within that of all.

    So it does not matter what a row of weights that several widths share has for such a filter.
    """
    if weights is None:
        return thresholds
    there = np.asarray(weights.any(axis=(0, 2, 3, 4)))
    reached = np.where(sums[:, None] >= thresholds, -NEVER, NEVER)
    return np.where(there[:, None], thresholds, reached)


def _part(each: Pass, filters: int, channels: int) -> Pass:
    """A pass with its first filters and channels."""
    own = slice(filters)
    weights = None if each.weights is None else each.weights[:, own, :, :, :channels]
    thresholds = each.thresholds
    if thresholds is not None and len(thresholds) > 1:
        thresholds = _settled(thresholds[own], weights, each.surplus[own])
        if np.all(thresholds == thresholds[:1]):
            thresholds = thresholds[:1]
    return replace(
        each,
        window=replace(each.window, shape=(*each.window.shape[:2], channels)),
        weights=weights,
        thresholds=thresholds,
        offsets=None if each.offsets is None else each.offsets[own],
        surplus=each.surplus[own],
    )
