"""Narrower networks of a training, from ratios."""

from collections.abc import Mapping, Sequence
from numbers import Real

from threefold.errors import TrainingError
from threefold.network.network import MAX_WIDTH_NAME

__all__ = ["narrower", "ratios"]

Ratio = float | tuple[float, ...]


def ratios(dynamic: Sequence) -> tuple[Ratio, ...]:
    """The same ratios with tuples for lists, as they come from JSON."""
    return tuple(tuple(each) if isinstance(each, list | tuple) else each for each in dynamic)


def narrower(widths: tuple[int, ...], dynamic: Sequence[Ratio]) -> Mapping[str, tuple[int, ...]]:
    """Widths of the narrower networks within one of ``widths``.

    Parameters
    ----------
    widths : tuple of int
        Outputs of each hidden layer.
    dynamic : sequence of float or of tuple of float
        For each narrower network the share of all layers, or one for each layer.

    Returns
    -------
    mapping of str to tuple of int
        By names after percentages, such as ``w50`` and ``w50_12p5``. Halves are rounded up, and
        no width is below 1.

    Raises
    ------
    TrainingError
        If a ratio is out of range, there is not one for each layer, or a network is as wide as
        the whole or another.
    """
    found = {}
    for ratio in dynamic:
        shares = ratio if isinstance(ratio, tuple) else (ratio,) * len(widths)
        if not shares or len(shares) != len(widths):
            raise TrainingError(
                f"a dynamic width has one ratio, or {len(widths)} as there are widths, "
                f"not {len(shares)}"
            )
        if not all(isinstance(share, Real) and 0 < share <= 1 for share in shares):
            raise TrainingError(f"ratios must be above 0 and at most 1, not {shares}")
        name = _name(ratio)
        if len(name) > MAX_WIDTH_NAME:
            raise TrainingError(
                f"names of dynamic widths have at most {MAX_WIDTH_NAME} letters, not {name}; "
                f"use round percentages"
            )
        found[name] = tuple(
            max(1, int(width * share + 0.5)) for width, share in zip(widths, shares, strict=True)
        )
    if len({widths, *found.values()}) <= len(dynamic):
        raise TrainingError(
            f"dynamic widths must differ and be narrower than the network, not {dynamic}"
        )
    return found


def _name(ratio: Ratio) -> str:
    shares = ratio if isinstance(ratio, tuple) else (ratio,)
    percent = (f"{100 * share:.2f}".rstrip("0").rstrip(".") for share in shares)
    return "w" + "_".join(each.replace(".", "p") for each in percent)
