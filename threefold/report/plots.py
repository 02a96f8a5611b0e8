"""Bar plots of a report, each an ``<svg>`` element or None where nothing was measured."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib.axes import Axes

from .inputs import RESOURCES
from .svg import COLOURS, canvas, to_svg

__all__ = ["NARROW", "WIDE", "accuracy_plot", "cycles_plot", "utilization_plot", "weights_plot"]

WIDE = 480
"""Pixels that a plot is wide on half of a page."""

NARROW = 320
"""Pixels that a plot is wide on a phone."""

_NAMES = {
    "lut": "Logic cells",
    "ff": "Flip-flops",
    "bram": "Block RAMs",
    "spram": "Single-port RAMs",
    "dsp": "DSP blocks",
}
_NEARLY_FULL = 0.9
_MANY = 24  # rows; beyond, a plot shows what matters
_PITCHES = ((12, 26), (24, 21), (math.inf, 17))  # pixels of a row, by rows
_TOP, _RIGHT, _BOTTOM = 24, 74, 2  # margins around the rows of layers, in pixels


def utilization_plot(report: dict, width: int = WIDE) -> str | None:
    """Share of each kind of resource that is used."""
    cells = report.get("utilization", {})
    rows = []
    for name in RESOURCES:
        if name in cells and cells[name]["available"]:
            used, available = cells[name]["used"], cells[name]["available"]
            share = used / available
            colour = COLOURS["orange" if share >= _NEARLY_FULL else "blue"]
            rows.append((_NAMES[name], f"{used:,} of {available:,}", share, colour))
    return _shares(rows, "utilization", "Share of each kind of resource that is used", width)


def accuracy_plot(report: dict, width: int = WIDE) -> str | None:
    """Accuracy in floating point, as exact integers and in hardware, where measured."""
    accuracy = report.get("accuracy", {})
    names = {
        "float": ("Float", "muted"),
        "integer": ("Exact integers", "blue"),
        "rtl": ("Hardware, simulated", "green"),
    }
    rows = [
        (title, "", accuracy[name], COLOURS[colour])
        for name, (title, colour) in names.items()
        if name in accuracy
    ]
    return _shares(rows, "accuracy", "Accuracy", width, digits=2)


def cycles_plot(report: dict, width: int = WIDE) -> str:
    """Cycles in which each layer works on an image, and the interval between images.

    Steps without weights are shown as well unless there are many; then only those that come
    near the interval are.
    """
    predicted = report["predicted_cycles"]["interval"]
    interval = report.get("cycles", {}).get("interval")
    label = "interval" if interval else "predicted interval"
    interval = interval or predicted
    rows = _cycle_rows(report)
    if len(rows) > _MANY:
        rows = [row for row in rows if row.weights or row.cycles * 2 >= interval]
    cycles = [row.cycles for row in rows]
    whole = [row.whole for row in rows]
    limit = 1.02 * max(*cycles, *whole, interval)
    with _layer_axes([row.name for row in rows], limit, width) as axes:
        axes.barh(range(len(rows)), whole, height=0.62, color=COLOURS["track"])
        colours = [COLOURS["orange" if count == max(cycles) else "blue"] for count in cycles]
        axes.barh(range(len(rows)), cycles, height=0.62, color=colours)
        for row, count in enumerate(cycles):
            _note(axes, row, f"{count:,}", "bold" if count == max(cycles) else "normal")
        axes.axvline(interval, color=COLOURS["text"], linewidth=1.2, linestyle=(0, (4, 3)))
        late = interval > 0.5 * limit
        axes.annotate(
            f"{label} {interval:,}",
            (interval, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3 if late else -3, 6),
            textcoords="offset points",
            ha="right" if late else "left",
        )
        return to_svg(axes, f"cycles-{width}", "Cycles of each layer")


@dataclass(frozen=True)
class _Row:
    name: str
    cycles: int
    whole: int = 0  # cycles if no tile were skipped, where tiles decide
    weights: bool = False


def _cycle_rows(report: dict) -> list[_Row]:
    layers = {layer["name"]: layer for layer in report["layers"]}
    rows = []
    for step in report["steps"]:
        layer, pixels = layers.get(step["name"]), step["output"][0] * step["output"][1]
        if layer is None:
            rows.append(_Row(step["name"], step["cycles"]))
            continue
        whole = pixels * (layer["tiles"] + layer["tiles_skipped"])
        by_tiles = layer["cycles"] == pixels * layer["tiles"]
        rows.append(_Row(layer["name"], layer["cycles"], whole if by_tiles else 0, weights=True))
    return rows


def weights_plot(report: dict, width: int = WIDE) -> str | None:
    """Shares of the weights −1, 0 and +1 in each layer."""
    layers = report["layers"]
    if not layers:
        return None
    signs = (("negative", "orange", "−1"), ("zero", "track", "0"), ("positive", "blue", "+1"))
    with _layer_axes([layer["name"] for layer in layers], 1, width) as axes:
        left = [0.0] * len(layers)
        for sign, colour, _ in signs:
            shares = [layer["weights"][sign] / sum(layer["weights"].values()) for layer in layers]
            axes.barh(range(len(layers)), shares, left=left, height=0.62, color=COLOURS[colour])
            left = [start + share for start, share in zip(left, shares, strict=True)]
        for row, layer in enumerate(layers):
            zeros = layer["weights"]["zero"] / sum(layer["weights"].values())
            _note(axes, row, f"{100 * zeros:.0f} % zero")
        for (*_, label), place, side in zip(
            signs, (0, 0.5, 1), ("left", "center", "right"), strict=True
        ):
            axes.annotate(
                label,
                (place, 1),
                xycoords="axes fraction",
                xytext=(0, 6),
                textcoords="offset points",
                ha=side,
            )
        return to_svg(axes, f"weights-{width}", "Shares of the weights −1, 0 and +1 in each layer")


@contextmanager
def _layer_axes(names: Sequence[str], limit: float, width: int) -> Iterator[Axes]:
    """A canvas with one row for each name, the first at the top."""
    names = [name if len(name) <= 19 else f"{name[:18]}…" for name in names]
    left = 14 + 7.5 * max(map(len, names))
    pitch = next(pitch for most, pitch in _PITCHES if len(names) <= most)
    height = pitch * len(names) + _TOP + _BOTTOM
    with canvas(width, height, left=left, right=_RIGHT, top=_TOP, bottom=_BOTTOM) as axes:
        axes.set_xlim(0, limit)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xticks([])
        axes.set_yticks(range(len(names)), names, ha="left")
        axes.tick_params(axis="y", pad=left - 1)
        axes.spines[:].set_visible(False)
        yield axes


def _note(axes: Axes, row: int, text: str, weight: str = "normal") -> None:
    """Text at the right end of a row."""
    axes.annotate(
        text,
        (1, row),
        xycoords=("axes fraction", "data"),
        xytext=(_RIGHT - 1, 0),
        textcoords="offset points",
        ha="right",
        va="center_baseline",
        weight=weight,
    )


def _shares(rows, name: str, title: str, width: int, digits: int = 1) -> str | None:
    """Bars from 0 to 100 %: (label, note, share, colour) each."""
    if not rows:
        return None
    pitch, bar = 48, 12
    with canvas(width, pitch * len(rows), left=1, right=1) as axes:
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(pitch * len(rows), 0)
        for index, (label, note, share, colour) in enumerate(rows):
            top = pitch * index
            axes.text(0, top + 16, label)
            axes.text(0.78, top + 16, note, ha="right", color=COLOURS["muted"])
            axes.text(
                1, top + 16, f"{100 * share:.{digits}f} %", ha="right", fontsize=13, weight="bold"
            )
            axes.barh(top + 30, 1, height=bar, color=COLOURS["track"])
            axes.barh(top + 30, min(share, 1), height=bar, color=colour)
        return to_svg(axes, f"{name}-{width}", title)
