"""Output of an imported network: integer logits, a class, or codes."""

from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import ArgMax, Conv, Logits, Sums, Threshold
from .builder import Builder
from .edge import ALIKE, ROUNDING, Edge, mantissa
from .nodes import describe
from .ranks import ranks
from .units import MOST, common_unit

__all__ = ["class_index", "logits"]

_MOST_UNITS = 1 << 31  # that biases are apart, parts of them included
_FINEST = 1 << 12  # parts of a unit that biases are rounded to


def logits(builder: Builder, edge: Edge, node: onnx.NodeProto, *, ranked: bool = False) -> Edge:
    """Integers that are in the order of the real numbers of the output.

    Codes stay what they are. Sums get the bias that the source adds after them: in whole units,
    or, where biases are none, in the 2ᵏ-th part of one, for which the codes that the layer reads
    count in steps of 2ᵏ. Scales of classes that are whole multiples of one go into the weights.
    Whatever the sums, the order of the classes is that of the source.

    Parameters
    ----------
    builder : Builder
    edge : Edge
    node : onnx.NodeProto
        The last of the source.
    ranked : bool
        Whether the order is all that counts, and the fewest parts will do.

    Raises
    ------
    NetworkError
        If classes have different scales, and not the order alone counts, or it takes too many
        codes.
    """
    sums, codes = edge.sums, None
    if sums is None:
        edge = builder.settled(edge, node)
        if not ranked:
            return edge
        sums = _singles(edge)
        codes, edge = edge, _summed(edge, sums)
    if edge.pools:
        raise NetworkError(f"{describe(node)}: a MaxPool of real numbers at the end; quantize them")
    scales, shift, exact = _affine(builder, edge, sums, node)
    if _differ(scales) and not (ranked and sums.conv.ternary):
        edge, sums, scales, exact = _in_proportion(edge, sums, scales)
    if _differ(scales):
        return _by_rank(
            builder, codes or edge, node, replace(edge, scale=scales, shift=shift), ranked
        )
    scale = float(np.median(scales))
    if scale < 0:
        scale, sums = -scale, sums.negated(np.full(edge.channels, True))
    apart = np.ptp(shift / scale)
    if apart < _MOST_UNITS:
        parts, bias = _whole(shift / scale, ranked, exact=exact)
    if apart >= _MOST_UNITS or bias.max() >= _MOST_UNITS:
        raise NetworkError(
            f"{describe(node)}: biases of the classes are {apart:.3g} units of the sums apart and "
            f"do not fit 32 bits; leave out classes that never win"
        )
    source = edge.node
    if parts > 1:
        source = _finer(builder, edge.node, parts, node)
        builder.notes.append(
            f"biases of the classes are no whole numbers: {source}, ahead of the last layer, "
            f"counts in steps of {parts}"
        )
    layer = builder.make(edge.layer, sums.conv, source, of=node)
    name = builder.make("logits", Logits(bias), layer, of=node)
    real = replace(edge, scale=np.full(len(shift), scale), shift=shift)
    full = real.scale / parts
    return replace(
        edge,
        node=name,
        type=builder.types[name],
        scale=full,
        shift=shift - full * bias,
        sums=None,
        steps=(),
        # A bias may be far larger than those of other classes, and is rounded by more.
        tolerance=real.rounding(exact=exact) + ROUNDING * np.abs(shift),
    )


def class_index(builder: Builder, edge: Edge, node: onnx.NodeProto) -> Edge:
    """The class with the largest of the integers."""
    name = builder.make("argmax", ArgMax(), edge.node, of=node)
    return replace(
        edge,
        node=name,
        type=builder.types[name],
        scale=np.ones(1),
        shift=np.zeros(1),
        order=np.arange(1),
        is_class=True,
    )


def _singles(edge: Edge) -> Sums:
    """Sums of one code each, in the order of the source, which classes are chosen from."""
    order = np.arange(edge.channels) if edge.order is None else edge.places
    op = Conv(np.eye(edge.channels, dtype=np.int8)[order][:, None, None, :])
    return Sums(op, edge.type.codes)


def _summed(edge: Edge, sums: Sums) -> Edge:
    """Codes as the sums that :func:`_singles` makes of them."""
    order = np.arange(edge.channels) if edge.order is None else edge.places
    return replace(
        edge,
        sums=sums,
        type=sums.conv.infer(edge.type),
        scale=edge.scale[order],
        shift=edge.shift[order],
        order=None if edge.order is None else np.arange(edge.channels),
    )


