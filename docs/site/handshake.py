"""Timing diagram of a stream's handshake, for the page on a core in your flow.

    python docs/site/handshake.py

writes ``docs/handshake.svg``, the same bytes each time.
"""

from itertools import pairwise
from pathlib import Path

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["PAYLOADS", "READY", "VALID", "draw"]

VALID = (0, 1, 1, 1, 0, 1, 1, 0)
READY = (1, 1, 0, 1, 1, 1, 1, 0)
PAYLOADS = (None, "beat 0", "beat 1", "beat 1", None, "beat 2", "beat 3", None)
"""Signals in each cycle; None where the payload means nothing."""

_INK, _LINE, _MOVES = "#1d252c", "#0173b2", "#9cc9e3"
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "svg.fonttype": "path",
    "svg.hashsalt": "threefold",
}
_SLOPE = 0.06  # cycles that an edge takes


def draw(file: Path) -> None:
    """Write the diagram; cycles in which a beat moves are shaded."""
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(9, 2.9))
        axes = figure.add_axes((0.12, 0.04, 0.87, 0.84))
        axes.set(xlim=(0, len(VALID)), ylim=(-0.2, 5.0))
        axes.axis("off")
        for cycle, (valid, ready) in enumerate(zip(VALID, READY, strict=True)):
            if valid and ready:
                axes.axvspan(cycle, cycle + 1, color=_MOVES, alpha=0.45, lw=0)
                axes.text(cycle + 0.5, 5.1, "moves", ha="center", color=_INK)
        for row, (name, wave) in enumerate((("ready", READY), ("valid", VALID))):
            _level(axes, row * 1.2, name, wave)
        _bus(axes, 2.4, "payload", PAYLOADS)
        clock = [level for _ in VALID for level in (1, 0)]
        _level(axes, 3.7, "clk", clock, length=0.5)
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


if __name__ == "__main__":
    draw(Path(__file__).parents[1] / "handshake.svg")
