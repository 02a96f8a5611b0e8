"""Plot of ``matrix_units.py`` and ``pareto.py``: LUTs over the cycles that a vector takes."""

from pathlib import Path

from matplotlib.axes import Axes
from plots import BLUE, GREY, INK, ORANGE, drawn, headed

from threefold.fpga import ECP5

__all__ = ["front", "plot"]

_KINDS = {
    "unrolled": (ORANGE, "^"),
    "serial": (ORANGE, "s"),
    "stationary": (BLUE, "D"),
    "engine": (GREY, "o"),
}
_PLANS = {"engines": ("engines alone", GREY, "o"), "all": ("all kinds of units", BLUE, "D")}


def front(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs of cycles and LUTs of which no other has fewer of one and no more of the other."""
    best: list[tuple[int, int]] = []
    for cycles, lut in sorted(points):
        if not best or lut < best[-1][1]:
            best.append((cycles, lut))
    return best


def plot(matrix: dict, unrolled: dict, network: dict, file: Path) -> None:
    """Two panels, from what the three scripts recorded."""
    rows = [row for row in matrix["rows"] if row["family"] == ECP5.name]
    of_kind: dict[str, list[tuple[int, int]]] = {"unrolled": [(1, unrolled["lut"])]}
    for row in rows:
        kind = row["unit"].split(",")[0]
        of_kind.setdefault(kind, []).append((row["interval"], row["lut"]))
    plans: dict[str, list[tuple[int, int]]] = {}
    for row in network["rows"]:
        plans.setdefault(row["kinds"], []).append((row["interval"], row["lut"]))
    with drawn(file, 9.6, 4.6) as figure:
        headed(
            figure,
            "LUTs and cycles",
            "ECP5, synthesised; whole accelerators, control and weights included",
            (0.94, 0.885),
        )
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.1, right=0.985, top=0.78, bottom=0.13, wspace=0.22)
        _axes(left, "A matrix of 64 × 32, 8 bits in")
        _line(left, front([each for points in of_kind.values() for each in points]))
        for kind, points in of_kind.items():
            colour, marker = _KINDS[kind]
            left.plot(*zip(*sorted(points), strict=True), marker, color=colour, label=kind)
        _axes(right, "A network of 16-64-32-32-5, as planned")
        for kinds, (title, colour, marker) in _PLANS.items():
            points = sorted(plans[kinds])
            right.plot(*zip(*points, strict=True), f"{marker}-", color=colour, label=title, lw=1.2)
        for axes in (left, right):
            axes.legend(frameon=False, fontsize=10, loc="lower left")


def _axes(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=11, color=INK, loc="left")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("cycles a vector")
    axes.set_ylabel("LUTs")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")


def _line(axes: Axes, points: list[tuple[int, int]]) -> None:
    axes.plot(*zip(*points, strict=True), color=INK, lw=0.8, ls=":")
