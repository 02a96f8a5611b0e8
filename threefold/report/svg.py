"""SVG of Matplotlib figures, in the colours and the font of the page around it."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["COLOURS", "canvas", "to_svg"]

COLOURS = {
    "text": "#010203",
    "muted": "#010204",
    "line": "#010205",
    "track": "#010206",
    "blue": "#0173b2",
    "orange": "#de8f05",
    "green": "#029e73",
    "surface": "#010207",
}
"""Colours by meaning. In the SVG each is the CSS variable ``--<name>``, so that the page, which
may be light or dark, decides; the values here only have to be distinct."""

_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with Matplotlib: the same layout everywhere
    "font.size": 12,
    "text.color": COLOURS["text"],
    "text.parse_math": False,
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["text"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "threefold",
    "svg.image_inline": True,
}


@contextmanager
def canvas(
    width: float,
    height: float,
    *,
    left: float = 0,
    right: float = 0,
    top: float = 0,
    bottom: float = 0,
) -> Iterator[Axes]:
    """Axes of a figure of ``width`` × ``height`` pixels, with margins in pixels.

    The style holds within the block, whatever the user's own settings of Matplotlib are.
    """
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(width / 72, height / 72))
        area = (
            left / width,
            bottom / height,
            (width - left - right) / width,
            (height - top - bottom) / height,
        )
        yield figure.add_axes(area)


def to_svg(axes: Axes, name: str, title: str) -> str:
    """The figure of ``axes`` as an ``<svg>`` element for use within HTML.

    Call it within the block of :func:`canvas`. The same figure always gives the same text.

    Parameters
    ----------
    axes : Axes
    name : str
        Put before every id in the SVG, so that several of them can share a page: letters,
        digits, ``-`` and ``_``.
    title : str
        What a screen reader says, escaped already.
    """
    figure, file = axes.get_figure(root=True), io.StringIO()
    assert figure is not None  # canvas made it
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", dpi=72, metadata=nothing)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = text.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    text = text.replace("'DejaVu Sans'", "var(--font)")
    for meaning, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{meaning})")
    width, height = (72 * size for size in figure.get_size_inches())
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    return re.sub(r"<svg[^>]*>", f'<svg role="img" aria-label="{title}" {size}>', text, count=1)