def _affine(
    builder: Builder, edge: Edge, sums: Sums, node: onnx.NodeProto
) -> tuple[np.ndarray, np.ndarray, bool]:
    """The scale and the shift of each class, and whether no sum is rounded."""
    lo, hi = edge.bounds()
    lo, hi = (np.where(lo == hi, end, own) for own, end in ((lo, lo.min()), (hi, hi.max() + 1)))
    # The shift is what the source makes of 0, so that no rounding of large sums is in it.
    rows = np.stack([lo, (lo + hi) // 2, hi, 0 * lo])
    results = edge.results(builder.source, rows).astype(np.float64)
    scale = (results[2] - results[0]) / (rows[2] - rows[0])
    shift = results[3] if edge.steps else edge.shift
    largest = np.abs(results).max()
    if not np.isfinite(largest) or np.abs(results - scale * rows - shift).max() > ALIKE * largest:
        raise NetworkError(
            f"{describe(node)}: the output bends the sums of the last layer; end in the sums, and "
            f"leave the function to the host"
        )
    used = sums.conv.matrix.any(axis=1)  # a class without weights has any scale
    scale = (scale if edge.steps else edge.scale)[used]
    if not scale.any():
        raise NetworkError(f"{describe(node)}: no class depends on the image; train again")
    full = np.full(edge.channels, np.median(scale))
    full[used] = scale
    most = np.abs(rows).max()
    same = (full == full[0]).all()
    exact = same and mantissa(np.abs(full[:1]))[0] * most < 1 / ROUNDING
    return full, shift, bool(exact)


def _in_proportion(
    edge: Edge, sums: Sums, scales: np.ndarray
) -> tuple[Edge, Sums, np.ndarray, bool]:
    """Sums of one scale, of which the scales of all classes are whole multiples, if they are.

    Returns
    -------
    edge, sums, scales
        As they were, if there is no such scale, or weights would need more than 9 bits.
    exact : bool
        Whether no sum is rounded in single precision.
    """
    conv, used = sums.conv, sums.conv.matrix.any(axis=1)
    unit = common_unit(scales[used])
    if unit is None:
        return edge, sums, scales, False
    factors = np.where(used, np.rint(scales / unit), 0).astype(np.int64)
    weights = conv.weights * factors[:, None, None, None]
    if (largest := int(np.abs(weights).max())) > MOST:
        return edge, sums, scales, False
    sums = replace(sums, conv=replace(conv, weights=weights, bits=largest.bit_length() + 1))
    most = np.abs(sums.bounds()).max()
    exact = mantissa(np.array([unit]))[0] * most < 1 / ROUNDING
    return replace(edge, sums=sums), sums, np.full(len(scales), unit), bool(exact)


def _differ(scales: np.ndarray) -> bool:
    return bool((np.abs(scales - scales[0]) > ALIKE * abs(scales[0])).any())


def _by_rank(builder: Builder, edge: Edge, node: onnx.NodeProto, real: Edge, ranked: bool) -> Edge:
    """Ranks of the classes, which have the scales and shifts of ``real``."""
    if not ranked:
        raise NetworkError(
            f"{describe(node)}: classes have different scales, from {real.scale.min():g} to "
            f"{real.scale.max():g}, to which no integers are in proportion; end in the class, or "
            f"give the last layer one scale"
        )
    made = logits(builder, ranks(builder, edge, node), node, ranked=True)
    return replace(made, tolerance=real.rounding(exact=False) + ROUNDING * np.abs(real.shift))


def _whole(units: np.ndarray, ranked: bool, exact: bool = False) -> tuple[int, np.ndarray]:
    """Biases as integers: parts of a unit, and how many of them each class has.

    Sums are whole, so that of two classes the one with more whole units is larger, and the
    fractions of their biases decide between equal ones. The order of the fractions is therefore
    all that must be kept: here they become different numbers of parts in the same order. Where
    sums are rounded (not ``exact``), fractions that are nearly equal are so, but between biases of
    as many whole units, whose order is that of the source in any case.
    """
    noise = (0 if exact else 4) * ROUNDING * np.abs(units)  # of biases in single precision
    units = units - units.min()
    places = np.sort(units % 1.0)
    gaps = np.diff(places, append=places[0] + 1)
    origin = places[(gaps.argmax() + 1) % len(places)]  # behind the widest gap, splitting no group
    units = units - origin
    whole = np.floor(units + noise)
    fractions = np.maximum(units - whole, 0)
    order = np.argsort(fractions, kind="stable")
    alike = np.empty(len(units), np.int64)  # nearly equal fractions
    apart = np.diff(fractions[order]) > noise[order][1:] + noise[order][:-1]
    alike[order] = np.concatenate([[0], np.cumsum(apart)])
    groups = _ranked(alike, whole, units)
    parts = 1 << int(groups.max()).bit_length()
    offsets = groups
    if not ranked and parts > 1:
        gap = np.diff(fractions[order], append=1.0)[np.append(apart, True)]
        parts = max(parts, min(_FINEST, 1 << int(np.ceil(np.log2(1 / gap[gap > 0].min())))))
        offsets = _spread(np.rint(fractions * parts).astype(np.int64), groups, parts)
    bias = whole.astype(np.int64) * parts + offsets
    return parts, bias - bias.min()


def _ranked(alike: np.ndarray, whole: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Ranks of fractions; of nearly equal ones only those of as many whole units are told apart."""
    ranks, first = np.empty(len(alike), np.int64), 0
    finest = ROUNDING / 4 * np.abs(units).max()  # less than single precision tells apart
    for group in range(alike.max() + 1):
        most = 0
        for count in np.unique(whole[alike == group]):
            own = np.flatnonzero((alike == group) & (whole == count))
            own = own[np.argsort(units[own], kind="stable")]
            places = np.concatenate([[0], np.cumsum(np.diff(units[own]) > finest)])
            ranks[own] = first + places
            most = max(most, int(places[-1]) + 1)
        first += most
    return ranks


def _spread(offsets: np.ndarray, groups: np.ndarray, parts: int) -> np.ndarray:
    """Offsets below ``parts`` that grow from each group to the next."""
    count = int(groups.max()) + 1
    found = np.array([offsets[groups == group].min() for group in range(count)])
    found = np.maximum.accumulate(found - np.arange(count)) + np.arange(count)
    found = np.minimum(found, parts - count + np.arange(count))
    return found[groups]


def _finer(builder: Builder, source: str, parts: int, node: onnx.NodeProto) -> str:
    """The codes that the last layer reads, each ``parts`` times its value."""
    read = builder.types[source]
    same = Threshold.identity(read.codes, read.shape[2], parts)
    return builder.make("act", same, source, of=node)
