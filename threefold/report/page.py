"""Report page: self-contained HTML, without network access, scripts or fonts."""

import math
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..plan import Plan
from ..plan.summary import inventory, path, shown
from .figures import key_figures
from .plots import accuracy_plot, cycles_plot, utilization_plot, weights_plot
from .tile_map import tile_map

__all__ = ["render_page"]

_TEMPLATE = "report.html.j2"
_SIDES = ((3, 320), (8, 220), (math.inf, 145))  # pixels of the largest tile map, by layers
_MOST_MAPS = 24
_MOST_SIZES = 14  # in the line that says what flows


def render_page(report: dict, plan: Plan, files: Mapping[str, str] | None = None) -> str:
    """The page of ``report``; the same report always gives the same text.

    Parameters
    ----------
    report : dict
        What :func:`make_report` made of ``plan``.
    plan : Plan
    files : mapping of str to str, optional
        Products to point to: path relative to the page, by what it is.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    layers = report["layers"]
    by_name = {layer["name"]: layer for layer in layers}
    totals = {
        key: sum(layer[key] for layer in layers)
        for key in ("macs", "tiles", "tiles_skipped", "weight_bits_stored")
    }
    return environment.get_template(_TEMPLATE).render(
        report=report,
        shape=_shape(plan),
        inventory=_inventory(plan),
        figures=key_figures(report),
        accuracy_caption=_images(report.get("accuracy", {})),
        plots={
            "utilization": _markup(utilization_plot(report)),
            "accuracy": _markup(accuracy_plot(report)),
            "cycles": _markup(cycles_plot(report)),
            "weights": _markup(weights_plot(report)),
        },
        tile_maps=_tile_maps(layers, plan),
        steps=[(step, by_name.get(step["name"])) for step in report["steps"]],
        slowest=max(step["cycles"] for step in report["steps"]),
        size=shown,
        totals=totals,
        files=[(what, path, f"./{quote(path)}") for what, path in (files or {}).items()],
    )


def _tile_maps(layers: list[dict], plan: Plan) -> list[tuple[dict, Markup]]:
    """Maps of all layers, or of the largest if there are many."""
    side = next(side for most, side in _SIDES if len(layers) <= most)
    sizes = [max(layer["rows"], layer["columns"]) for layer in layers]
    largest = sorted(range(len(layers)), key=lambda place: -sizes[place])[:_MOST_MAPS]
    maps = []
    for place in sorted(largest):
        schedule = plan.schedules[layers[place]["name"]]
        share = max(0.5, sizes[place] / max(sizes))
        maps.append((layers[place], Markup(tile_map(schedule, side * share))))
    return maps


def _shape(plan: Plan) -> str:
    """The sizes of the data on its way through the network."""
    if _only_dense(plan):
        layers = [schedule.layer for schedule in plan.schedules.values()]
        sizes = [str(size) for size in (layers[0].columns, *(layer.rows for layer in layers))]
    else:
        sizes = [shown(shape) for shape in path(plan)]
    if len(sizes) > _MOST_SIZES:
        sizes = [*sizes[: _MOST_SIZES - 4], "…", *sizes[-3:]]
    return " → ".join(sizes)


def _inventory(plan: Plan) -> str:
    """How many steps of which kind; nothing where the sizes say it."""
    if _only_dense(plan):
        return ""
    return ", ".join(f"{count} {kind}" for kind, count in inventory(plan).items())


def _only_dense(plan: Plan) -> bool:
    return set(inventory(plan)) <= {"dense layer", "dense layers", "arg-max"}


def _images(accuracy: dict) -> str:
    """What the accuracy was measured on."""
    count = accuracy.get("images")
    text = "images" if count is None else f"{count:,} images"
    if "dataset" in accuracy:
        text += f" of {accuracy['dataset']}"
    simulated = accuracy.get("rtl_images", count)
    return text if simulated == count else f"{text}; {simulated:,} of them in hardware"


def _markup(svg: str | None) -> Markup | None:
    return None if svg is None else Markup(svg)
