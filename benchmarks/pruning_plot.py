"""Plot of ``pruning.py``: accuracies at equal cycles."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from plots import BLUE, GREY, INK, ORANGE, drawn, headed

__all__ = ["curve", "margins", "plot"]

_LINES = {
    "wpc": ("group lasso, clipped (WPC)", BLUE, "o"),
    "lasso": ("group lasso", ORANGE, "s"),
    "magnitude": ("no penalty", GREY, "^"),
}
_WHOLE = "none"


def curve(rows: Iterable[dict], network: str, method: str) -> list[dict]:
    """Points of a method, the network with all tiles first; by fraction, over all seeds.

    Each has ``fraction``, the mean ``interval``, and the ``mean``, ``low``est and ``high``est
    accuracy.
    """
    rows = [row for row in rows if row["network"] == network and row["method"] in (method, _WHOLE)]
    found = []
    for fraction in sorted({row["fraction"] for row in rows}):
        of_point = [row for row in rows if row["fraction"] == fraction]
        accuracies = [row["accuracy"] for row in of_point]
        found.append(
            {
                "fraction": fraction,
                "interval": float(np.mean([row["cycles"]["interval"] for row in of_point])),
                "mean": float(np.mean(accuracies)),
                "low": min(accuracies),
                "high": max(accuracies),
            }
        )
    return found


def margins(rows: Iterable[dict]) -> dict[str, dict[str, float]]:
    """Mean accuracy of wpc less that of lasso at equal cycles, by network and part of tiles.

    Where the cycles of a point are not those of lasso's, its accuracy is that between the
    neighbouring points, linearly over the logarithm of cycles; beyond its points, that of the
    nearest.
    """
    rows = list(rows)
    found: dict[str, dict[str, float]] = {}
    for network in dict.fromkeys(row["network"] for row in rows):
        ours, theirs = (curve(rows, network, method) for method in ("wpc", "lasso"))
        if len(ours) < 2 or len(theirs) < 2:
            continue
        theirs = sorted(theirs, key=lambda point: point["interval"])
        cycles = np.log([point["interval"] for point in theirs])
        accuracies = [point["mean"] for point in theirs]
        found[network] = {
            f"{point['fraction']:.0%}": round(
                point["mean"] - float(np.interp(np.log(point["interval"]), cycles, accuracies)), 6
            )
            for point in ours
            if point["fraction"]
        }
    return found


def plot(rows: Iterable[dict], file: Path) -> None:
    """Draw accuracy over the interval, a panel for each network."""
    rows = list(rows)
    networks = list(dict.fromkeys(row["network"] for row in rows))
    with drawn(file, max(7.2, 4.8 * len(networks)), 5.2) as figure:
        panels = figure.subplots(1, len(networks), squeeze=False)[0]
        for axes, network in zip(panels, networks, strict=True):
            _panel(axes, rows, network)
        panels[0].set_ylabel("accuracy of the integer network, %")
        panels[0].legend(frameon=False, loc="lower right")
        most = max(
            sum(row["method"] == _WHOLE and row["network"] == n for row in rows) for n in networks
        )
        headed(
            figure,
            "Accuracy over cycles, 0 to 90 % of the tiles pruned",
            f"mean of up to {most} seeds, shaded from lowest to highest",
            (0.945, 0.89),
        )
        figure.subplots_adjust(left=0.1, right=0.98, bottom=0.16, top=0.8)


def _panel(axes: Axes, rows: list[dict], network: str) -> None:
    axes.set_title(network, loc="left", color=INK)
    axes.set_xscale("log")
    axes.set_xlabel("cycles between images")
    axes.grid(color="#e3e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    ticks: dict[float, str] = {}
    for method, (label, color, marker) in _LINES.items():
        points = curve(rows, network, method)
        if len(points) < 2:
            continue
        x = [point["interval"] for point in points]
        mean, low, high = ([100 * p[key] for p in points] for key in ("mean", "low", "high"))
        axes.fill_between(x, low, high, color=color, alpha=0.12, linewidth=0)
        axes.plot(x, mean, color=color, marker=marker, markeredgecolor="white", label=label)
        for point in points:
            ticks.setdefault(
                point["interval"], f"{point['interval']:,.0f}\n{point['fraction']:.0%}"
            )
    shown = _apart(sorted(ticks))
    axes.set_xticks(shown, [ticks[place] for place in shown])
    axes.set_xticks((), minor=True)


def _apart(places: list[float]) -> list[float]:
    """Those that are not too close to the next for a label on a logarithmic axis; the last one."""
    least = (places[-1] / places[0]) ** 0.18
    kept: list[float] = []
    for place in reversed(places):
        if not kept or place * least <= kept[-1]:
            kept.append(place)
    return kept[::-1]
