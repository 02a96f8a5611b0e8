"""Timing diagrams: levels and values of signals, cycle by cycle."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["draw_waves"]

_INK, _LINE, _MOVES = "#1d252c", "#0173b2", "#9cc9e3"
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "svg.fonttype": "path",
    "svg.hashsalt": "threefold",
}
_SLOPE = 0.06  # cycles that an edge takes
_ROW = 1.2  # from one signal to the one above it


def draw_waves(
    file: Path, signals: dict[str, Sequence], *, marked: Collection[int], mark: str
) -> None:
    """Write a diagram of some signals, and the clock above them.

    Parameters
    ----------
    file : Path
    signals : dict of str to sequence
        For each cycle a level, 0 or 1, or a text, which is None where the value means nothing; by
        name, from the top.
    marked : collection of int
        Cycles that are shaded.
    mark : str
        What is written above them.
    """
    cycles = len(next(iter(signals.values())))
    top = _ROW * len(signals) + 1.4
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(9, 0.7 + 0.44 * top))
        height = 1 - 0.46 / figure.get_figheight()
        axes = figure.add_axes((0.12, 0.04, 0.87, height))
        axes.set(xlim=(0, cycles), ylim=(-0.2, top))
        axes.axis("off")
        for cycle in marked:
            axes.axvspan(cycle, cycle + 1, color=_MOVES, alpha=0.45, lw=0)
            axes.text(cycle + 0.5, top + 0.1, mark, ha="center", color=_INK)
        for row, (name, wave) in enumerate(reversed(signals.items())):
            is_level = all(value in (0, 1) for value in wave)
            (_level if is_level else _bus)(axes, row * _ROW, name, wave)
        clock = [level for _ in range(cycles) for level in (1, 0)]
        _level(axes, top - 1.3, "clk", clock, length=0.5)
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=100)


def _level(axes: Axes, low: float, name: str, levels, length: float = 1.0) -> None:
    """A signal of one bit, whose levels last so many cycles each."""
    places, values = [], []
    for index, level in enumerate(levels):
        places += [index * length + _SLOPE / 2, (index + 1) * length - _SLOPE / 2]
        values += [low + 0.8 * level] * 2
    axes.plot([0, *places[1:]], values, color=_LINE, lw=1.6)
    axes.text(-0.12, low + 0.4, name, ha="right", va="center", color=_INK)


def _bus(axes: Axes, low: float, name: str, texts) -> None:
    """A signal of several bits; a text that goes on is one value."""
    edges = [0, *(at + 1 for at, (a, b) in enumerate(pairwise(texts)) if a != b), len(texts)]
    for begin, end in pairwise(edges):
        outline = [(begin, 0.4), (begin + _SLOPE, 0.8), (end - _SLOPE, 0.8), (end, 0.4)]
        outline += [(end - _SLOPE, 0.0), (begin + _SLOPE, 0.0), (begin, 0.4)]
        across, up = zip(*outline, strict=True)
        known = texts[begin] is not None
        heights = [low + height for height in up]
        axes.fill(across, heights, fc="white" if known else "#d5dae0", ec=_LINE, lw=1.4)
        if known:
            axes.text((begin + end) / 2, low + 0.4, texts[begin], ha="center", va="center")
    axes.text(-0.12, low + 0.4, name, ha="right", va="center", color=_INK)
