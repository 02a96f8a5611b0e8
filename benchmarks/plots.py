"""Style of benchmark plots."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matplotlib import style
from matplotlib.figure import Figure

__all__ = ["BLUE", "GREY", "INK", "ORANGE", "PALE", "drawn", "headed"]

BLUE, PALE, ORANGE, GREY, INK = "#0173b2", "#9cc9e3", "#c8600a", "#7b8792", "#1d252c"

_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 12,
    "svg.fonttype": "path",
    "svg.hashsalt": "threefold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa3ad",
    "axes.labelcolor": "#3b444d",
    "xtick.color": "#3b444d",
    "ytick.color": "#3b444d",
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
}


@contextmanager
def drawn(file: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of that many inches, written to ``file`` when the block ends.

    The same figures give the same bytes.
    """
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(width, height))
        yield figure
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=100)


def headed(figure: Figure, title: str, note: str, heights: tuple[float, float]) -> None:
    """A title and a line below it, at so much of the figure's height."""
    figure.text(0.012, heights[0], title, fontsize=14, fontweight="bold", color=INK)
    figure.text(0.012, heights[1], note, color="#5b6670")
